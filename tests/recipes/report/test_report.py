from dataclasses import fields
from html.parser import HTMLParser

import numpy as np
import pytest

from export.artifact import Artifact
from export.benchmark import Benchmark
from export.verify import Verification
from recipes import report
from recipes.report.curves import quality_curves, training_curves
from recipes.report.errors import FALSE, MATCHED, MISSED, draw_errors, judged, point_pairs
from recipes.report.headline import headline
from recipes.report.samples import classes_in, panels, worst_first
from recipes.report.words import counted, difference, file_size, number, percent, title_of
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
QUALITY = [
    {
        "title": "Precision and recall",
        "x": "recall",
        "y": "precision",
        "lines": {"road": [[0, 0.5, 1], [1, 0.5, 0]], "mean": [[0, 0.5, 1], [1, 0.75, 0.5]]},
    }
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
    targets = {"segmentation": classes}
    return report.Sample(name, image, targets if truth else None, targets, score)


def labelled(name, image, truth, prediction):
    """A sample of two label maps."""
    maps = [classes and {"segmentation": np.array(classes)} for classes in (truth, prediction)]
    return report.Sample(name, image, *maps)


def boxed(truth, prediction, name="boxes.png", score=None):
    """A sample of two lists of `(x1, y1, x2, y2, label)`; the predicted ones by falling score."""
    rows = [np.array(boxes, "float32").reshape(-1, 5) for boxes in (truth, prediction)]
    targets = [{"boxes": boxes[:, :4], "labels": boxes[:, 4].astype(int)} for boxes in rows]
    targets[1]["scores"] = np.linspace(0.9, 0.6, len(rows[1]))
    return report.Sample(name, np.full((40, 60, 3), 100, "uint8"), *targets, score)


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
        curves=QUALITY,
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


def test_errors_by_hand():
    image = np.full((1, 3, 3), 100, "uint8")
    drawn = draw_errors(labelled("a", image, [[0, 1, 255]], [[0, 2, 1]]))
    # Right, wrong, void: 100 / 2 + 96 = 146 in grey.
    assert drawn.tolist() == [[[146] * 3, [213, 40, 40], [146] * 3]]


def test_legend_names_the_classes_that_are_drawn():
    image = np.zeros((1, 3, 3), "uint8")
    both = [
        labelled("a", image, [[0, 1, 255]], [[0, 4, 1]]),
        labelled("b", image, None, [[7, 7, 7]]),
        boxed([[0, 0, 5, 5, 9], [0, 0, 0, 0, -1]], [[0, 0, 5, 5, 8]]),
    ]
    assert classes_in(both) == {0, 1, 4, 7, 8, 9}
    assert classes_in([]) == set()


def test_sizes_that_differ_are_named():
    image = np.zeros((4, 4, 3), "uint8")
    with pytest.raises(InputError, match=r"sample a: .*\(4, 4\).*\(2, 2\)"):
        draw_errors(labelled("a", image, [[0] * 4] * 4, [[0] * 2] * 2))


def test_boxes_are_judged_by_hand():
    """Class 0: a hit, a second hit and air; class 1: a missed object, an ignored one that was found."""
    truth = {
        "boxes": np.array([[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]], "float32"),
        "labels": np.array([0, 1, 1]),
        "ignored": np.array([False, False, True]),
    }
    found = np.array([[0, 0, 10, 10], [40, 0, 50, 10], [1, 0, 11, 10], [20, 0, 30, 10]], "float32")
    rows, colours = judged(truth, {"boxes": found, "labels": np.array([0, 1, 0, 0])})
    expected = {(0, 0): MATCHED, (1, 0): FALSE, (20, 0): [FALSE, MISSED]}
    assert [tuple(box[:2]) for box in rows["boxes"]] == [(0, 0), (1, 0), (20, 0), (20, 0)]
    assert colours == [expected[0, 0], expected[1, 0], *expected[20, 0]]
    assert len(judged(truth, {"boxes": np.zeros((0, 4)), "labels": np.zeros(0, int)})[1]) == 2


def test_errors_of_boxes_and_points_are_drawn_where_they_are():
    sample = boxed([[5, 5, 25, 25, 0], [30, 5, 50, 25, 0]], [[5, 5, 25, 25, 0], [30, 30, 40, 38, 0]])
    drawn = draw_errors(sample)
    assert drawn[5, 15].tolist() == [*MATCHED] and drawn[30, 35].tolist() == [*FALSE]
    assert drawn[5, 40].tolist() == [*MISSED] and drawn[15, 15].tolist() == [146] * 3
    true, found = [[5, 5, 2], [5, 30, 0]], [[25, 5], [25, 30]]
    drawn = draw_errors(
        report.Sample("a", sample.image, {"keypoints": np.array([true])}, {"keypoints": np.array([found])})
    )
    assert drawn[5, 15].tolist() == [213, 40, 40] and drawn[30, 15].tolist() == [146] * 3
    nothing = report.Sample("a", sample.image, {"keypoints": np.array([true])}, {"keypoints": np.zeros((0, 2, 2))})
    assert (draw_errors(nothing) == 146).all()


def test_masks_are_judged_with_their_boxes():
    boxes = np.array([[0, 0, 10, 10], [20, 0, 30, 10]], "float32")
    masks = np.zeros((2, 12, 32), "uint8")
    masks[0, :10, :10] = masks[1, :10, 20:30] = 1
    truth = {"boxes": boxes, "labels": np.array([0, 1]), "masks": masks}
    found = {"boxes": boxes[:1] + 1, "labels": np.array([0]), "masks": np.roll(masks[:1], (1, 1), (1, 2)) > 0}
    rows, colours = judged(truth, found)
    assert colours == [MATCHED, MISSED]
    assert np.array_equal(rows["masks"], [found["masks"][0], masks[1]])
    nothing = {key: value[:0] for key, value in found.items()}
    assert judged(nothing, nothing)[0]["masks"].shape == (0, 12, 32)
    drawn = draw_errors(report.Sample("a", np.full((12, 32, 3), 100, "uint8"), truth, found))
    # 0.6 of the grey 146 and 0.4 of the colour.
    assert drawn[5, 25].tolist() == np.rint(87.6 + 0.4 * np.array(MISSED)).tolist()


def test_keypoints_meet_those_of_the_same_object():
    boxes = np.array([[0, 0, 10, 10], [20, 0, 30, 10]], "float32")
    points = np.array([[[2, 2, 2], [8, 8, 0]], [[22, 2, 2], [28, 8, 1]]], "float32")
    truth = {"boxes": boxes, "labels": np.array([0, 0]), "keypoints": points}
    found = {"boxes": boxes[1:], "labels": np.array([0]), "keypoints": points[1:] + [0, 3, 0]}
    ((true, other),) = point_pairs(truth, found)
    assert np.array_equal(true, points[1]) and np.array_equal(other, found["keypoints"][0])
    assert point_pairs(truth, {**found, "labels": np.array([1])}) == []
    assert point_pairs({key: value[:0] for key, value in truth.items()}, found) == []
    drawn = draw_errors(report.Sample("a", np.full((12, 32, 3), 100, "uint8"), truth, found))
    assert drawn[3, 22].tolist() == [213, 40, 40] and drawn[3, 2].tolist() == [146] * 3


@pytest.mark.parametrize(
    ("key", "title"),
    [("mask_ap50", "mask AP50"), ("keypoint_ar20", "keypoint AR20"), ("ap", "AP"), ("mean_iou", "mean IoU")],
)
def test_titles(key, title):
    assert title_of(key) == title


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


def test_training_and_validation_share_a_curve():
    assert list(training_curves(HISTORY)) == ["loss", "learning_rate", "miou"]
    assert training_curves([]) == {}
    assert training_curves([{"epoch": 1, "loss": None, "note": float("nan")}]) == {}


def test_curves_follow_the_page_colours():
    drawn = training_curves(HISTORY) | quality_curves(QUALITY, CLASSES)
    assert len(drawn) == 4
    for svg in drawn.values():
        assert "var(--accent)" in svg
        assert "#00000" not in svg and "<?xml" not in svg and "metadata" not in svg


def test_a_class_has_its_own_colour_in_a_curve():
    (svg,) = quality_curves(QUALITY, CLASSES).values()
    assert svg.count("#0072b2") == 1 and ">mean<" in svg
    assert quality_curves([{**QUALITY[0], "lines": {}}]) == quality_curves([]) == {}


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
