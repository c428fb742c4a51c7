from dataclasses import fields
from html.parser import HTMLParser

import numpy as np
import pytest

from export.artifact import Artifact
from export.benchmark import Benchmark
from export.verify import Verification
from recipes import report
from recipes.report.curves import curves
from recipes.report.headline import headline
from recipes.report.samples import classes_in, errors, worst_first
from recipes.report.words import counted, difference, file_size, number, percent
from zoo.errors import InputError

VOID_ELEMENTS = {"meta", "img", "br", "hr", "link", "input"}
NASTY = "<script>alert('x')</script>"
CLASSES = ["road", NASTY, "pole"]
SCORES = {
    "miou": 0.6081,
    "pixel_accuracy": 0.8812,
    "iou/road": 0.9301,
    f"iou/{NASTY}": 0.286,
    "iou/pole": float("nan"),
    "accuracy/road": 0.95,
}
HISTORY = [
    {"epoch": 1, "loss": 2.0, "learning_rate": 0.1, "iou/road": 0.1},
    {"epoch": 2, "loss": 1.0, "val_loss": 1.5, "val_miou": 0.3, "learning_rate": 0.05},
    {"epoch": 3, "loss": float("nan"), "val_loss": 1.2, "val_miou": 0.4, "learning_rate": 0.01},
]
ARTIFACT = {
    "path": "runs/segnet/segnet.onnx",
    "format": "onnx",
    "quantize": "int8",
    "size": 29_824_113,
    "sha256": "3f9a1c77e2b0d485" * 4,
    "inputs": [{"name": "image", "dtype": "uint8", "shape": [None, 360, 480, 3]}],
    "outputs": [],
    "operators": {"Relu": 25, "Conv": 26},
}
VERIFICATION = {
    "examples": 101,
    "outputs": {
        "logits": {"max_abs": 2.1e-5, "mean_abs": 0.0125, "max_relative": 1e-6},
        "classes": {"different": 0.01},
    },
    "agreement": 0.98764,
    "metric": "mIoU",
    "keras_metric": 0.6081,
    "artifact_metric": 0.6012,
    "failures": [],
    "passed": True,
}
BENCHMARK = {"p50_ms": 201.24, "p95_ms": 227.36, "threads": 2, "peak_memory": 412_300_000}
FAILED = VERIFICATION | {"passed": False, "failures": [f"agreement is below {NASTY}"], "metric": None}
PARITY = {"pictures": "2 of uniform noise", "outputs": {}, "agreement": 0.99999, "passed": True}


