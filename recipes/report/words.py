"""How the report writes names and numbers."""

import math

TITLES = {
    "miou": "mIoU",
    "iou": "IoU",
    "mean_iou": "mean IoU",
    "ap": "AP",
    "ap50": "AP50",
    "ap75": "AP75",
    "ap_small": "AP small",
    "ap_medium": "AP medium",
    "ap_large": "AP large",
    "ar1": "AR1",
    "ar10": "AR10",
    "ar100": "AR100",
    "ar20": "AR20",
    "ar_small": "AR small",
    "ar_medium": "AR medium",
    "ar_large": "AR large",
    "voc_ap50": "VOC AP50",
    "voc_ap50_11": "VOC AP50, 11 points",
    "nme": "NME",
    "auc": "AUC@0.08",
    "failure_rate": "failures@0.08",
    "pck": "PCK@0.2",
    "f1": "best F1",
    "best_score": "at score",
}


def title_of(key):
    """Writes the key of a figure for readers: "pixel_accuracy" becomes "pixel accuracy", "mask_ap50" "mask AP50"."""
    what, _, figure = key.partition("_")
    if what in ("mask", "keypoint"):
        return f"{what} {title_of(figure)}"
    return TITLES.get(key, key.replace("_", " "))


def of_each(scores):
    """Returns the names of figures of classes or keypoints, and by class or keypoint its values in that order."""
    rows = {}
    for key, value in scores.items():
        figure, slash, owner = key.partition("/")
        if slash:
            rows.setdefault(owner, {})[figure] = value
    figures = list(dict.fromkeys(figure for row in rows.values() for figure in row))
    return figures, {owner: [row.get(figure) for figure in figures] for owner, row in rows.items()}


def number(value, digits=3):
    """Writes a figure; a dash where there is none, as for a class that never occurs."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def counted(count, noun):
    """Writes "1 epoch", "2 epochs"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def difference(value):
    """Writes a difference to two digits, whatever its size."""
    return f"{value:.1e}" if 0 < abs(value) < 1e-3 else f"{value:.2g}"


def percent(share):
    """Writes a share of 0-1 in percent; only a whole is 100, however little is missing."""
    return "100 %" if share == 1 else f"{min(100 * share, 99.99):.2f} %"


def file_size(count):
    """Writes a number of bytes in the unit that suits it: 117824113 becomes "118 MB"."""
    for unit in ("B", "kB", "MB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"
