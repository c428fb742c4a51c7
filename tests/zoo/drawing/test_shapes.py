import numpy as np
import pytest

from zoo.drawing import shapes
from zoo.drawing.colours import _appearance, palette
from zoo.errors import InputError

GREY = np.full((20, 30, 3), 100, "uint8")


def test_palette_colours_are_distinct_for_all_readers():
    colours = palette(32)
    assert colours.shape == (32, 3) and colours.dtype == np.uint8
    as_seen = _appearance(colours)
    for view in (as_seen, as_seen[:, :3]):
        distance = np.linalg.norm(view[:, None] - view[None], axis=-1) + np.eye(32)
        assert distance.min() > 0.05
    assert len(np.unique(palette(255), axis=0)) == 255


@pytest.mark.parametrize("n", [0, 1, 7, 8, 80])
def test_a_class_keeps_its_colour_when_others_are_added(n):
    assert np.array_equal(palette(n), palette(n + 5)[:n])


@pytest.mark.parametrize("n", [-1, 100_000])
def test_palette_has_an_end(n):
    with pytest.raises(InputError, match=str(n)):
        palette(n)


def test_overlay_by_hand():
    classes = np.full((20, 30), 255)
    classes[3, 4] = 0
    tinted = shapes.overlay(GREY, classes, opacity=0.25)
    # Class 0 is (0, 114, 178): 0.75 * 100 + 0.25 * colour = 75, 103.5, 119.5, rounded to even.
    assert tinted[3, 4].tolist() == [75, 104, 120]
    tinted[3, 4] = 100
    assert np.array_equal(tinted, GREY)


def test_overlay_leaves_its_input_alone():
    image = GREY.copy()
    shapes.overlay(image, np.zeros((20, 30), "int32"))
    assert np.array_equal(image, GREY)


@pytest.mark.parametrize(
    ("image", "classes", "message"),
    [
        (GREY, np.zeros((20, 31), int), r"\(20, 31\)"),
        (GREY, np.zeros((20, 30)), "float64"),
        (GREY, np.full((20, 30), 256), "256"),
        (GREY, np.full((20, 30), -1), "-1"),
        (GREY.astype("float32"), np.zeros((20, 30), int), r"float32 .*: give pixels of 0 to 255 as picture.astype"),
        (GREY[None], np.zeros((20, 30), int), r"\(1, 20, 30, 3\): give the one picture of the batch, picture\[0\]"),
        ("a.jpg", np.zeros((20, 30), int), "received the path 'a.jpg': give np.asarray"),
        (GREY[..., :1], np.zeros((20, 30), int), r"\(20, 30, 1\)"),
    ],
)
def test_overlay_names_wrong_input(image, classes, message):
    with pytest.raises(InputError, match=message):
        shapes.overlay(image, classes)


def test_box_outline_by_hand():
    drawn = shapes.draw_boxes(GREY, [[5, 6, 15, 12]])
    changed = (drawn != GREY).any(-1)
    outline = np.zeros((20, 30), bool)
    outline[6:12, 5:15] = True
    outline[7:11, 6:14] = False
    assert np.array_equal(changed, outline)


def test_boxes_carry_name_score_and_class_colour():
    drawn = shapes.draw_boxes(
        np.zeros((200, 300, 3), "uint8"), [[20, 50, 120, 150]], [1], ["cat", "dog"], scores=[0.9]
    )
    colour = palette(2)[1]
    assert (drawn[150 - 1, 60] == colour).all()
    assert (drawn[48, 22] == colour).all()


@pytest.mark.parametrize("boxes", [np.zeros((0, 4)), [[-50, -50, -10, -10]], [[5, 5, 5, 5], [9, 9, 2, 2]]])
def test_odd_boxes_are_drawn_without_complaint(boxes):
    assert shapes.draw_boxes(GREY, boxes, np.zeros(len(boxes), int)).shape == GREY.shape


def test_empty_rows_are_not_drawn():
    assert np.array_equal(shapes.draw_boxes(GREY, [[2, 2, 9, 9]], [-1]), GREY)
    assert np.array_equal(shapes.draw_points(GREY, [[5, 5, 0]]), GREY)
    assert np.array_equal(shapes.draw_points(GREY, np.zeros((0, 2))), GREY)


def test_points_lie_where_they_are_said_to():
    drawn = shapes.draw_points(GREY, [[12, 7], [25, 15]])
    assert (drawn[7, 12] == palette(2)[0]).all()
    assert (drawn[15, 25] == palette(2)[1]).all()


