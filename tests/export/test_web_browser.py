"""The page in Chromium: a picture is dropped, and what is drawn is what Python predicts."""

import json

import numpy as np
import pytest
from PIL import Image

import export
from tests.export import chromium, pages
from tests.export.detector import SIZE, knowing_detector, scenes

pytestmark = pytest.mark.full

STATE = "document.documentElement.dataset.state"
PREDICTION = """
Object.fromEntries(Object.entries(window.zoo.prediction).map(([name, { dims, data }]) =>
    [name, { dims, data: Array.from(data) }]))
"""
PIXEL = "Array.from(canvas.getContext('2d').getImageData({x}, {y}, 1, 1).data)"


@pytest.fixture(scope="module")
def detector():
    return knowing_detector()


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with chromium.browser(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


def opened(tab, address):
    tab.open(address)
    tab.wait(f"['ready', 'failed'].includes({STATE})")
    assert tab.run(STATE) == "ready", tab.run("document.body.innerText")
    assert tab.run("performance.getEntriesByType('resource').every((one) => one.name.startsWith(location.origin))")


def dropped(tab, file):
    """Drops a file on the page; returns the prediction as arrays."""
    tab.run(f"{STATE} = 'waiting'")
    place = tab.run("(({ x, y, width, height }) => [x + width / 2, y + height / 2])(view.getBoundingClientRect())")
    tab.drop(file, *place)
    tab.wait(f"['shown', 'failed'].includes({STATE})")
    assert tab.run(STATE) == "shown", tab.run("document.body.innerText")
    found = json.loads(tab.run(f"JSON.stringify({PREDICTION})"))
    return {name: np.reshape(array["data"], array["dims"]) for name, array in found.items()}


def saved(picture, file):
    Image.fromarray(picture).save(file)
    return file


@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_boxes_are_drawn_where_python_finds_them(tab, detector, tmp_path, format):
    pictures, _ = scenes(2, seed=3)
    odd = pictures[1][1:, 3:]
    artifact = export.export(detector, tmp_path / f"model.{format}", format, pictures=pictures)
    pages.written(artifact.path, tmp_path / "site" / "under" / "page", [saved(odd, tmp_path / "odd.png")])
    with chromium.served(tmp_path / "site") as (address, lacking):
        opened(tab, f"{address}/under/page/")
        for picture in (pictures[0], odd):
            found = dropped(tab, saved(picture, tmp_path / "picture.png"))
            (wanted,) = export.load(artifact.path).predict_each([picture])
            sure = wanted["scores"] >= 0.5
            assert sure.any() and (found["scores"] >= 0.5).sum() == sure.sum()
            np.testing.assert_allclose(found["boxes"][: sure.sum()], wanted["boxes"][sure], atol=0.5)
            np.testing.assert_allclose(found["scores"][: sure.sum()], wanted["scores"][sure], atol=1e-3)
            np.testing.assert_array_equal(found["labels"][: sure.sum()], wanted["labels"][sure])
            outlined(tab, wanted["boxes"][0], int(wanted["labels"][0]), picture.shape[1])
        count = "document.querySelectorAll('#found li').length"
        assert tab.run(count) == sure.sum()
        tab.run("slid.value = 1; slid.oninput()")
        assert tab.run(count) == 0 and tab.run("document.getElementById('count').textContent") == "Nothing found"
        dropped(tab, saved(np.zeros((*SIZE, 3), np.uint8), tmp_path / "black.png"))
        assert tab.run("document.getElementById('status').textContent") == ""
        assert not lacking


def outlined(tab, box, label, width):
    """Asserts that the canvas has the colour of a class halfway down the left side of a box."""
    scale = tab.run("canvas.width") / width
    x, y = box[0] * scale, (box[1] + box[3]) / 2 * scale
    colour = bytes(tab.run(PIXEL.format(x=round(x), y=round(y)))[:3]).hex()
    assert f"#{colour}" == pages.COLOURS[label]


def test_classes_are_drawn_where_python_finds_them(tab, exported, pictures, tmp_path):
    for format in ("onnx", "tflite"):
        page = pages.written(exported(format).path, tmp_path / format)
        with chromium.served(page) as (address, lacking):
            opened(tab, f"{address}/")
            picture = pictures[0][2:, :-7]
            found = dropped(tab, saved(picture, tmp_path / "picture.png"))["classes"]
            (wanted,) = export.load(exported(format).path).predict_each([picture])
            assert found.shape == wanted["classes"].shape and (found == wanted["classes"]).mean() >= 0.999
            tab.run("slid.value = 1; slid.oninput()")
            scale = tab.run("canvas.width") / picture.shape[1]
            for y, x in ((3, 5), (20, 30), (25, 8)):
                pixel = tab.run(PIXEL.format(x=round((x + 0.5) * scale), y=round((y + 0.5) * scale)))
                assert f"#{bytes(pixel[:3]).hex()}" == pages.COLOURS[found[y, x]]
            assert not lacking


SLOW_FRAMES = """
const frame = createImageBitmap;
window.createImageBitmap = async (source, ...more) => {
    if (source instanceof HTMLVideoElement) {
        window.asked = true;
        await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    return frame(source, ...more);
};
0
"""
"""Makes a frame of the camera take a second, so that one is under way whatever comes next."""


def test_camera_samples_and_wrong_files(tab, exported, pictures, tmp_path):
    page = pages.written(exported("onnx").path, tmp_path / "page", [saved(pictures[0], tmp_path / "one.png")])
    (tmp_path / "notes.txt").write_text("no picture")
    with chromium.served(page) as (address, _):
        opened(tab, f"{address}/")
        tab.run("document.querySelector('#samples button').click()")
        tab.wait(f"{STATE} === 'shown'")
        assert tab.run("window.zoo.prediction.classes.dims") == list(pictures.shape[1:3])
        tab.run("camera.click()")
        tab.wait("camera.textContent === 'Stop' && window.zoo.prediction.classes.dims[0] > 100")
        tab.run(SLOW_FRAMES)
        tab.wait("window.asked")
        tab.drop(tmp_path / "notes.txt", 300, 300)
        tab.wait(f"camera.textContent === 'Camera' && {STATE} === 'failed'")
        tab.run("new Promise((resolve) => setTimeout(resolve, 1500))")
        words = tab.run("document.getElementById('status').textContent")
        assert words == "notes.txt: is no picture that this browser reads" and tab.run(STATE) == "failed"
        assert tab.run("window.zoo.prediction.classes.dims[0]") > 100
        for words in ("Stop", "Camera"):
            tab.run("camera.click()")
            tab.wait(f"camera.textContent === '{words}'")


DRAWING = """
(async () => {
    const { draw } = await import("./draw.js");
    const black = new OffscreenCanvas(64, 48);
    black.getContext("2d").fillRect(0, 0, 64, 48);
    const canvas = new OffscreenCanvas(640, 480);
    const points = [{ x: 50, y: 10, seen: true }, { x: 60, y: 30, seen: true }, { x: 5, y: 5, seen: false }];
    const mask = { size: 2, data: [1, 1, 1, 1] };
    const objects = [{ score: 0.9, label: 1, box: [10, 20, 40, 40], mask, points }];
    const style = { colours: COLOURS, classNames: ["a", "b"], skeleton: [[0, 1], [1, 2]], opacity: 0.5 };
    draw(canvas, { bitmap: black, height: 48, width: 64, objects }, style, 1);
    const at = (x, y) => Array.from(canvas.getContext("2d").getImageData(x, y, 1, 1).data).slice(0, 3);
    return PLACES.map(([x, y]) => at(x, y));
})()
"""


def test_masks_and_points_are_drawn(tab, exported, tmp_path):
    page = pages.written(exported("onnx").path, tmp_path / "page")
    places = {
        "inside the mask": (250, 300),
        "its rim": (250, 206),
        "the box": (250, 200),
        "a limb": (550, 200),
        "a point": (500, 100),
        "no point": (50, 50),
        "nothing": (600, 450),
    }
    script = DRAWING.replace("COLOURS", json.dumps(pages.COLOURS)).replace("PLACES", json.dumps([*places.values()]))
    with chromium.served(page) as (address, _):
        opened(tab, f"{address}/")
        found = dict(zip(places, tab.run(script), strict=True))
    blue, orange = [list(bytes.fromhex(colour[1:])) for colour in pages.COLOURS[:2]]
    np.testing.assert_allclose(found["inside the mask"], 0.4 * np.array(orange), atol=2)
    assert found["its rim"] == found["the box"] == orange
    assert found["a limb"] == found["a point"] == blue
    assert found["no point"] == found["nothing"] == [0, 0, 0]
