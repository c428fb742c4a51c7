import pytest

from recipes.report.run import text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (
            {"picture_size": (480, 640), "milestones": (40_000, 60_000)},
            "picture_size 480 x 640, milestones (40000, 60000)",
        ),
        ({"multi_scale": ((320, 352), (64, 96))}, "multi_scale 320 x 352; 64 x 96"),
        ((8, 16), "8, 16"),
        (("conv1", "res2_*"), "conv1, res2_*"),
        ((0.8, 1.25), "0.8, 1.25"),
        ((61, 123, 246), "61, 123, 246"),
        (((1.5, 2.0), (3.0, 4.25)), "1.5, 2; 3, 4.25"),
        ({"width": 0.25, "anchors": (), "scale": (0.5, 2.0)}, "width 0.25, anchors none, scale (0.5, 2)"),
        (None, "none"),
    ],
)
def test_a_field_is_written_so_that_a_list_is_no_size(value, written):
    assert text(value) == written
