from recipes.data import pipeline
from zoo.errors import InputError
from zoo.ops.anchors import kmeans_anchors
from zoo.progress import track

BATCH = 8


def find_anchors(source, picture_size, count, seed, stride=32, resizing="letterbox"):
    """Finds anchors for a grid in the boxes of a source.

    Args:
        source: a `Source` with boxes.
        picture_size: `(height, width)` in pixels that its pictures are brought to.
        count: how many.
        seed: integer that fixes where the search begins.
        stride: pixels of a cell.
        resizing: how they are, "letterbox" or "stretch".

    Returns:
        `count` pairs of width and height in cells, the smallest area first.

    Raises:
        InputError: if the source has fewer different boxes.
    Source: Redmon & Farhadi 2017, arXiv:1612.08242, section 2, "Dimension Clusters".
    """
    batches = pipeline(source, task="detection", picture_size=picture_size, batch_size=BATCH, resizing=resizing)
    batches, sizes = batches.as_numpy_iterator(), []
    for _, targets in track(batches, f"finding anchors in {source.spec}", -(-len(source) // BATCH)):
        boxes = targets["boxes"][targets["labels"] >= 0]
        sizes += (boxes[:, 2:] - boxes[:, :2]).tolist()
    try:
        anchors = kmeans_anchors(sizes, count, seed) / stride
    except InputError as error:
        raise InputError(f"{source.spec}: {error}") from error
    return tuple(tuple(round(float(side), 4) for side in anchor) for anchor in anchors)
