import numpy as np

from recipes.report.charts import MOST, count_charts, most_confused

MATRIX = {
    "title": "Confusion",
    "x": "predicted",
    "y": "true",
    "matrix": [[3, 1], [0, 0]],
    "rows": ["<cat>", "a name of very many characters"],
    "columns": ["<cat>", "a name of very many characters"],
}
BARS = {
    "title": "Sizes",
    "x": "side",
    "y": "objects",
    "bins": ["a", "b", "c"],
    "bars": {"found": [0, 2, 0], "missed": [0, 1, 0]},
}


def test_a_matrix_has_its_shares_and_bars_their_bins():
    drawn = count_charts([MATRIX, BARS])
    assert list(drawn) == ["Confusion", "Sizes"]
    matrix, bars = drawn.values()
    assert ">75<" in matrix and ">25<" in matrix and "&lt;cat&gt;" in matrix and "…" in matrix
    assert "var(--accent)" in matrix and "#00000" not in matrix
    assert ">b<" in bars and ">a<" not in bars and ">missed<" in bars


def test_what_counts_nothing_is_left_out():
    nothing = [{**MATRIX, "matrix": [[0, 0], [0, 0]]}, {**BARS, "bars": {"found": [0] * 3, "missed": [0] * 3}}]
    assert count_charts(nothing) == count_charts([]) == {}


def test_of_many_classes_the_most_confused_are_shown():
    counts = 9 * np.eye(MOST + 5, dtype=int)
    counts[3, MOST + 4] = 7
    kept = most_confused(counts)
    assert len(kept) == MOST and {3, MOST + 4} <= set(kept) and sorted(kept) == list(kept)
    names = [f"class{i}" for i in range(MOST + 5)]
    (title,) = count_charts([{**MATRIX, "matrix": counts.tolist(), "rows": names, "columns": names}])
    assert title == f"Confusion (the {MOST} most confused of {MOST + 5})"
