import numpy as np
import pytest
import tensorflow as tf

from recipes.data import Problem, Source, open_source, pipeline, region_cache
from recipes.data.sources.proposed import Proposed, with_proposals
from zoo.errors import InputError
from zoo.proposals import propose


class Noise(Source):
    """Pictures of 20 x 30 of noise, one object each; the second cannot be told from the first."""

    spec, classes, keys = "noise", ("thing",), ("boxes", "labels")
    flip_pairs, keypoint_names = ((0, 1),), ("a", "b")

    @property
    def count(self):
        return 3

    def all_records(self):
        return tf.data.Dataset.from_tensor_slices([1, 1, 2])

    def decode(self, record):
        image = tf.cast(tf.random.stateless_uniform((20, 30, 3), (record, 0), 0, 256, tf.int32), tf.uint8)
        return {
            "image": image,
            "name": tf.strings.as_string(record),
            "boxes": tf.constant([[3.0, 4, 13, 14]]),
            "labels": tf.constant([0]),
        }


def files(folder):
    return sorted(folder.rglob("*.npz"))


def computed(monkeypatch):
    """Returns the list that fills with the method of each search."""
    calls = []

    def noted(picture, n, method):
        calls.append(method)
        return propose(picture, n, method)

    monkeypatch.setattr(region_cache, "propose", noted)
    return calls


def test_examples_have_the_methods_proposals(tmp_path):
    source = Proposed(Noise(), "sliding_window", 9, tmp_path)
    assert source.keys == ("boxes", "labels", "proposals")
    assert (source.spec, len(source), source.flip_pairs, source.keypoint_names) == ("noise", 3, ((0, 1),), ("a", "b"))
    examples = list(source.records().map(source.decode))
    for example, record in zip(examples, Noise().all_records(), strict=True):
        picture = Noise().decode(record)["image"].numpy()
        np.testing.assert_array_equal(example["image"], picture)
        np.testing.assert_array_equal(example["proposals"], propose(picture, 9, "sliding_window")[0])
    eager = source.decode(next(iter(source.records())))
    np.testing.assert_array_equal(eager["proposals"], examples[0]["proposals"])
    found = source.proposals_of(examples[0]["image"].numpy())
    assert len(found.scores) == len(examples[0]["proposals"]) and found.seconds > 0


def test_proposals_are_computed_once_a_picture(tmp_path, monkeypatch):
    calls = computed(monkeypatch)
    Proposed(Noise(), "uniform", 5, tmp_path)
    assert len(calls) == len(files(tmp_path)) == 2
    Proposed(Noise(), "uniform", 5, tmp_path)
    assert len(calls) == 2
    Proposed(Noise(), "uniform", 6, tmp_path)
    Proposed(Noise(), "gaussian", 5, tmp_path)
    assert len(calls) == 6


def test_a_killed_run_goes_on_where_it_was(tmp_path, monkeypatch):
    def killed(picture, n, method):
        if files(tmp_path):
            raise KeyboardInterrupt
        return propose(picture, n, method)

    monkeypatch.setattr(region_cache, "propose", killed)
    with pytest.raises(KeyboardInterrupt):
        Proposed(Noise(), "uniform", 5, tmp_path)
    calls = computed(monkeypatch)
    Proposed(Noise(), "uniform", 5, tmp_path)
    assert len(calls) == 1 and len(files(tmp_path)) == 2


def cut(share):
    return lambda contents: contents[: int(len(contents) * share)]


def flip(place):
    def flipped(contents):
        changed = bytearray(contents)
        changed[place] ^= 0xFF
        return bytes(changed)

    return flipped


DAMAGES = [cut(0.5), flip(60)]
MORE_DAMAGES = [
    *map(cut, (0.0, 0.1, 0.9)),
    *map(flip, (0, 6, 8, 28, 130, 200, -100, -30, -5)),
    lambda _: b"words",
]


@pytest.mark.parametrize(
    "damage", [*DAMAGES, *(pytest.param(damage, marks=pytest.mark.full) for damage in MORE_DAMAGES)]
)
def test_a_damaged_file_is_named_and_computed_anew_or_harmless(tmp_path, capsys, damage):
    Proposed(Noise(), "uniform", 5, tmp_path)
    file = files(tmp_path)[0]
    before = region_cache.read(file)
    file.write_bytes(damage(file.read_bytes()))
    source = Proposed(Noise(), "uniform", 5, tmp_path)
    said = capsys.readouterr().err
    assert said.count("\n") <= 1 and (not said or str(file) in said)
    np.testing.assert_array_equal(region_cache.read(file).boxes, before.boxes)
    assert len(list(source.records().map(source.decode))) == 3


def test_a_file_cut_short_is_named(tmp_path, capsys):
    Proposed(Noise(), "uniform", 5, tmp_path)
    file = files(tmp_path)[0]
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InputError, match=f"{file}: is no whole file of proposals .* remove it, and run again"):
        region_cache.read(file)
    Proposed(Noise(), "uniform", 5, tmp_path)
    assert capsys.readouterr().err.startswith(f"computed anew: {file}: is no whole file of proposals")


