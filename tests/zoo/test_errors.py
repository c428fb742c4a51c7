from zoo.errors import alike, nearest, written

KNOWN = ("fast_rcnn", "faster_rcnn", "mask_rcnn", "rcnn", "unet")


def test_names_that_hold_a_mistaken_one_come_before_those_that_are_like_it():
    assert alike("rcnn", KNOWN) == ["fast_rcnn", "faster_rcnn", "mask_rcnn"]
    assert alike("MASK", KNOWN) == ["mask_rcnn"]
    assert alike("unett", KNOWN) == ["unet"]
    assert alike("fast_rcn", KNOWN)[0] == "fast_rcnn" and len(alike("fast_rcn", KNOWN)) == 3
    assert alike("", KNOWN) == alike("qqq", KNOWN) == alike("unet", ()) == []


def test_nearest_names_are_the_middle_of_a_message():
    assert nearest("er_rcnn", KNOWN[1:3]) == ", nearest are faster_rcnn, mask_rcnn"
    assert nearest("qqq", KNOWN) == ""


def test_a_size_is_written_with_the_sides_that_may_have_any_length():
    assert (written((480, 640)), written([None, 7]), written((None, None))) == ("480x640", "anyx7", "anyxany")
