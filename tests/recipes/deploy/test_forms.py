"""Every form of a model in one go, and the page that compares them."""

import re
from types import SimpleNamespace

import pytest

import export
from recipes.deploy import forms
from recipes.report import forms as page
from zoo.errors import InputError


def artifact(path, format, quantize, verdict="passed", **parity):
    known = {"examples": 20, "agreement": 0.998, "metric": "mIoU", "keras_metric": 0.61, "artifact_metric": 0.6}
    parity = {**known, "failures": [], "doubts": [], "verdict": verdict, "passed": True, **parity}
    made = SimpleNamespace(path=path, format=format, quantize=quantize, size=2_500_000, latency={"p50_ms": 3.25})
    made.parity, made.to_dict = parity, lambda: {"parity": parity}
    return made


def test_one_refusal_stops_no_other(tmp_path, monkeypatch):
    model = tmp_path / "net.keras"
    model.touch()

    def ship(given, format, quantize, **options):
        assert given == model and options == {"data": "shapes"}
        if (format, quantize) == ("onnx", "int8"):
            raise InputError("no <int8> here")
        made = artifact(f"net-{quantize}.{format}", format, quantize)
        if (format, quantize) == ("tflite", "int8"):
            made.parity.update(verdict="failed", failures=["mIoU fell by 0.02"])
            error = export.VerificationError.__new__(export.VerificationError)
            error.artifact = made
            raise error
        return made

    monkeypatch.setattr(forms, "ship", ship)
    artifacts, refused, path = forms.ship_all(model, data="shapes")
    ways = [(format, way) for format, all_ways in forms.QUANTIZE.items() for way in all_ways]
    assert [(one.format, one.quantize) for one in artifacts] == [way for way in ways if way != ("onnx", "int8")]
    assert refused == [{"format": "onnx", "quantize": "int8", "why": "no <int8> here"}]
    text = path.read_text()
    assert path == tmp_path / "forms.html"
    assert "no &lt;int8&gt; here" in text and "mIoU fell by 0.02" in text and "mIoU of Keras 0.6100" in text
    assert text.count("<code>") == len(artifacts) and text.count('class="verdict failed"') == 1
    with pytest.raises(InputError, match="missing.keras does not exist"):
        forms.ship_all(tmp_path / "missing.keras")


def test_a_row_says_size_speed_and_figures(tmp_path):
    made = [artifact("a.onnx", "onnx", None), artifact("b.tflite", "tflite", "int8", agreement=None, metric=None)]
    page.write(tmp_path / "forms.html", "net", made, [])
    text = (tmp_path / "forms.html").read_text()
    assert "2.5 MB" in text and "3.2 ms" in text and "99.80 %" in text and "0.6000" in text
    assert "What there is none of" not in text and not re.search(r"src=|href=|http", text)
