"""How far an artifact may be from its Keras model, by task and way to quantize."""

from collections import ChainMap

from zoo.errors import InputError

TOLERANCES = {
    "segmentation": {
        None: {"relative": 1e-4, "agreement": 0.999},
        "float16": {"p99_relative": 1e-2, "agreement": 0.995},
        "dynamic": {"metric_change": 0.005, "agreement": 0.98},
        "int8": {"metric_change": 0.01, "agreement": 0.95},
    },
    "detection": {
        None: {"boxes": 0.5, "boxes_shift": 0.05, "scores": 1e-3, "agreement": 1.0, "agreement_of_all": 0.98},
        "float16": {"boxes_shift": 0.2, "scores_shift": 0.01, "metric_change": 0.005, "agreement": 0.95},
        "dynamic": {"boxes_shift": 1.0, "scores_shift": 0.05, "metric_change": 0.005, "agreement": 0.8},
        "int8": {"boxes_shift": 1.0, "scores_shift": 0.1, "metric_change": 0.02, "agreement": 0.7},
    },
    "localization": {
        None: {"box": 0.5, "box_shift": 0.05, "probs": 1e-3, "score": 1e-3, "agreement": 1.0},
        "float16": {"metric_change": 0.005, "agreement": 0.95},
        "dynamic": {"metric_change": 0.005, "agreement": 0.8},
        "int8": {"metric_change": 0.02, "agreement": 0.7},
    },
    "points": {
        None: {"points": 0.5, "points_shift": 0.05, "score": 1e-3, "agreement": 1.0},
        "float16": {"metric_change": 0.001, "agreement": 0.99},
        "dynamic": {"metric_change": 0.002, "agreement": 0.9},
        "int8": {"metric_change": 0.005, "agreement": 0.8},
    },
}
"""By task and `quantize`, each limit by its name:

- an output's name: its largest difference; with "_shift" behind it, its mean difference with sign, which rounding
  leaves near 0 and half a pixel or a lost factor does not;
- "relative": the largest difference of a float output over max(1, largest output of Keras); "p99_relative": which
  99 % of them stay below, as rounding to half has no bound that every one of millions keeps;
- "agreement": the smallest fraction of equal predictions; "agreement_of_all": of all rows of a detector, those of low
  score too, of which a tie at a threshold may take one;
- "least_mask_iou" and "mean_mask_iou": how well the masks of equal detections overlap at least;
- "metric_change": the largest fall or rise of the metric.

All of them count. Where one cannot be measured, or says nothing, see `Verification.doubts`."""
MASKS = {
    None: {"least_mask_iou": 0.99},
    "float16": {"mean_mask_iou": 0.98},
    "dynamic": {"mean_mask_iou": 0.95},
    "int8": {"mean_mask_iou": 0.9},
}
KEYPOINTS = {
    None: {"keypoints": 0.5, "keypoints_shift": 0.05, "keypoint_scores": 1e-2},
    "float16": {},
    "dynamic": {"metric_change": 0.01},
    "int8": {},
}
"""Beyond those of a detector: of the masks and the points of each object."""
for _task, _parts in {
    "instance_segmentation": (MASKS,),
    "keypoints": (KEYPOINTS,),
    "masks_and_keypoints": (MASKS, KEYPOINTS),
}.items():
    TOLERANCES[_task] = {
        quantize: dict(ChainMap(*(part[quantize] for part in _parts), limits))
        for quantize, limits in TOLERANCES["detection"].items()
    }
SWITCHES = {None: 1e-5, "float16": 1e-2}
"""The limit "switch_gap" of a network with switches, see `export.switches`: how far below the largest value of its
window the value may lie that the artifact chose, as a fraction of the layer's largest. In 8 bits far more of them
move: such files are judged by what they predict."""
AT_LEAST = ("agreement", "agreement_of_all", "least_mask_iou", "mean_mask_iou")
"""The limits that hold from below."""


def tolerances(task, quantize, switches=False):
    """Returns the limits for an artifact; tasks that `TOLERANCES` does not name are judged as segmentation is."""
    limits = dict(TOLERANCES.get(task, TOLERANCES["segmentation"])[quantize])
    return limits | {"switch_gap": SWITCHES[quantize]} if switches and quantize in SWITCHES else limits


def check_tolerance(tolerance):
    """Returns a copy of the caller's limits, or raises `InputError` if they are none."""
    known = sorted({"switch_gap", *(name for task in TOLERANCES.values() for one in task.values() for name in one)})
    if not isinstance(tolerance, dict) or not set(tolerance) <= set(known):
        raise InputError(f"tolerance must be a dict with keys among {', '.join(known)}, received {tolerance!r}")
    return dict(tolerance)


def exceeded(found, limits, places):
    """Returns a sentence for each limit that a value exceeds; what was not measured is not judged.

    Args:
        found: the values by name, `None` for one that was not measured.
        limits: the limits by name.
        places: by name, where the largest difference stood or the first one, in words.
    """
    failures = []
    for name, limit in limits.items():
        value, place = found.get(name), f" ({places[name]})" if places.get(name) else ""
        if value is None:
            continue
        if name in AT_LEAST and not value >= limit:
            failures.append(f"{name} {value:.4f} is below {limit}{place}")
        elif name not in AT_LEAST and not abs(value) <= limit:  # a NaN fails too
            failures.append(f"{name} {value:.3g} is beyond {limit}{place}")
    return tuple(failures)