def test_limbs_join_the_points_that_are_there():
    points = [[2, 3, 2], [20, 3, 1], [2, 15, 0], [20, 15, 2]]
    drawn = shapes.draw_skeleton(GREY, points, [(0, 1), (0, 2), (3, 1)])
    colours = palette(3)
    assert (drawn[3, 11] == colours[0]).all() and (drawn[9, 20] == colours[2]).all()
    assert (drawn[9, 2] == GREY[9, 2]).all()
    assert (drawn[3, 2] == palette(4)[0]).all(), "a point lies on its limbs"
    assert np.array_equal(shapes.draw_skeleton(GREY, points, ()), shapes.draw_points(GREY, points))


def test_a_limb_without_its_point_is_named():
    with pytest.raises(InputError, match=r"pairs of the 2 points, received \[\[0, 2\]\]"):
        shapes.draw_skeleton(GREY, [[2, 3], [20, 3]], [(0, 2)])


def test_given_colours_replace_those_of_labels():
    drawn = shapes.draw_boxes(GREY, [[5, 6, 15, 12], [20, 6, 25, 12]], colours=[(1, 2, 3), (4, 5, 6)])
    assert drawn[6, 10].tolist() == [1, 2, 3] and drawn[6, 22].tolist() == [4, 5, 6]


def test_wrong_shapes_are_named():
    with pytest.raises(InputError, match=r"draw_boxes .* received \(1, 5\)"):
        shapes.draw_boxes(GREY, np.zeros((1, 5)))
    with pytest.raises(InputError, match="labels .* received 2 for 1"):
        shapes.draw_boxes(GREY, np.zeros((1, 4)), [0, 0])
    with pytest.raises(InputError, match=r"draw_points .* received \(4,\)"):
        shapes.draw_points(GREY, np.zeros(4))


def test_contact_sheet_fits_pictures_of_different_sizes():
    wide, tall, small = (
        np.full((*size, 3), value, "uint8") for size, value in (((50, 400), 10), ((400, 50), 20), ((8, 8), 30))
    )
    sheet = np.asarray(shapes.contact_sheet([wide, tall, small], 2, ["a", "b" * 200, "Ж"], cell=100))
    assert sheet.shape[1] == 2 * 100 + 3 * 12
    for value, area in ((10, 100 * 12.5), (20, 100 * 12.5), (30, 100 * 100)):
        assert abs((sheet == value).all(-1).sum() - area) <= 100


def test_contact_sheet_names_wrong_input():
    with pytest.raises(InputError, match="received 0"):
        shapes.contact_sheet([])
    with pytest.raises(InputError, match="received 1 for 2"):
        shapes.contact_sheet([GREY, GREY], captions=["one"])


def test_masks_are_tinted_and_outlined_by_hand():
    mask = np.zeros((20, 30), bool)
    mask[5:10, 20:30] = True
    drawn = shapes.draw_masks(GREY, [mask], [(200, 0, 0)], opacity=0.5)
    expected = GREY.copy()
    expected[5:10, 20:] = (200, 0, 0)
    expected[6:9, 21:] = (150, 50, 50)  # the picture's border on the right is no outline
    assert np.array_equal(drawn, expected)


def test_the_first_mask_lies_on_top():
    masks = np.zeros((2, 20, 30), "uint8")
    masks[0, :10], masks[1, 5:] = 1, 1
    drawn = shapes.draw_masks(GREY, masks, [(200, 0, 0), (0, 200, 0)], opacity=1.0)
    assert drawn[7, 7].tolist() == [200, 0, 0] and drawn[12, 7].tolist() == [0, 200, 0]


def test_masks_with_holes_and_parts_and_none_at_all():
    mask = np.ones((20, 30), bool)
    mask[8:11, 8:11] = mask[:, 15] = False
    drawn = shapes.draw_masks(GREY, [mask], [(200, 0, 0)], opacity=0.0)
    assert (drawn[9, 9] == 100).all() and (drawn[9, 7] == (200, 0, 0)).all() and (drawn[4, 14] == (200, 0, 0)).all()
    assert np.array_equal(shapes.draw_masks(GREY, np.zeros((0, 20, 30)), np.zeros((0, 3))), GREY)
    assert np.array_equal(shapes.draw_masks(GREY, np.zeros((1, 20, 30)), [(200, 0, 0)]), GREY)


def test_masks_of_another_size_are_named():
    with pytest.raises(InputError, match=r"takes 1 masks of the picture's size \(20, 30\), received \(1, 30, 20\)"):
        shapes.draw_masks(GREY, np.zeros((1, 30, 20)), [(1, 2, 3)])


def test_a_name_with_a_line_break_is_drawn():
    box = np.float32([[2, 12, 25, 18]])
    drawn = shapes.draw_boxes(GREY, box, np.array([0]), ("a\nb",))
    np.testing.assert_array_equal(drawn, shapes.draw_boxes(GREY, box, np.array([0]), ("a\\nb",)))
    assert shapes.contact_sheet([GREY], captions=["a\nb"]).size == shapes.contact_sheet([GREY], captions=["ab"]).size
