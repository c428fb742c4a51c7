import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from recipes.data import open_source, usable
from recipes.data.sources.problems import label_problem
from zoo.errors import InputError


def labels_of(source, index=0):
    return list(source.records().map(source.decode).as_numpy_iterator())[index]["segmentation"]


def test_reads_pictures_and_labels_in_order(folder):
    source = open_source(f"masks:{folder}")
    assert (len(source), source.classes, source.keys) == (5, ("sky", "road", "car"), ("segmentation",))
    examples = list(source.records().map(source.decode).as_numpy_iterator())
    assert [example["name"].decode()[-5:] for example in examples] == [f"{x}.png" for x in "abcde"]
    for name, example in zip("abcde", examples, strict=True):
        image = np.asarray(Image.open(folder / "images" / f"{name}.png"))
        labels = np.asarray(Image.open(folder / "masks" / f"{name}.png"))
        np.testing.assert_array_equal(example["image"], image)
        np.testing.assert_array_equal(example["segmentation"], labels)
        assert example["segmentation"].dtype == np.int32


def test_decodes_eagerly_as_in_a_graph(folder):
    source = open_source(f"masks:{folder}")
    eager = source.decode(next(iter(source.records())))
    np.testing.assert_array_equal(eager["segmentation"], labels_of(source))


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_palette_masks_read_as_indices(folder, bits):
    labels = np.zeros((20, 30), np.uint8)
    labels[5:, 10:] = 1
    mask = Image.fromarray(labels)
    mask.putpalette([0, 0, 0, 128, 0, 0])
    mask.save(folder / "masks" / "a.png", bits=bits)
    np.testing.assert_array_equal(labels_of(open_source(f"masks:{folder}")), labels)


def test_one_bit_masks_read_as_0_and_1(folder):
    labels = np.zeros((20, 30), bool)
    labels[5:, 10:] = True
    Image.fromarray(labels).save(folder / "masks" / "a.png")
    np.testing.assert_array_equal(labels_of(open_source(f"masks:{folder}")), labels)


@pytest.mark.parametrize("white", [0, 255])
@pytest.mark.parametrize("channels", [2, 4])
def test_masks_whose_labels_are_their_transparency_are_refused(folder, white, channels):
    labels = np.full((20, 30, channels), white, np.uint8)
    labels[..., -1] = 0
    labels[5:, 10:, -1] = 255
    Image.fromarray(labels).save(folder / "masks" / "a.png")
    (found,) = open_source(f"masks:{folder}").problems()
    assert found.message.startswith("has its labels in the transparency (alpha) alone")
    labels[..., -1] = 255
    Image.fromarray(np.minimum(labels, [1] * (channels - 1) + [255]).astype(np.uint8)).save(
        folder / "masks" / "a.png"
    )
    assert open_source(f"masks:{folder}").problems() == []


def test_masks_as_jpeg_and_of_zeros_alone_are_refused(folder):
    (folder / "classes.txt").unlink()
    Image.new("L", (30, 20)).save(folder / "masks" / "a.jpg")
    (folder / "masks" / "a.png").unlink()
    with pytest.raises(InputError, match="a.jpg: is no PNG, .* JPEG and WebP blur them: save masks as PNG"):
        open_source(f"masks:{folder}")
    for name in "abcde":
        Image.new("L", (30, 20)).save(folder / "masks" / f"{name}.png")
    with pytest.raises(InputError, match="no label but 0, from which nothing can be told"):
        open_source(f"masks:{folder}")


def test_smoothed_edges_of_a_foreground_are_named(folder):
    labels = np.zeros((20, 30), np.uint8)
    labels[5:, 10:], labels[5, 10:], labels[5:, 10] = 255, 130, 120
    for name in "abcde":
        Image.fromarray(labels).save(folder / "masks" / f"{name}.png")
    (folder / "classes.txt").unlink()
    found = open_source(f"masks:{folder}?foreground=255").problems()[0]
    assert "label 120 is neither 0 nor the foreground, 255: smoothed edges are no labels" in found.message


@pytest.mark.parametrize("mode", ["L", "RGBA", "P"])
def test_grey_and_transparent_pictures_become_rgb(folder, mode):
    path = folder / "images" / "a.png"
    Image.open(path).convert(mode).save(path)
    source = open_source(f"masks:{folder}")
    assert source.problems() == []
    example = source.decode(next(iter(source.records())))
    assert example["image"].shape == (20, 30, 3)