class Page(HTMLParser):
    """Reads a page; raises where an element is closed that is not open, and records what it finds."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.links, self.ids, self.text = [], [], [], [], ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [v for k, v in attributes if k in ("src", "href", "xlink:href", "action", "srcset")]
        self.ids += [v for k, v in attributes if k == "id"]
        if tag not in VOID_ELEMENTS:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID_ELEMENTS:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def sample(name="a.png", score=None, truth=True):
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, (24, 32))
    image = rng.integers(0, 256, (24, 32, 3)).astype("uint8")
    return report.Sample(name, image, classes if truth else None, classes, score)


def written(folder, **parts):
    path = report.write(folder / "report.html", **{"title": "a run", "facts": {}} | parts)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return written(
        tmp_path_factory.mktemp("report"),
        title=NASTY,
        facts={"hardware": NASTY, NASTY: "8 & 9"},
        history=HISTORY,
        scores=SCORES,
        class_names=CLASSES,
        samples=[sample(NASTY, 0.9), sample("worst.png", 0.1), sample("plain.png", truth=False)],
        artifacts=[
            ARTIFACT | {"verification": VERIFICATION, "benchmark": BENCHMARK},
            ARTIFACT | {"verification": FAILED, "benchmark": BENCHMARK | {"threads": None}},
            ARTIFACT | {"parity": PARITY, "latency": {"p50_ms": 7.77}},
            ARTIFACT,
        ],
    )


def test_page_is_well_formed_and_stands_alone(whole):
    page = Page(whole)
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith(("data:image/jpeg;base64,", "#")) for link in page.links)
    assert "@import" not in whole and "url(http" not in whole


def test_references_inside_the_figures_resolve(whole):
    page = Page(whole)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_outside_text_is_escaped(whole):
    page = Page(whole)
    assert "script" not in page.tags
    assert page.text.count(NASTY) >= 6
    assert "8 & 9" in page.text


ON_THE_PAGE = {
    "headline": ["mIoU 0.608 after 3 epochs", "pixel accuracy 0.881", f"weakest on {NASTY} (0.286)"],
    "verdicts": ["✓ verified", "✗ failed", "not verified", "2 verified, 1 failed and 1 not verified"],
    "classes": ["0.930", "0.950"],
    "file": ["29.8 MB", "uint8 any×360×480×3", "3f9a1c77e2b0", "Conv\xa0×\xa026, Relu\xa0×\xa025"],
    "speed": ["201.2 / 227.4 ms", "412 MB", "chosen by runtime", "7.8 ms"],
    "parity": ["2.1e-05 / 0.013", "1.00 %", "98.76 %", "99.99 %", "0.6081 → 0.6012"],
    "pictures": ["101 pictures", "2 of uniform noise", f"agreement is below {NASTY}"],
}


@pytest.mark.parametrize("words", sum(ON_THE_PAGE.values(), []))
def test_numbers_are_on_the_page(whole, words):
    assert words in Page(whole).text


def test_samples_are_sorted_worst_first(whole):
    samples = [sample("unscored"), sample("void", float("nan")), sample("good", 0.9), sample("bad", 0.1)]
    assert [s.name for s in worst_first(samples)] == ["bad", "good", "unscored", "void"]
    assert whole.index("picture of worst.png") < whole.index("picture of plain.png")


def test_a_sample_without_truth_shows_picture_and_prediction_only(tmp_path):
    assert Page(written(tmp_path, samples=[sample(truth=False)])).tags.count("img") == 2
    assert Page(written(tmp_path, samples=[sample()])).tags.count("img") == 4


def test_errors_by_hand():
    image = np.full((1, 3, 3), 100, "uint8")
    drawn = errors(report.Sample("a", image, np.array([[0, 1, 255]]), np.array([[0, 2, 1]])))
    # Right, wrong, void: 100 / 2 + 96 = 146 in grey.
    assert drawn.tolist() == [[[146] * 3, [213, 40, 40], [146] * 3]]


def test_legend_names_the_classes_that_are_drawn():
    image = np.zeros((1, 3, 3), "uint8")
    both = [
        report.Sample("a", image, np.array([[0, 1, 255]]), np.array([[0, 4, 1]])),
        report.Sample("b", image, None, np.array([[7, 7, 7]])),
    ]
    assert classes_in(both) == {0, 1, 4, 7}
    assert classes_in([]) == set()


def test_sizes_that_differ_are_named():
    image = np.zeros((4, 4, 3), "uint8")
    with pytest.raises(InputError, match=r"sample a: .*\(4, 4\).*\(2, 2\)"):
        errors(report.Sample("a", image, np.zeros((4, 4), int), np.zeros((2, 2), int)))


PARTS = {
    "The run": {"facts": {"seed": "0"}},
    "Training": {"history": HISTORY},
    "Predictions": {"samples": [sample()]},
    "Classes": {"scores": SCORES, "class_names": CLASSES},
    "Artifacts": {"artifacts": [ARTIFACT]},
}


@pytest.mark.parametrize("heading", PARTS)
def test_a_missing_part_leaves_its_section_out(tmp_path, heading):
    page = Page(written(tmp_path, **PARTS[heading]))
    assert page.tags.count("h2") == 1 and heading in page.text


def test_nothing_but_a_title(tmp_path):
    page = Page(written(tmp_path))
    assert page.tags.count("h1") == 1 and "section" not in page.tags and "p" not in page.tags


def test_a_failed_write_leaves_the_old_page(tmp_path):
    old = written(tmp_path)
    with pytest.raises(InputError):
        written(tmp_path, samples=[report.Sample("a", np.zeros((4, 4), "uint8"), None, np.zeros((4, 4), int))])
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == old
    written(tmp_path, title="another")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="missing"):
        written(tmp_path / "missing")


def test_training_and_validation_share_a_curve():
    assert list(curves(HISTORY)) == ["loss", "learning_rate", "miou"]
    assert curves([]) == {}
    assert curves([{"epoch": 1, "loss": None, "note": float("nan")}]) == {}


def test_curves_follow_the_page_colours():
    for svg in curves(HISTORY).values():
        assert "var(--accent)" in svg
        assert "#00000" not in svg and "<?xml" not in svg and "metadata" not in svg


def test_the_same_run_gives_the_same_page(tmp_path):
    parts = {"history": HISTORY, "samples": [sample()], "artifacts": [ARTIFACT]}
    assert written(tmp_path, **parts) == written(tmp_path, **parts)


def test_headline_of_little():
    assert headline("a", 0, {}, {}, []) == ""
    assert headline("a", 1, {"map": 0.5}, {"one": 0.5}, []) == "a reaches map 0.500 after 1 epoch."
    assert headline("a", 0, {}, {}, [{"verification": FAILED}]) == "Exported to 1 artifact: 1 failed."


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (number(float("nan")), "–"),
        (number(None), "–"),
        (number(0.12345), "0.123"),
        (difference(0), "0"),
        (difference(3.14e-6), "3.1e-06"),
        (difference(1.31), "1.3"),
        (counted(0, "picture"), "0 pictures"),
        (counted(1, "picture"), "1 picture"),
        (percent(1.0), "100 %"),
        (percent(0.999999), "99.99 %"),
        (percent(0), "0.00 %"),
        (file_size(0), "0 B"),
        (file_size(999), "999 B"),
        (file_size(999_999), "1 MB"),
        (file_size(117_824_113), "118 MB"),
        (file_size(2_500_000_000), "2.5 GB"),
    ],
)
def test_words_by_hand(words, expected):
    assert words == expected


@pytest.mark.parametrize(
    ("example", "record"), [(ARTIFACT, Artifact), (VERIFICATION, Verification), (BENCHMARK, Benchmark)]
)
def test_examples_have_the_names_of_export(example, record):
    assert set(example) <= {field.name for field in fields(record)}


def test_artifacts_go_by_file_name(whole):
    assert "segnet.onnx" in whole and "runs/segnet" not in whole
