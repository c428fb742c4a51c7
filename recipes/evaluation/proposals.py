"""Measures of proposal methods on a source: recall, time, repeatability."""

import json
from pathlib import Path

import numpy as np

from recipes.data import region_cache
from recipes.data.graph import mapped
from recipes.data.processes import in_processes
from recipes.data.sources.problems import Problem
from recipes.data.sources.proposed import Proposed
from recipes.data.targets import check_targets
from recipes.report.recall import draw_recall
from zoo.errors import InputError
from zoo.files import make_folder, remove_left_over, replace_file, replace_text
from zoo.progress import track
from zoo.proposals import METHODS
from zoo.proposals.recall import average_recall, best_overlaps, recall
from zoo.proposals.repeatability import repeatability

IOU_GRID = np.linspace(0.5, 1.0, 51)
IOU_CHOSEN = (0.5, 0.7, 0.8)
POINTS = 30


def compare(source, output, *, methods=None, count=1000, pictures=None, repeated=2, cache_dir=None, processes=None):
    """Measures methods and writes `proposals.json` and `proposals.png`.

    Args:
        source: a `Source` with boxes, without unreadable files; its ignored objects do not count.
        output: folder.
        methods: names of `zoo.proposals.METHODS`; all if `None`.
        count: how many proposals a picture.
        pictures: how many of the first pictures to measure on; all if `None`.
        repeated: how many of them to measure repeatability on, 8 searches on each.
        cache_dir: as for `Proposed`.
        processes: as for `Proposed`.

    Returns:
        A list of dicts, one a method, see `measure`.

    Raises:
        InputError: as `Proposed`; and if the source has no boxes, or no object on these pictures.
    """
    check_targets(source, "detection")
    if pictures is not None and pictures < 1:
        raise InputError(f"pictures is 1 or more, received {pictures}")
    output, methods = Path(output), tuple(dict.fromkeys(methods or METHODS))
    if pictures is not None:
        source = first(source, pictures)
    for method in methods:
        region_cache.clean(method, count, cache_dir)
    found = [
        measure(Proposed(source, method, count, cache_dir, processes), repeated, processes) for method in methods
    ]
    make_folder(output)
    remove_left_over(output)
    replace_text(output / "proposals.json", json.dumps(found, indent=2) + "\n")
    replace_file(output / "proposals.png", draw_recall(found, f"{source.spec}, {len(source)} pictures"))
    return found


def first(source, count):
    """Returns a source of its first pictures."""
    kept = [index for index in range(source.count) if index not in source.left_out]
    return source.without([Problem(source.spec, "not asked for", index) for index in kept[count:]])


def measure(proposed, repeated=0, processes=None):
    """Measures the proposals of a source.

    Args:
        proposed: `Proposed` over a source with boxes.
        repeated: how many of its first pictures to measure repeatability on.
        processes: as for `Proposed`.

    Returns:
        A dict of `method`; `pictures`, `objects`; `proposals`, the mean of a picture; `seconds` a picture, the mean;
        `counts`, numbers of first proposals, with `average_recall` and `recall` (by IoU) at each; `iou`, with
        `recall_at_iou` of all proposals; `repeatability` by the kind of change, each the mean over pictures.

    Raises:
        InputError: if there is no object on the pictures.
    """
    most = proposed.num_proposals
    counts = np.unique([max(1, most // 10), *np.geomspace(1, most, POINTS).round().astype(int)])
    overlaps, numbers, seconds = [], [], []
    examples = mapped(proposed.source.records(), proposed.source.decode).as_numpy_iterator()
    for example in examples:
        found = proposed.proposals_of(example["image"])
        boxes = example["boxes"][~example["ignored"]] if "ignored" in example else example["boxes"]
        overlaps.append(best_overlaps(boxes, found.boxes, counts))
        numbers.append(len(found.boxes))
        seconds.append(found.seconds)
    overlaps = np.concatenate(overlaps, axis=1)
    if not overlaps.shape[1]:
        raise InputError(f"{proposed.spec}: there is no object on these {len(proposed)} pictures; take more of them")
    return {
        "method": proposed.method,
        "pictures": len(proposed),
        "objects": overlaps.shape[1],
        "proposals": float(np.mean(numbers)),
        "seconds": float(np.mean(seconds)),
        "counts": counts.tolist(),
        "average_recall": average_recall(overlaps).tolist(),
        "recall": {str(iou): recall(overlaps, [iou])[:, 0].tolist() for iou in IOU_CHOSEN},
        "iou": IOU_GRID.round(2).tolist(),
        "recall_at_iou": recall(overlaps[-1], IOU_GRID).tolist(),
        "repeatability": _repeatability(proposed, min(repeated, len(proposed)), processes),
    }


def _repeatability(proposed, repeated, processes):
    pictures = mapped(proposed.source.records().take(repeated), lambda r: proposed.source.decode(r)["image"])
    items = ((picture, proposed.num_proposals, proposed.method) for picture in pictures.as_numpy_iterator())
    found = list(track(in_processes(repeatability, items, processes), f"repeating {proposed.method}", repeated))
    return {change: float(np.mean([one[change] for one in found])) for change in (found[0] if found else ())}
