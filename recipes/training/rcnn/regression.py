"""Step 5: linear regressions that mend the boxes of each class.

Source: Girshick et al. 2014, arXiv:1311.2524, appendix C; what it leaves open is as in the authors' release,
rbgirshick/rcnn, bbox_regression/rcnn_train_bbox_regressor.m. Its mean length of features is that of regions drawn
from all, ours that of the regions learned from: of these alone pool5 is on disk.
"""

import numpy as np
from keras import ops
from sklearn.linear_model import Ridge

from recipes.training.rcnn.features import scale_of
from zoo.ops import boxes as box_ops
from zoo.progress import track

NEAR = 0.6
STRENGTH = 1000.0
"""IoU with an object that a region to learn from exceeds, and lambda."""


def near_objects(regions):
    """Returns the rows of the regions that overlap an object by more than `NEAR`, the objects themselves too."""
    return np.flatnonzero(regions.overlap > NEAR)


def train_regressors(features, regions, rows, num_classes):
    """Learns for each class how the objects lie about the regions near them.

    Args:
        features: `(n, D)`, in memory or a memory map.
        regions: `Regions`.
        rows: `(n,)`, which of the regions the features are of: `near_objects(regions)`.
        num_classes: C.

    Returns:
        Weights `(D, 4 C)` and biases `(4 C,)` float32 for the offsets of `zoo.ops.boxes.decode`, class after class;
        zeros for a class without an object.
    """
    weights = np.zeros((features.shape[1], num_classes, 4), np.float32)
    biases = np.zeros((num_classes, 4), np.float32)
    labels, targets = regions.labels[rows], box_ops.encode(regions.boxes[rows], regions.matches[rows])
    targets = ops.convert_to_numpy(targets)
    scale = scale_of(features) if len(rows) else 1.0
    for i in track(range(num_classes), "step 5 of 5: box regression", num_classes):
        own = np.flatnonzero(labels == i)
        if len(own):
            weights[:, i], biases[i] = ridge(features, own, targets[own], scale)
    return weights.reshape(len(weights), -1), biases.reshape(-1)


def ridge(features, rows, targets, scale=1.0, strength=STRENGTH):
    """Least squares with a penalty on the weights and on what the bias is beyond the targets' mean.

    The release also decorrelates the targets before and brings them back afterwards, which under one lambda for all
    changes nothing.

    Args:
        features: `(N, D)`, in memory or a memory map, of which only the rows are read.
        rows: `(n,)`, which of them.
        targets: `(n, T)`.
        scale: factor on the features it learns from; the weights are for the features as they are.
        strength: lambda.

    Returns:
        Weights `(D, T)` and bias `(T,)` float64.
    """
    chosen = np.ones((len(rows), features.shape[1] + 1))
    chosen[:, :-1] = features[rows]
    chosen[:, :-1] *= scale
    mean = targets.mean(axis=0)
    model = Ridge(strength, fit_intercept=False, solver="cholesky", copy_X=False).fit(chosen, targets - mean)
    solved = np.atleast_2d(model.coef_).T  # of one target scikit-learn gives a vector
    return solved[:-1] * scale, solved[-1] + mean
