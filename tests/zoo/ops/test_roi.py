import keras
import numpy as np
import pytest
from keras import ops

from tests.checks import core_in_full, gradients, quick
from tests.zoo.ops import roi_reference
from zoo import InputError
from zoo.layers import RoIAlign, RoIPool
from zoo.ops.roi import assign_levels, roi_align
from zoo.ops.roi_pool import roi_pool

STRIDES = (4, 8, 16, 32)


def random_maps(*sizes, batch=2, channels=3, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(batch, *size, channels)).astype("float32") for size in sizes]


def random_rois(count, size, batch=2, seed=0):
    """Regions of a cell to more than the picture, some beyond its border, one empty, one turned round."""
    rng = np.random.default_rng(seed)
    corner = rng.uniform(-0.2 * size, size, (batch, count, 2))
    rois = np.concatenate([corner, corner + np.exp(rng.uniform(0, np.log(1.5 * size), corner.shape))], -1)
    rois[0, :2] = [0, 0, 0, 0], [9, 9, 5, 13]
    return rois.astype("float32")


def align(maps, rois, **options):
    return ops.convert_to_numpy(roi_align(maps, np.asarray(rois, "float32"), **options))


def pool(feature_map, rois, **options):
    return ops.convert_to_numpy(roi_pool(ops.convert_to_tensor(feature_map), np.asarray(rois, "float32"), **options))


@pytest.mark.core
def test_align_by_hand():
    # Value 10 y + x at cell (y, x). A region of 4x4 cells in 2x2 bins has its samples at 0.5, 1.5, 2.5, 3.5 of each
    # axis, whose pairs average 1 and 3; half a cell less where cells are centred.
    ramp = (10 * np.arange(6)[:, None] + np.arange(6.0)).astype("float32").reshape(1, 6, 6, 1)
    options = {"strides": [8], "output_size": 2}
    np.testing.assert_allclose(align([ramp], [[[0, 0, 32, 32]]], **options).ravel(), [11, 13, 31, 33])
    # At -0.5 + 0.5 = 0 nothing is cut: the means are 0.5 and 2.5.
    aligned = align([ramp], [[[0, 0, 32, 32]]], aligned=True, **options)
    np.testing.assert_allclose(aligned.ravel(), [5.5, 7.5, 25.5, 27.5])


@pytest.mark.core
def test_align_at_the_border():
    # Constant 1 on 4 cells of one row: samples up to one cell beyond the border read its cell, further ones 0.
    ones = np.ones((1, 4, 4, 1), "float32")
    row = align([ones], [[[-32, 8, 64, 16]]], strides=[8], output_size=(1, 12), sampling_ratio=1)
    # Samples at -3.5, -2.5, -1.5, -0.5, 0.5 ... 3.5, 4.5, ...: the fourth is within a cell of the border, 4.5 is not.
    np.testing.assert_allclose(row.ravel(), [0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0])


@pytest.mark.core
def test_smallest_region_is_one_cell_unless_aligned():
    ramp = np.arange(5, dtype="float32").reshape(1, 1, 5, 1)
    point = [[[16, 0, 16, 0]]]  # an empty region at cell 2: samples at 2.25 and 2.75 of one cell, or all at 1.5
    assert align([ramp], point, strides=[8], output_size=1).item() == 2.5
    assert align([ramp], point, strides=[8], output_size=1, aligned=True).item() == 1.5


@pytest.mark.core
@pytest.mark.parametrize(
    ("aligned", "sampling_ratio"), quick([(a, s) for a in (False, True) for s in (1, 2, 3)], (False, 2), (True, 2))
)
def test_align_agrees_with_loops(aligned, sampling_ratio):
    maps, rois = random_maps((50, 40), (25, 20), (13, 10), (7, 5)), random_rois(16, 200)
    found = align(maps, rois, strides=STRIDES, output_size=(3, 2), sampling_ratio=sampling_ratio, aligned=aligned)
    expected = roi_reference.align(maps, rois, STRIDES, (3, 2), sampling_ratio, aligned)
    np.testing.assert_allclose(found, expected, atol=5e-5)


