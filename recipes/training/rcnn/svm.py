"""Step 4: one linear SVM a class over the features of regions, with hard negatives.

Source: Girshick et al. 2014, arXiv:1311.2524, section 2.3 and appendix B; constants of the authors' rcnn_train.m.
"""

import numpy as np
from sklearn.svm import LinearSVC

from recipes.training.rcnn.features import parts, scale_of
from zoo.errors import InputError
from zoo.progress import track

NEGATIVE = 0.3
"""IoU with the class's objects below which a region is a negative; what lies between it and an object is left out."""
C, POSITIVE_WEIGHT, BIAS = 1e-3, 2.0, 10.0
HARD, EASY = -1.0001, -1.2
"""Margin from which a new negative is hard, and below which a held one is dropped."""
FIRST, MOST, ROUNDS = 10_000, 50_000, 3
"""Negatives to begin with and to add at most in a round, of a class, and the number of rounds of mining."""
NEVER = -100.0
"""Bias of the SVM of a class without objects: the sigmoid of its margin is 0."""


def train_svms(features, regions, class_names, seed=0):
    """Trains an SVM a class: its objects against regions that hardly overlap one of them.

    Args:
        features: `(R, D)`, in memory or a memory map.
        regions: `Regions`.
        class_names: C names.
        seed: fixes the first negatives.

    Returns:
        Weights `(D, C)` and biases `(C,)` float32: `features @ weights + biases` are the margins.

    Raises:
        InputError: if a class with objects has no negative, or the features are no numbers.
    """
    positives, negatives = positives_and_negatives(regions, class_names)
    rng, scale = np.random.default_rng(seed), scale_of(features)
    held = {i: np.sort(rng.permutation(rows)[:FIRST]) for i, rows in negatives.items()}
    weights = np.zeros((features.shape[1], len(class_names)), np.float32)
    biases = np.full(len(class_names), NEVER, np.float32)
    changed = list(held)
    for turn in track(range(ROUNDS + 1), "step 4 of 5: SVMs", ROUNDS + 1):
        for i in changed:
            weights[:, i], biases[i] = fit(features, positives[i], held[i], scale, seed)
        if turn == ROUNDS or not changed:
            break
        found = margins(features, weights, biases)
        harder = {i: mine(found[:, i], negatives[i], held[i]) for i in held}
        changed = [i for i in held if not np.array_equal(harder[i], held[i])]
        held = harder
    return weights, biases


def positives_and_negatives(regions, class_names):
    """Returns the rows of the objects and of the negatives of each class, both by label; says which has none."""
    positives, negatives = {}, {}
    for i, name in enumerate(class_names):
        objects = np.flatnonzero(regions.objects == i)
        others = np.flatnonzero(regions.overlaps[:, i] < NEGATIVE)
        if not len(objects):
            print(f"step 4 of 5: there is no object of class {name}: its SVM never fires")
        elif not len(others):
            raise InputError(f"every region overlaps an object of class {name}: raise num_proposals")
        else:
            positives[i], negatives[i] = objects, others
    return positives, negatives


def fit(features, positives, negatives, scale, seed):
    """Returns weights `(D,)` and bias of one SVM.

    Args:
        features: `(R, D)`.
        positives: rows of them.
        negatives: rows of them.
        scale: factor on the features it learns from; the weights are for the features as they are.
        seed: of the solver.
    """
    rows = np.concatenate([positives, negatives])
    svm = LinearSVC(
        C=C,
        loss="hinge",
        class_weight={1: POSITIVE_WEIGHT},
        intercept_scaling=BIAS,
        max_iter=20_000,
        random_state=seed,
    )
    svm.fit(np.asarray(features[rows], "float32") * scale, (np.arange(len(rows)) < len(positives)).astype(int))
    return svm.coef_[0] * scale, svm.intercept_[0]


def margins(features, weights, biases):
    """Returns the `(R, C)` float32 margins of all regions."""
    return np.concatenate([np.asarray(part, "float32") @ weights + biases for part in parts(features)])


def mine(margins, negatives, held):
    """Returns the rows that a class's SVM learns from next: what it held less the easy, and the hardest of the rest.

    Args:
        margins: `(R,)`.
        negatives: all rows that may be held.
        held: those that were, in order; returned as they are if no other is hard.
    """
    hard = np.setdiff1d(negatives[margins[negatives] > HARD], held)
    if not len(hard):
        return held
    hardest = hard[np.argsort(-margins[hard], kind="stable")[:MOST]]
    return np.union1d(held[margins[held] >= EASY], hardest)
