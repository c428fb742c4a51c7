import pytest

from recipes.report.words import counted, difference, file_size, number, percent, title_of


@pytest.mark.parametrize(
    ("key", "title"),
    [("mask_ap50", "mask AP50"), ("keypoint_ar20", "keypoint AR20"), ("ap", "AP"), ("mean_iou", "mean IoU")],
)
def test_titles(key, title):
    assert title_of(key) == title


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