@core_in_full
def test_align_in_parts_is_the_same():
    maps, rois = random_maps((50, 40), (25, 20)), random_rois(7, 200)
    options = {"strides": STRIDES[:2], "output_size": 2}
    a_region = 2 * 2 * 4 * 4 * 3
    parts = align(maps, rois, numbers_at_once=3 * a_region, **options)
    np.testing.assert_array_equal(parts, align(maps, rois, **options))


@pytest.mark.core
def test_levels_by_hand():
    sides = [1, 111.9, 112, 223.9, 224, 447.9, 448, 5000]
    rois = np.array([[0, 0, side, side] for side in sides], "float32")
    assert ops.convert_to_numpy(assign_levels(rois, STRIDES)).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert ops.convert_to_numpy(assign_levels(rois, (8, 16))).tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    # Of the area, whatever the shape: 56 x 224 is a square of 112.
    assert int(assign_levels(np.array([[0, 0, 56, 224]], "float32"), STRIDES)[0]) == 1


@pytest.mark.core
def test_pool_by_hand():
    cells = np.arange(36, dtype="float32").reshape(1, 6, 6, 1)
    # Pixels 8 to 40 at stride 8 are the cells 1 to 5, of which two bins share the middle one: 1-3 and 3-5.
    region = pool(cells, [[[8, 8, 40, 40]]], stride=8, output_size=2)
    np.testing.assert_array_equal(region[0, 0, ..., 0], [[21, 23], [33, 35]])
    # 12 / 8 = 1.5 is rounded to 2, away from zero; a region of one cell fills every bin.
    assert (pool(cells, [[[12, 12, 12, 12]]], stride=8, output_size=3) == 14).all()
    # -8 is cell -1: of three cells in six bins the first two are empty.
    outside = pool(1 + cells, [[[-8, 0, 8, 0]]], stride=8, output_size=(1, 6))
    np.testing.assert_array_equal(outside.ravel(), [0, 0, 1, 1, 2, 2])


@core_in_full
@pytest.mark.parametrize("size", [(13, 17), (5, 8)])
def test_pool_agrees_with_loops(size):
    feature_map, rois = random_maps(size)[0], random_rois(30, 16 * size[1])
    found = pool(feature_map, rois, stride=16, output_size=(3, 4))
    np.testing.assert_array_equal(found, roi_reference.pool(feature_map, rois, 16, (3, 4)))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="sizes are always known")
def test_pool_of_a_map_whose_size_is_not_known_before_the_call():
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3)), tf.TensorSpec((None, None, 4))])
    def pool_any(feature_map, rois):
        return roi_pool(feature_map, rois, stride=4, output_size=(2, 3))

    for size in ((9, 5), (1, 2), (30, 41)):
        feature_map, rois = random_maps(size)[0], random_rois(10, 4 * size[1])
        expected = pool(feature_map, rois, stride=4, output_size=(2, 3))
        np.testing.assert_array_equal(pool_any(feature_map, rois), expected)


@core_in_full
def test_no_regions():
    maps, rois = random_maps((8, 8), (4, 4)), np.zeros((2, 0, 4), "float32")
    assert align(maps, rois, strides=(4, 8), output_size=7).shape == (2, 0, 7, 7, 3)
    assert pool(maps[0], rois, stride=4, output_size=7).shape == (2, 0, 7, 7, 3)