def test_class_names_from_the_parent_folder(folder):
    (folder / "classes.txt").rename(folder.parent / "classes.txt")
    assert open_source(f"masks:{folder}").classes == ("sky", "road", "car")


def test_classes_are_numbered_without_names(folder):
    (folder / "classes.txt").unlink()
    assert open_source(f"masks:{folder}").classes == ("0", "1", "2")


def test_masks_of_void_alone_have_no_classes(folder):
    (folder / "classes.txt").unlink()
    for path in (folder / "masks").iterdir():
        Image.new("L", (30, 20), 255).save(path)
    with pytest.raises(InputError, match="no mask has a label below 255"):
        open_source(f"masks:{folder}")


def test_missing_parts_are_named(folder):
    with pytest.raises(InputError, match="names no folder"):
        open_source("masks:")
    with pytest.raises(InputError, match="nowhere: no such folder"):
        open_source(f"masks:{folder / 'nowhere'}")
    with pytest.raises(InputError, match="images/images: no such folder"):
        open_source(f"masks:{folder / 'images'}")
    (folder / "masks" / "b.png").unlink()
    with pytest.raises(InputError, match="b.png: no such mask, as for 1 of 5 pictures"):
        open_source(f"masks:{folder}")


def test_empty_folder_and_empty_classes(folder):
    (folder / "classes.txt").write_text("\n")
    with pytest.raises(InputError, match="classes.txt: names no class"):
        open_source(f"masks:{folder}")
    for path in (folder / "images").iterdir():
        path.unlink()
    with pytest.raises(InputError, match="images: the folder holds no pictures"):
        open_source(f"masks:{folder}")


def test_problems_name_the_file_at_fault(folder):
    picture = folder / "images" / "a.png"
    picture.write_bytes(picture.read_bytes()[:300])
    Image.new("L", (30, 21)).save(folder / "masks" / "b.png")
    Image.fromarray(np.full((20, 30), 7, np.uint8)).save(folder / "masks" / "c.png")
    Image.new("RGB", (30, 20), "red").save(folder / "masks" / "d.png")
    (folder / "masks" / "e.png").write_bytes(b"")
    source = open_source(f"masks:{folder}")
    problems = source.problems()
    assert [problem.index for problem in problems] == [0, 1, 2, 3, 4]
    assert [str(problem).removeprefix(f"{folder}/") for problem in problems] == [
        "images/a.png: is no complete JPEG, PNG, BMP, GIF, WebP or TIFF picture",
        "masks/b.png: the mask is 21x30, its picture 20x30",
        "masks/c.png: pixel label 7 is outside the 3 classes (0 to 2)",
        "masks/d.png: is a colour picture (mode RGB), not one label a pixel: "
        f"name the colours in {folder}/classes.txt, a line each as in road 128 64 128",
        "masks/e.png: the file is empty",
    ]


@pytest.mark.parametrize(
    ("images", "masks", "ending"),
    [("Images", "Labels", "_P.png"), ("imgs", "mask", "_mask.bmp"), ("image", "annotations", "_L.tif")],
)
def test_masks_called_otherwise(folder, images, masks, ending):
    """As CamVid's, Carvana's and others'; one keeps its own name, and what is none's is passed over."""
    (folder / "images").rename(folder / images)
    (folder / "masks").rename(folder / masks)

    def labels():
        source = open_source(f"masks:{folder}")
        return [example["segmentation"] for example in source.records().map(source.decode).as_numpy_iterator()]

    before = labels()
    for name in "abcd":
        path = folder / masks / f"{name}.png"
        Image.open(path).save(folder / masks / f"{name}{ending}")
        path.unlink()
    Image.new("L", (3, 3)).save(folder / masks / "other.png")
    np.testing.assert_array_equal(before, labels())


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.99])
def test_truncated_masks_are_problems(folder, kept):
    mask = folder / "masks" / "c.png"
    mask.write_bytes(mask.read_bytes()[: int(kept * mask.stat().st_size)])
    (problem,) = open_source(f"masks:{folder}").problems()
    assert problem.file == str(mask) and problem.message == "is no complete PNG, TIFF, BMP or GIF"


def test_a_jpeg_is_no_mask(folder):
    Image.new("L", (30, 20)).save(folder / "masks" / "c.png", format="jpeg")
    (problem,) = open_source(f"masks:{folder}").problems()
    assert problem.message == "is no complete PNG, TIFF, BMP or GIF"


