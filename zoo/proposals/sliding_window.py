import numpy as np

SIDES = (16, 32, 64, 128, 256, 512)  # pixels
LARGEST_ASPECT = 8


def sliding_window(picture, n, seed):
    """Shares out windows evenly over sizes and, for each size, over the picture; the whole picture is one more.

    Sizes that do not fit into the picture are left out.

    Args:
        picture: `(H, W, 3)` uint8 RGB.
        n: how many; a little fewer are returned.
        seed: fixes the order.
    Returns:
        boxes `(M, 4)` xyxy, pixels, and scores `(M,)` that are a random order.
    Source: Hosang et al. 2016, arXiv:1502.05082, section 2.4; the sizes are about BING's (Cheng et al. 2014).
    """
    height, width = picture.shape[:2]
    sizes = [
        (w, h) for w in SIDES for h in SIDES if max(w, h) <= LARGEST_ASPECT * min(w, h) and w < width and h < height
    ]
    windows = [np.array([[0, 0, width, height]], float)]
    for i, (w, h) in enumerate(sizes):
        # The first sizes take one window more where n is no multiple of their number.
        share = (n - 1 + len(sizes) - 1 - i) // len(sizes)
        if share:
            windows.append(_grid(width - w, height - h, share) + [0, 0, w, h])
    boxes = np.concatenate(windows)
    return boxes, np.random.default_rng(seed).random(len(boxes))


def _grid(width, height, count):
    """Returns up to `count` points `(M, 4)` as x, y, x, y that cover an area evenly, its corners included."""
    columns = int(np.clip(round(np.sqrt(count * width / height)), 1, count))
    xs, ys = (_spread(room, points) for room, points in ((width, columns), (height, count // columns)))
    return np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1).reshape(-1, 2)[:, [0, 1, 0, 1]]


def _spread(room, points):
    return np.linspace(0, room, points) if points > 1 else np.array([room / 2])
