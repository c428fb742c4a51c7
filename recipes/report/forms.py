"""All files that a model was exported to on one page: their size, speed and likeness to Keras side by side."""

from pathlib import Path

from recipes.report.cards import verdict
from recipes.report.page import template
from recipes.report.words import file_size, number, percent
from zoo.files import replace_text


def write(path, title, artifacts, refused):
    """Writes the page.

    Args:
        path: the `.html` file; replaced in one step if it exists.
        title: the heading.
        artifacts: list of `export.Artifact`.
        refused: list of dicts of `format`, `quantize` and `why`, the forms that the model cannot have.
    Raises:
        InputError: if the file cannot be written.
    """
    first = artifacts[0].parity if artifacts else {}
    keras = f"; {first['metric']} of Keras {number(first['keras_metric'], 4)}" if first.get("metric") else ""
    page = template("forms.html").render(
        title=title,
        compared=f"Compared with Keras on {first['examples']} pictures{keras}." if first else "",
        metric=first.get("metric"),
        rows=[row(artifact) for artifact in artifacts],
        refused=refused,
    )
    replace_text(path, page)


def row(artifact):
    """Puts an artifact into the words of its row."""
    parity = artifact.parity
    return {
        "file": Path(artifact.path).name,
        "format": artifact.format,
        "quantize": artifact.quantize or "float32",
        "size": file_size(artifact.size),
        "ms": number(artifact.latency["p50_ms"], 1),
        "agreement": "–" if parity["agreement"] is None else percent(parity["agreement"]),
        "metric": number(parity.get("artifact_metric"), 4),
        "verdict": verdict(artifact.to_dict()),
        "sentences": [*parity.get("failures", ()), *parity.get("doubts", ())],
    }