def test_without_leaves_the_bad_records_out(folder):
    (folder / "images" / "b.png").write_text("not a picture")
    source = open_source(f"masks:{folder}")
    rest = source.without(source.problems())
    assert (len(source), len(rest), rest.problems()) == (5, 4, [])
    names = [example["name"].decode()[-5] for example in rest.records().map(rest.decode).as_numpy_iterator()]
    assert names == list("acde")
    (folder / "images" / "d.png").write_text("not a picture")
    (problem,) = rest.problems()
    assert (problem.index, len(rest.without([problem]))) == (3, 3)


def test_label_problem_counts_by_hand():
    assert label_problem(np.array([0, 1, 2]), ("a", "b", "c"), "object") is None
    assert label_problem(np.array([], int), ("a",), "object") is None
    assert label_problem(np.array([-1, 3, 3]), ("a", "b"), "object") == (
        "object label -1, 3 is outside the 2 classes (0 to 1)"
    )


def test_unknown_sources_list_those_known():
    with pytest.raises(
        InputError, match="'nothing:x' is no source: it begins with one of shapes, single_shapes, masks,"
    ):
        open_source("nothing:x")
    with pytest.raises(InputError, match="is no source"):
        open_source("")


def test_decoding_a_broken_file_is_an_error_in_the_stream(folder):
    (folder / "images" / "b.png").write_text("not a picture")
    source = open_source(f"masks:{folder}")
    with pytest.raises(tf.errors.InvalidArgumentError):
        list(source.records().map(source.decode))


def write_masks(folder, *values):
    """A mask a row of values, 1x4, and its picture."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(values):
        Image.new("RGB", (4, 1)).save(folder / "images" / f"{number}.png")
        Image.fromarray(np.uint8([row])).save(folder / "masks" / f"{number}.png")


@pytest.mark.parametrize("named", [False, True])
def test_masks_of_0_and_255_alone_are_refused_with_the_remedy(tmp_path, named):
    write_masks(tmp_path, [0, 255, 255, 0], [0, 0, 0, 0])
    if named:
        (tmp_path / "classes.txt").write_text("ground\ncell\n")
    with pytest.raises(InputError, match=r"no label but 0 and 255.*masks:.*\?foreground=255"):
        usable(open_source(f"masks:{tmp_path}"), skip_bad=True)
    source = open_source(f"masks:{tmp_path}?foreground=255")
    assert source.classes == (("ground", "cell") if named else ("background", "foreground"))
    assert source.findings() == [] and labels_of(source).tolist() == [[0, 1, 1, 0]]


def test_a_foreground_has_no_other_labels(tmp_path):
    write_masks(tmp_path, [0, 200, 255, 0], [0, 1, 200, 0])
    source = open_source(f"masks:{tmp_path}?foreground=200")
    (found,) = source.findings()
    assert found.index == 1 and found.message == "pixel label 1 is neither 0 nor the foreground, 200"
    assert labels_of(source).tolist() == [[0, 1, 255, 0]]
    for option, message in (("foreground=0", "a label from 1"), ("foregroud=1", "is no option; it takes foreground")):
        with pytest.raises(InputError, match=message):
            open_source(f"masks:{tmp_path}?{option}")
    (tmp_path / "classes.txt").write_text("a\nb\nc\n")
    with pytest.raises(InputError, match="a foreground is one class beside background, there are 3"):
        open_source(f"masks:{tmp_path}?foreground=255")


def test_stray_labels_never_become_classes(tmp_path):
    write_masks(tmp_path, [0, 1, 3, 255], [0, 1, 3, 3])
    assert open_source(f"masks:{tmp_path}").classes == ("0", "1", "2", "3")
    write_masks(tmp_path, [0, 1, 254, 255])
    with pytest.raises(InputError, match=r"4 labels without names, up to 254 .*name them, one a line"):
        open_source(f"masks:{tmp_path}")


def test_masks_without_a_picture_are_named(folder):
    (folder / "masks/b.png").rename(folder / "masks/left.png")
    (folder / "images/b.png").unlink()
    (folder / "masks/notes.txt").write_text("")
    (found,) = open_source(f"masks:{folder}").findings()
    assert (found.file, found.fatal) == (str(folder / "masks/left.png"), False)
    assert found.message == "no picture has this name: nothing is learned from it"
