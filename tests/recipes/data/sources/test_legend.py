import numpy as np
import pytest
from PIL import Image

from recipes.data import open_source, usable
from recipes.data.sources.legend import legend_in
from recipes.data.sources.voc_segmentation import colour
from zoo.errors import InputError

SKY, ROAD, OTHER = (70, 130, 180), (128, 64, 128), (1, 2, 3)


def write(folder, pixels, text, name="classes.txt", masks="masks", images="images"):
    """Writes a set of one picture, whose mask has these colours or numbers."""
    for part in (images, masks):
        (folder / part).mkdir(parents=True, exist_ok=True)
    pixels = np.array(pixels, np.uint8)
    Image.new("RGB", pixels.shape[1::-1]).save(folder / images / "a.png")
    Image.fromarray(pixels).save(folder / masks / "a.png")
    (folder / name).write_text(text)
    return open_source(f"masks:{folder}")


def labels_of(source):
    (example,) = source.records().map(source.decode).as_numpy_iterator()
    return example["segmentation"].tolist()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("classes.txt", "sky 70 130 180\nroad 128 64 128\n"),
        ("classes.txt", "\ufeffsky, 70, 130, 180\r\nroad\t128\t64\t128\r\n\r\n"),
        ("classes.txt", "sky #4682B4\nroad: #804080"),
        ("classes.txt", "sky = (70, 130, 180)\nroad = (128, 64, 128)"),
        ("labelmap.txt", "# label:color_rgb:parts:actions\nsky:70,130,180::\nroad:128,64,128:wheel,door:\n"),
        ("label_colors.txt", "70 130 180\t\tsky\n128 64 128\troad"),
        ("class_dict.csv", "name, r, g, b\r\nsky,70,130,180\r\nroad,128,64,128\r\n"),
    ],
)
def test_colours_by_hand(tmp_path, name, text):
    """The forms of CVAT's labelmap.txt, CamVid's label_colors.txt, and those that people write."""
    source = write(tmp_path, [[SKY, ROAD], [ROAD, SKY]], text, name)
    assert (source.classes, source.findings()) == (("sky", "road"), [])
    assert labels_of(source) == [[0, 1], [1, 0]]
    assert source.decode(next(iter(source.records())))["segmentation"].numpy().tolist() == [[0, 1], [1, 0]]


def test_void_borders_and_two_colours_of_a_class(tmp_path):
    text = "Void 0 0 0\nsky 70 130 180\nroad 128 64 128\nroad 1 2 3\n"
    source = write(tmp_path, [[(0, 0, 0), SKY, ROAD, OTHER, (224, 224, 192)]], text)
    assert source.classes == ("sky", "road") and source.findings() == []
    assert labels_of(source) == [[255, 0, 1, 1, 255]]


def test_colours_that_nothing_names(tmp_path):
    """With names alone, without any, and of one mask among masks of numbers."""
    remedy = (
        f"masks/a.png: is a colour picture .*: name the colours in {tmp_path}/classes.txt, a line each as in road 128"
    )
    source = write(tmp_path, [[SKY, OTHER]], "sky\nroad\n")
    with pytest.raises(InputError, match=remedy):
        usable(source, skip_bad=False)
    (tmp_path / "classes.txt").unlink()
    with pytest.raises(InputError, match=remedy):
        open_source(f"masks:{tmp_path}")


def test_unknown_colours_are_named(tmp_path):
    source = write(tmp_path, [[SKY, OTHER]], "sky 70 130 180\nroad 128 64 128\n")
    (found,) = source.problems()
    assert found.message == "colour (1, 2, 3) is none of the 3 that classes.txt names"
    with pytest.raises(InputError, match="no usable picture is left"):
        usable(source, skip_bad=True)


def test_cvats_folders_and_palettes(tmp_path):
    names = {"masks": "SegmentationClass", "images": "JPEGImages"}
    source = write(tmp_path, [[SKY, ROAD]], "sky:70,130,180::\nroad:128,64,128::", "labelmap.txt", **names)
    assert labels_of(source) == [[0, 1]]
    mask = Image.fromarray(np.array([[5, 9]], np.uint8))
    mask.putpalette([0] * 15 + [*ROAD] + [0] * 9 + [*SKY])
    mask.save(tmp_path / "SegmentationClass/a.png")
    assert labels_of(open_source(f"masks:{tmp_path}")) == [[1, 0]]


def test_numbers_with_names(tmp_path):
    source = write(tmp_path, [[0, 255, 7]], "ground = 0\ncell = 255\nignore = 7\n")
    assert (source.classes, labels_of(source)) == (("ground", "cell"), [[0, 1, 255]])
    assert source.findings() == []
    source = write(tmp_path, [[0, 255, 9]], "ground = 0\ncell = 100\n")
    assert [found.message for found in source.problems()] == ["pixel label 9 is none of the 3 that classes.txt names"]
    assert labels_of(source) == [[0, 255, 255]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sky 70 130 180\nroad\n", "line 2 has no name with a colour, 0 to 255, as other lines have"),
        ("sky 70 130 180\nroad 1 2 300\n", "line 2 has no name with a colour"),
        ("sky 70 130 180\n\nroad 70 130 180\n", r"lines 1 and 3 both have \(70, 130, 180\)"),
        ("sky = 1\nroad = 1\n", "lines 1 and 2 both have 1"),
        ("void 0 0 0", "names 0 classes"),
        ("sky\nroad\nsky\n", "lines 1 and 3 both say 'sky'; a class has one line"),
    ],
)
def test_unclear_files_are_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        write(tmp_path, [[0, 1]], text)


def test_names_alone_are_no_legend(tmp_path):
    (tmp_path / "classes.txt").write_text("sky\nroad 2\nlane 1 2\n")
    assert legend_in(tmp_path / "classes.txt") is None


def test_classes_that_a_mask_without_background_lacks_are_void(tmp_path):
    write(tmp_path, [[SKY, ROAD, OTHER]], "sky 70 130 180\nroad 128 64 128\ncar 1 2 3")
    source = open_source(f"masks:{tmp_path}?classes=car,sky")
    assert (source.classes, labels_of(source)) == (("car", "sky"), [[1, 255, 0]])


def test_vocs_masks_saved_as_rgb(tmp_path):
    assert [colour(label) for label in (0, 1, 2, 15)] == [0, 128 << 16, 128 << 8, 192 << 16 | 128 << 8 | 128]
    for part in ("JPEGImages", "SegmentationClass"):
        (tmp_path / part).mkdir()
    Image.new("RGB", (3, 1)).save(tmp_path / "JPEGImages/a.jpg")
    pixels = np.array([[(0, 0, 0), (192, 128, 128), (224, 224, 192)]], np.uint8)
    Image.fromarray(pixels).save(tmp_path / "SegmentationClass/a.png")
    source = open_source(f"voc_segmentation:{tmp_path}")
    assert labels_of(source) == [[0, 15, 255]] and source.findings() == []
    Image.fromarray(pixels + 1).save(tmp_path / "SegmentationClass/a.png")
    (found,) = open_source(f"voc_segmentation:{tmp_path}").problems()
    assert found.message.startswith("colour (1, 1, 1), (193, 129, 129), (225, 225, 193) is none of the 22")
