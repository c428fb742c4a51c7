from dataclasses import fields
from html.parser import HTMLParser

import numpy as np
import pytest

from export.artifact import Artifact
from export.benchmark import Benchmark
from export.verify import Verification
from recipes.report import page
from recipes.report.headline import headline
from recipes.report.samples import classes_in, panels, worst_first
from tests.recipes.report.examples import CLASSES, HISTORY, NASTY, QUALITY, boxed, labelled, sample
from zoo.errors import InputError

VOID_ELEMENTS = {"meta", "img", "br", "hr", "link", "input"}
SCORES = {
    "miou": 0.6081,
    "pixel_accuracy": 0.8812,
    "iou/road": 0.9301,
    f"iou/{NASTY}": 0.286,
    "iou/pole": float("nan"),
    "accuracy/road": 0.95,
}
ARTIFACT = {
    "path": "runs/segnet/segnet.onnx",
    "format": "onnx",
    "quantize": "int8",
    "size": 29_824_113,
    "sha256": "3f9a1c77e2b0d485" * 4,
    "inputs": [{"name": "image", "dtype": "uint8", "shape": [None, 360, 480, 3]}],
    "outputs": [],
    "operators": {"Relu": 25, "Conv": 26},
    "calibration": {
        "pictures": 100,
        "source": NASTY,
        "search": {
            "int8_noise": 0.2189,
            "noise": 0.0421,
            "layers": [{"layer": "stem", "float32": True}, {"layer": "head", "float32": False}],
        },
    },
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


def written(folder, artifacts=(), **parts):
    path = page.render(folder / "report.html", page.draw(**{"title": "a run", "facts": {}} | parts), artifacts)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return written(
        tmp_path_factory.mktemp("report"),
        title=NASTY,
        facts={"hardware": NASTY, NASTY: "8 & 9"},
        history=HISTORY,
        scores=SCORES,
        curves=QUALITY,
        class_names=CLASSES,
        samples=[sample(NASTY, 0.9), sample("worst.png", 0.1), sample("plain.png", truth=False)],
        artifacts=[
            ARTIFACT | {"verification": VERIFICATION, "benchmark": BENCHMARK},
            ARTIFACT | {"verification": FAILED, "benchmark": BENCHMARK | {"threads": None}},
            ARTIFACT | {"parity": PARITY, "latency": {"p50_ms": 7.77}},
            ARTIFACT
            | {"parity": PARITY | {"passed": False, "verdict": "cannot tell", "doubts": [f"{NASTY} is unknown"]}},
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
    "verdicts": ["✓ verified", "✗ failed", "not verified", "2 verified, 1 failed, 1 cannot tell and 1 not verified"],
    "classes": ["0.930", "0.950"],
    "file": ["29.8 MB", "uint8 any×360×480×3", "3f9a1c77e2b0", "Conv\xa0×\xa026, Relu\xa0×\xa025"],
    "speed": ["201.2 / 227.4 ms", "412 MB", "chosen by runtime", "7.8 ms"],
    "parity": ["2.1e-05 / 0.013", "1.00 %", "98.76 %", "99.99 %", "0.6081 → 0.6012"],
    "pictures": [
        *("101 pictures", "100 pictures: ", "2 of uniform noise", "0.219, 0.042 in this file", "1 layer in float"),
        *(f"agreement is below {NASTY}", f"{NASTY} is unknown"),
    ],
}


@pytest.mark.parametrize("words", sum(ON_THE_PAGE.values(), []))
def test_numbers_are_on_the_page(whole, words):
    assert words in Page(whole).text


def test_samples_are_sorted_worst_first(whole):
    samples = [sample("unscored"), sample("void", float("nan")), sample("good", 0.9), sample("bad", 0.1)]
    assert [s.name for s in worst_first(samples)] == ["bad", "good", "unscored", "void"]
    assert whole.index("picture of worst.png") < whole.index("picture of plain.png")


def test_errors_rank_the_other_way(tmp_path):
    samples = [sample("near.png", 0.1), sample("far.png", 0.9)]
    assert [s.name for s in worst_first(samples, higher_is_better=False)] == ["far.png", "near.png"]
    page = written(tmp_path, scores={"nme": 0.5}, samples=samples)
    assert page.index("far.png") < page.index("near.png")


def test_colours_of_boxes_are_explained_where_there_are_boxes(tmp_path, whole):
    page = Page(written(tmp_path, samples=[boxed([[5, 5, 25, 25, 0]], [])], class_names=["cell"]))
    assert page.text.count("missed") == 1 and "missed" not in Page(whole).text
    assert len(panels(boxed([], []))) == 4


def test_a_sample_without_truth_shows_picture_and_prediction_only(tmp_path):
    assert Page(written(tmp_path, samples=[sample(truth=False)])).tags.count("img") == 2
    assert Page(written(tmp_path, samples=[sample()])).tags.count("img") == 4


def test_legend_names_the_classes_that_are_drawn():
    image = np.zeros((1, 3, 3), "uint8")
    both = [
        labelled("a", image, [[0, 1, 255]], [[0, 4, 1]]),
        labelled("b", image, None, [[7, 7, 7]]),
        boxed([[0, 0, 5, 5, 9], [0, 0, 0, 0, -1]], [[0, 0, 5, 5, 8]]),
    ]
    assert classes_in(both) == {0, 1, 4, 7, 8, 9}
    assert classes_in([]) == set()


DETECTED = dict.fromkeys(("ap", "ap50", "ap75", "ar100"), 0.5)
PARTS = {
    "The run": {"facts": {"seed": "0"}},
    "Training": {"history": HISTORY},
    "Figures": {"scores": DETECTED},
    "Curves": {"curves": QUALITY},
    "Predictions": {"samples": [sample()]},
    "Classes": {"scores": SCORES, "class_names": CLASSES},
    "Keypoints": {"scores": {"pck": 0.5, "pck/elbow": 0.25}, "keypoint_names": ["elbow", "wrist"]},
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
        written(tmp_path, samples=[labelled("a", np.zeros((4, 4), "uint8"), None, [[0] * 4] * 4)])
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == old
    written(tmp_path, title="another")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="missing"):
        written(tmp_path / "missing")


def test_the_same_run_gives_the_same_page(tmp_path):
    parts = {"history": HISTORY, "samples": [sample()], "artifacts": [ARTIFACT]}
    assert written(tmp_path, **parts) == written(tmp_path, **parts)


def test_headline_of_little():
    assert headline("a", 0, {}, {}, []) == ""
    assert headline("a", 1, {"map": 0.5}, {"one": 0.5}, []) == "a reaches map 0.500 after 1 epoch."
    many = dict.fromkeys(("ap", "ap50", "ap75", "ar100"), 0.5)
    assert headline("a", 0, many, {}, []) == "a reaches AP 0.500, with AP50 0.500 and AP75 0.500."
    assert headline("a", 0, {}, {}, [{"verification": FAILED}]) == "Exported to 1 artifact: 1 failed."


@pytest.mark.parametrize(
    ("example", "record"), [(ARTIFACT, Artifact), (VERIFICATION, Verification), (BENCHMARK, Benchmark)]
)
def test_examples_have_the_names_of_export(example, record):
    computed = {name for name in dir(record) if not name.startswith("_")}
    assert set(example) <= computed | {field.name for field in fields(record)}


def test_artifacts_go_by_file_name(whole):
    assert "segnet.onnx" in whole and "runs/segnet" not in whole


def test_what_is_drawn_is_what_is_kept():
    assert tuple(page.draw(title="a run", facts={})) == page.DRAWN
