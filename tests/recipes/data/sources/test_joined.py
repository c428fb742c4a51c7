"""Several sources as one."""

import numpy as np
import pytest
from PIL import Image

from recipes.data import open_source, pipeline
from zoo.errors import InputError


def voc(folder, count, label="cat", broken=()):
    for part in ("Annotations", "JPEGImages"):
        (folder / part).mkdir(parents=True)
    (folder / "classes.txt").write_text("cat\ndog\n")
    for i in range(count):
        Image.new("RGB", (40, 30), (i, 0, 0)).save(folder / "JPEGImages" / f"{i}.png")
        if i in broken:
            (folder / "JPEGImages" / f"{i}.png").write_bytes(b"no picture")
        (folder / "Annotations" / f"{i}.xml").write_text(
            f"<annotation><filename>{i}.png</filename><size><width>40</width><height>30</height></size><object>"
            f"<name>{label}</name><bndbox><xmin>{i + 2}</xmin><ymin>2</ymin><xmax>30</xmax><ymax>20</ymax></bndbox>"
            "</object></annotation>"
        )
    return f"voc:{folder}"


def test_the_records_of_both_come_one_after_the_other(tmp_path):
    first, second = voc(tmp_path / "a", 2, "cat"), voc(tmp_path / "b", 3, "dog")
    joined = open_source(f"{first} & {second}")
    assert len(joined) == 5 and joined.class_names("detection") == ("cat", "dog")
    batch = next(iter(pipeline(joined, task="detection", picture_size=(30, 40), batch_size=5)))
    np.testing.assert_array_equal(batch[1]["labels"][:, 0], [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(batch[0][:, 0, 0, 0], [0, 1, 0, 1, 2])
    np.testing.assert_allclose(np.diff(batch[1]["boxes"][:, 0, 0]), [1, -1, 1, 1])


def test_a_problem_in_the_second_is_named_and_left_out(tmp_path):
    joined = open_source(f"{voc(tmp_path / 'a', 2)} & {voc(tmp_path / 'b', 3, broken=[1])}")
    (problem,) = joined.problems()
    assert problem.file.endswith("b/JPEGImages/1.png") and problem.index == 3
    rest = joined.without([problem])
    names = [example["name"].numpy().decode() for example in rest.records().map(rest.decode)]
    assert [name.split("/")[-3:] for name in names] == [
        ["a", "JPEGImages", "0.png"],
        ["a", "JPEGImages", "1.png"],
        ["b", "JPEGImages", "0.png"],
        ["b", "JPEGImages", "2.png"],
    ]


def test_objects_of_joined_halves_are_counted(tmp_path):
    joined = open_source(f"{voc(tmp_path / 'a', 4)}:train & {voc(tmp_path / 'b', 5)}:train")
    left_out = {*joined.left_out}
    assert 2 <= len(left_out) and joined.num_objects().tolist() == [1] * (9 - len(left_out))
    annotation = tmp_path / "b" / "Annotations" / f"{max({*range(4, 9)} - left_out) - 4}.xml"
    annotation.write_text(annotation.read_text().replace("cat", "bird"))
    joined = open_source(joined.spec)
    assert joined.num_objects().tolist() == [1] * (8 - len(left_out)) + [0]
    (problem,) = joined.problems()
    assert len(joined.without([problem]).num_objects()) == len(joined)


def test_sources_with_other_classes_are_refused(tmp_path):
    first, second = voc(tmp_path / "a", 1), voc(tmp_path / "b", 1)
    (tmp_path / "b" / "classes.txt").write_text("dog\ncat\n")
    with pytest.raises(InputError, match="cannot be joined: they differ in their classes"):
        open_source(f"{first} & {second}")
