"""How far an artifact may be from its Keras model, by task and way to quantize."""

from zoo.errors import InputError

TOLERANCES = {
    "segmentation": {
        None: {"relative": 1e-4, "agreement": 0.999},
        "float16": {"p99_relative": 1e-2, "agreement": 0.995},
        "dynamic": {"metric_change": 0.005, "agreement": 0.98},
        "int8": {"metric_change": 0.01, "agreement": 0.95},
    },
    "detection": {
        None: {"boxes": 0.5, "scores": 1e-3, "agreement": 1.0},
        "float16": {"metric_change": 0.005, "agreement": 0.95},
        "dynamic": {"metric_change": 0.005, "agreement": 0.8},
        "int8": {"metric_change": 0.02, "agreement": 0.7},
    },
    "instance_segmentation": {
        None: {"boxes": 0.5, "scores": 1e-3, "least_mask_iou": 0.99, "agreement": 1.0},
        "float16": {"metric_change": 0.005, "mean_mask_iou": 0.98, "agreement": 0.95},
        "dynamic": {"metric_change": 0.005, "mean_mask_iou": 0.95, "agreement": 0.8},
        "int8": {"metric_change": 0.02, "mean_mask_iou": 0.9, "agreement": 0.7},
    },
    "keypoints": {
        None: {"boxes": 0.5, "scores": 1e-3, "keypoints": 0.5, "keypoint_scores": 1e-2, "agreement": 1.0},
        "float16": {"metric_change": 0.005, "agreement": 0.95},
        "dynamic": {"metric_change": 0.01, "agreement": 0.8},
        "int8": {"metric_change": 0.02, "agreement": 0.7},
    },
    "localization": {
        None: {"box": 0.5, "probs": 1e-3, "agreement": 1.0},
        "float16": {"metric_change": 0.005, "agreement": 0.95},
        "dynamic": {"metric_change": 0.005, "agreement": 0.8},
        "int8": {"metric_change": 0.02, "agreement": 0.7},
    },
    "points": {
        None: {"points": 0.5, "agreement": 1.0},
        "float16": {"metric_change": 0.001, "agreement": 0.99},
        "dynamic": {"metric_change": 0.002, "agreement": 0.9},
        "int8": {"metric_change": 0.005, "agreement": 0.8},
    },
}
TOLERANCES["masks_and_keypoints"] = {
    quantize: TOLERANCES["instance_segmentation"][quantize] | limits
    for quantize, limits in TOLERANCES["keypoints"].items()
}
"""By task and `quantize`: "relative", the largest difference of a float output over max(1, largest output of Keras);
"p99_relative", which 99 % of them stay below, as rounding to half has no bound that every one of millions keeps;
"agreement", the smallest fraction of equal predictions; "least_mask_iou" and "mean_mask_iou", how well the masks of
equal detections overlap at least; "metric_change", the largest fall or rise of the metric; and by an output's name
its largest difference. Where targets give a metric that is limited, it replaces the agreement.

A network with pooling switches is discontinuous: two pixels of a window that differ in the last bit change places
between runtimes, and the values that follow from them differ by any amount, after a switch of the deepest map in a
large part of the picture. There "relative" holds for 99 % of a float output's values instead of all, and is raised to
what 99 % of Keras's own stay below where pixels move by `NEARBY`: an artifact may give the outputs of such a picture
(backward stability). The largest difference is reported all the same. Kernels rounded to half move far more switches:
such files are judged by what they predict."""
NEARBY = 1e-5
"""By how much of their range pixels move: what rounding comes to in a deep float32 network, 1/400 of a grey level."""
HALF_WITH_SWITCHES = {"metric_change": 0.005, "agreement": 0.98}
AT_LEAST = ("agreement", "least_mask_iou", "mean_mask_iou")
"""The limits that hold from below."""


def tolerances(task, quantize, switches=False):
    """Returns the limits for an artifact; tasks that `TOLERANCES` does not name are judged as segmentation is."""
    if switches and quantize == "float16":
        return dict(HALF_WITH_SWITCHES)
    return dict(TOLERANCES.get(task, TOLERANCES["segmentation"])[quantize])


def check_tolerance(tolerance):
    """Returns a copy of the caller's limits, or raises `InputError` if they are none."""
    known = sorted({name for task in TOLERANCES.values() for limits in task.values() for name in limits})
    if not isinstance(tolerance, dict) or not set(tolerance) <= set(known):
        raise InputError(f"tolerance must be a dict with keys among {', '.join(known)}, received {tolerance!r}")
    return dict(tolerance)


def exceeded(found, limits):
    """Returns a sentence for each limit that a value exceeds; what was not measured is not judged."""
    limits = {name: limit for name, limit in limits.items() if found.get(name) is not None}
    if "metric_change" in limits:
        limits.pop("agreement", None)
    failures = []
    for name, limit in limits.items():
        value = found[name]
        if name in AT_LEAST and value < limit:
            failures.append(f"{name} {value:.4f} is below {limit}")
        elif name not in AT_LEAST and not abs(value) <= limit:  # a NaN fails too
            failures.append(f"{name} {value:.3g} is beyond {limit}")
    return tuple(failures)
