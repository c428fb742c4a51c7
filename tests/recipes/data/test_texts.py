import os

import numpy as np
import pytest

from recipes.data.texts import Texts


def test_texts_by_hand():
    words = ["a/b.png", "", "äö", os.fsdecode(b"\xff.jpg"), "z"]
    texts = Texts.of(iter(words))
    assert list(texts) == words and texts[-1] == "z" and texts.raw(2) == "äö".encode()
    assert texts.columns["bytes"].dtype == np.uint8 and texts.columns["ends"].tolist() == [7, 7, 11, 16, 17]
    for index in (5, -6):
        with pytest.raises(IndexError):
            texts[index]


def test_no_texts():
    assert list(Texts.of([])) == []
