"""The report in one paragraph."""

from recipes.report.cards import verdict
from recipes.report.words import counted, number, title_of

TOLD = 3


def headline(title, epochs, overall, classes, artifacts):
    """Says what the run came to.

    Args:
        title: name of the run.
        epochs: number of epochs trained; 0 where that is unknown.
        overall: dict of figure to value, the main figure first; may be empty. The first three are told.
        classes: dict of class (or keypoint) to its value of the main figure of each, higher is better, `None` where
            it has none.
        artifacts: list of dicts, see `recipes.report.cards.card`.
    Returns:
        One to three sentences, or "" where there is nothing to say.
    """
    sentences = []
    if overall:
        main, *others = (f"{title_of(key)} {number(value)}" for key, value in list(overall.items())[:TOLD])
        after = f" after {counted(epochs, 'epoch')}" if epochs else ""
        beside = f", with {_listed(others)}" if others else ""
        sentences.append(f"{title} reaches {main}{after}{beside}.")
    seen = {name: value for name, value in classes.items() if value is not None}
    if len(seen) > 1:
        extremes = max(seen, key=seen.get), min(seen, key=seen.get)
        best, weakest = (f"{name} ({number(seen[name])})" for name in extremes)
        sentences.append(f"Best on {best}, weakest on {weakest}.")
    if artifacts:
        verdicts = [verdict(artifact) for artifact in artifacts]
        counts = [f"{verdicts.count(word)} {word}" for word in dict.fromkeys(verdicts)]
        sentences.append(f"Exported to {counted(len(artifacts), 'artifact')}: {_listed(counts)}.")
    return " ".join(sentences)


def _listed(words):
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