@core_in_full
@pytest.mark.parametrize("kind", ["align", "pool"])
def test_gradient_is_that_of_finite_differences(kind):
    maps = random_maps((6, 5), (3, 3), batch=1, channels=1, seed=3)
    rois = np.array([[[1, 2, 17, 19], [4, 3, 5, 4], [-9, 6, 12, 30]]], "float32")
    if kind == "align":
        layer, inputs, mode = RoIAlign(2, (4, 8)), maps, {"training": True}
        rois[0, 0] = [-30, -30, 90, 90]  # reads the second map, once within it
    else:
        layer, inputs, mode = RoIPool(2, 4), maps[:1], {}
    factors = np.random.default_rng(1).normal(size=(3, 2, 2, 1)).astype("float32")

    def value(inputs):
        return ops.sum(layer([*inputs, ops.convert_to_tensor(rois)], **mode) * factors)

    found = gradients(value, inputs)
    # Both are linear, the second in pieces: along any direction a central difference is exact but for rounding.
    for seed in range(8):
        rng = np.random.default_rng(seed)
        direction = [rng.normal(size=one.shape).astype("float32") for one in inputs]
        ahead, behind = (
            float(value([ops.convert_to_tensor(x + step * d) for x, d in zip(inputs, direction, strict=True)]))
            for step in (1e-3, -1e-3)
        )
        slope = sum(np.sum(one * d) for one, d in zip(found, direction, strict=True))
        np.testing.assert_allclose(slope, (ahead - behind) / 2e-3, atol=1e-2)
    assert all(np.abs(one).max() > 0.05 for one in found)


@core_in_full
@pytest.mark.parametrize("count", [5, 1])
def test_regions_that_are_learned_from_in_turn_give_values_and_gradients_of_all_at_once(count):
    maps, rois = random_maps((9, 7), (5, 4)), random_rois(7, 40)[:, 2 : 2 + count]
    options = {"strides": (4, 8), "output_size": (3, 2)}
    a_region = 2 * (3 * 2 * 16 * 3)  # cells' numbers, of both pictures
    factors = np.random.default_rng(1).normal(size=(2, count, 3, 2, 3)).astype("float32")

    def value(**ways):
        return lambda maps: ops.sum(roi_align(maps, rois, **options, **ways) * factors)

    in_turn = {"learns": True, "numbers_at_once": 2 * a_region}
    np.testing.assert_allclose(align(maps, rois, **options, **in_turn), align(maps, rois, **options), atol=1e-6)
    for ours, plain in zip(gradients(value(**in_turn), maps), gradients(value(), maps), strict=True):
        np.testing.assert_allclose(ours, plain, atol=1e-5)


@core_in_full
def test_layers_save_load_and_keep_regions_in_full_precision(tmp_path):
    fine, coarse, rois = keras.Input((None, None, 3)), keras.Input((None, None, 3)), keras.Input((4, 4))
    half = keras.DTypePolicy("mixed_float16")
    outputs = [
        RoIAlign((3, 2), (4, 8), sampling_ratio=1, aligned=True, name="aligned")([fine, coarse, rois]),
        RoIAlign(2, (4,), dtype=half, name="half")([fine, rois]),
        RoIPool(2, 4, name="pooled")([fine, rois]),
    ]
    model = keras.Model([fine, coarse, rois], outputs)
    maps, regions = random_maps((520, 8), (260, 4)), random_rois(4, 30)
    # Half a thousand pixels down float16 knows quarters of a pixel only.
    regions[:, 2:] = [3.1, 2001.3, 20.2, 2011.4]
    expected = model.predict([*maps, regions], verbose=0)
    assert [x.shape for x in expected] == [(8, 3, 2, 3), (8, 2, 2, 3), (8, 2, 2, 3)]
    single = align(maps[:1], regions, strides=[4], output_size=2).reshape(8, 2, 2, 3)
    np.testing.assert_allclose(expected[1], single, atol=1e-2)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for a, b in zip(expected, loaded.predict([*maps, regions], verbose=0), strict=True):
        np.testing.assert_array_equal(a, b)


def test_bad_arguments():
    maps, rois = random_maps((8, 8), (4, 4)), random_rois(3, 30)
    with pytest.raises(InputError, match="2 maps"):
        align(maps, rois, strides=(4,), output_size=7)
    with pytest.raises(InputError, match="sampling_ratio 0"):
        align(maps, rois, strides=(4, 8), output_size=7, sampling_ratio=0)