@pytest.mark.parametrize(
    "arrays",
    [
        {"boxes": np.zeros((2, 3), np.float32), "scores": np.zeros(2), "seconds": 1.0},
        {"boxes": np.zeros((2, 4), np.float32), "scores": np.zeros(3), "seconds": 1.0},
        {"boxes": np.zeros((2, 4)), "scores": np.zeros(2), "seconds": 1.0},
        {"boxes": np.zeros((2, 4), np.float32), "scores": np.zeros(2)},
        {"boxes": np.array([{"pickled": 1}]), "scores": np.zeros(1), "seconds": 1.0},
    ],
)
def test_files_of_other_things_are_refused(tmp_path, arrays):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError, match=r"a\.npz: .*proposals.*: remove it"):
        region_cache.read(tmp_path / "a.npz")


def test_a_picture_that_changes_is_another(tmp_path):
    picture = np.zeros((4, 6, 3), np.uint8)
    a = region_cache.path_of(picture, "uniform", 5, tmp_path)
    assert a == region_cache.path_of(picture.copy(), "uniform", 5, tmp_path)
    assert a != region_cache.path_of(picture.reshape(6, 4, 3), "uniform", 5, tmp_path)
    picture[2, 2] = 1
    assert a != region_cache.path_of(picture, "uniform", 5, tmp_path)


def test_records_left_out_are_not_searched(tmp_path):
    rest = Noise().without([Problem("x", "bad", 2)])
    source = Proposed(rest, "uniform", 5, tmp_path)
    assert len(source) == 2 and len(files(tmp_path)) == 1
    assert len(source.without([Problem("x", "bad", 0)])) == 1


def test_problems_are_those_of_the_source(tmp_path, monkeypatch):
    monkeypatch.setattr(Noise, "check", lambda self, index, record: Problem("x", f"bad {record}", index))
    source = Proposed(Noise(), "uniform", 5, tmp_path)
    assert [problem.message for problem in source.findings()] == ["bad 1", "bad 1", "bad 2"]


def test_with_proposals(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    source = Noise()
    assert with_proposals(source, "", 5) is source
    found = with_proposals(source, "uniform", 5)
    assert found.keys[-1] == "proposals" and len(files(tmp_path / "proposals" / "uniform-5")) == 2
    monkeypatch.delenv("TFDS_DATA_DIR")
    assert region_cache.default_folder().parts[-2:] == ("regionzoo", "proposals")


def test_wrong_arguments_are_named(tmp_path):
    with pytest.raises(InputError, match="unknown method of proposals 'bing'"):
        Proposed(Noise(), "bing", 5, tmp_path)
    with pytest.raises(InputError, match="1 or more a picture, received 0"):
        Proposed(Noise(), "uniform", 0, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        Proposed(Noise(), "uniform", 5, tmp_path / "file")


def test_the_pipeline_feeds_them_padded(tmp_path):
    source = Proposed(Noise(), "uniform", 5, tmp_path)
    arguments = {"task": "detection", "picture_size": (40, 60), "batch_size": 2, "max_objects": 4}
    dataset = pipeline(source, num_proposals=8, **arguments)
    inputs, targets = next(iter(dataset))
    assert {key: spec.shape[1:] for key, spec in dataset.element_spec[0].items()} == {
        "image": (40, 60, 3),
        "proposals": (8, 4),
    }
    expected = 2 * next(iter(source.records().map(source.decode)))["proposals"].numpy()
    np.testing.assert_allclose(inputs["proposals"][0, : len(expected)], expected, atol=1e-4)
    assert not np.any(inputs["proposals"][0, len(expected) :])
    np.testing.assert_array_equal(targets["boxes"][0, 0], [6, 8, 26, 28])
    fewer, _ = next(iter(pipeline(source, num_proposals=2, **arguments)))
    np.testing.assert_allclose(fewer["proposals"][0], expected[:2], atol=1e-4)


@pytest.mark.parametrize("task", [pytest.param("localization", marks=pytest.mark.full), "detection"])
def test_every_task_has_them_in_training(tmp_path, task):
    source = Proposed(Noise(), "uniform", 5, tmp_path)
    arguments = {"picture_size": (64, 64), "batch_size": 2, "training": True, "num_proposals": 6}
    dataset = pipeline(source, task=task, multi_scale=((32, 96),), **arguments)
    inputs, _ = next(iter(dataset))
    assert inputs["image"].shape == (2, 32, 96, 3) and inputs["proposals"].shape == (2, 6, 4)
    assert np.all(inputs["proposals"][..., 2:] <= [96, 32]) and np.any(inputs["proposals"][..., 2] > 64)


def test_sources_without_proposals_have_no_dict():
    images, _ = pipeline(Noise(), task="detection", picture_size=(40, 60), batch_size=2).element_spec
    assert images.shape == (None, 40, 60, 3)


def test_no_rows_for_proposals_are_refused():
    with pytest.raises(InputError, match="num_proposals is 1 or more, received 0"):
        pipeline(Noise(), task="detection", picture_size=(40, 60), batch_size=2, num_proposals=0)


@pytest.mark.full
def test_real_pictures_are_searched(zoo_data, tmp_path):
    source = open_source(f"voc:{zoo_data}/bccd:val")
    first = source.without([Problem("x", "bad", i) for i in range(1, source.count)])
    (example,) = first.records().map(first.decode)
    found = Proposed(first, "superpixels", 300, tmp_path).proposals_of(example["image"].numpy())
    assert len(found.boxes) > 20
