from recipes.report.curves import quality_curves, training_curves
from tests.recipes.report.examples import CLASSES, HISTORY, QUALITY


def test_training_and_validation_share_a_curve():
    assert list(training_curves(HISTORY)) == ["loss", "learning_rate", "miou"]
    assert training_curves([]) == {}
    assert training_curves([{"epoch": 1, "loss": None, "note": float("nan")}]) == {}


def test_curves_follow_the_page_colours():
    drawn = training_curves(HISTORY) | quality_curves(QUALITY, CLASSES)
    assert len(drawn) == 4
    for svg in drawn.values():
        assert "var(--accent)" in svg
        assert "#00000" not in svg and "<?xml" not in svg and "metadata" not in svg


def test_a_class_has_its_own_colour_in_a_curve():
    (svg,) = quality_curves(QUALITY, CLASSES).values()
    assert svg.count("#0072b2") == 1 and ">mean<" in svg
    assert quality_curves([{**QUALITY[0], "lines": {}}]) == quality_curves([]) == {}


def test_other_runs_are_drawn_beside():
    alone, both = training_curves(HISTORY), training_curves(HISTORY, {"from <scratch>": HISTORY, "empty": []})
    assert alone.keys() == both.keys()
    assert "from &lt;scratch&gt;" in both["miou"] and "from" not in alone["miou"] and "empty" not in both["miou"]
