"""The picture of a network's graph: a box a block of layers, from the picture down to what comes out."""

import inspect
import re
from collections import Counter
from dataclasses import dataclass, field
from html import escape

import keras

import zoo

WIDTH, HEIGHT, GAP, MARGIN = 340, 34, 14, 12
WORDS = {
    **{"InputLayer": "input", "Conv2D": "conv", "GroupedConv2D": "conv", "Conv2DTranspose": "deconv"},
    **{"BatchNormalization": "norm", "FusedBatchNormalization": "norm", "MaxPooling2D": "pool"},
}
SILENT = ("ReLU", "Activation", "Reshape", "Rescaling", "Concatenate", "CropLike", "ZeroPadding2D", "PadToMultiple")
"""What changes no picture of the network: it stands in its block without a word."""


@dataclass
class Block:
    """Layers whose names begin alike.

    Attributes:
        name: what they begin with.
        layers: them, in the graph's order.
        below: names of the blocks that take what this one makes.
    """

    name: str
    layers: list = field(default_factory=list)
    below: set = field(default_factory=set)

    @property
    def words(self):
        """Says of which kinds they are, and how many."""
        kinds = [type(layer).__name__ for layer in self.layers]
        counts = Counter(WORDS.get(kind, kind) for kind in kinds if kind not in SILENT)
        return ", ".join(f"{count} {word}" for word, count in counts.items())

    @property
    def shape(self):
        """Says what the last of them makes, without the batch; "" where that is no one tensor of known sides."""
        made = self.layers[-1].output
        if isinstance(made, dict | list | tuple):
            return ""
        return "×".join("?" if side is None else f"{side:,}" for side in made.shape[1:])


def blocks_of(model):
    """Returns the `Block`s of a functional model in the order in which the picture passes them."""
    blocks, of = {}, {}
    for layer in model.layers:
        name = re.sub(r"^anchors\d+$", "anchors", layer.name.partition("_")[0])  # of a pyramid, one a level
        blocks.setdefault(name, Block(name)).layers.append(layer)
        of[id(layer)] = name
    for layer in model.layers:
        for node in layer._inbound_nodes:
            for tensor in node.input_tensors:
                above = of.get(id(tensor._keras_history.operation))
                if above and above != of[id(layer)]:
                    blocks[above].below.add(of[id(layer)])
    return list(blocks.values())


def svg(model):
    """Returns an SVG of a functional model: neighbours are joined by a line, others by a bow beside the boxes."""
    blocks = blocks_of(model)
    place = {block.name: i for i, block in enumerate(blocks)}
    bows = [
        (i, place[name]) for i, block in enumerate(blocks) for name in sorted(block.below) if place[name] != i + 1
    ]
    reach = max([abs(last - first) for first, last in bows], default=0)
    side = 40 + min(180, 12 * reach) if bows else 0
    size = f"{WIDTH + side + 2 * MARGIN} {len(blocks) * (HEIGHT + GAP) - GAP + 2 * MARGIN}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{size.split()[0]}" role="img" '
        f'font-family="sans-serif" font-size="12" aria-label="{escape(model.name)}, block by block">',
        f"<title>{escape(model.name)}, block by block</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for i, block in enumerate(blocks[:-1]):
        if blocks[i + 1].name in block.below:
            x, y = MARGIN + WIDTH // 2, top(i) + HEIGHT
            parts.append(f'<path d="M{x} {y}v{GAP}" stroke="#37474f" stroke-width="2"/>')
    for first, last in bows:
        x, out = MARGIN + WIDTH, MARGIN + WIDTH + 2 * side * abs(last - first) / max(reach, 1) * 0.62
        start, end = (top(i) + HEIGHT / 2 for i in (first, last))
        parts.append(
            f'<path d="M{x} {start:g}C{out:.0f} {start:g} {out:.0f} {end:g} {x} {end:g}" '
            'fill="none" stroke="#78909c" stroke-width="1.5"/>'
        )
    parts += [box(i, block) for i, block in enumerate(blocks)]
    return "\n".join([*parts, "</svg>\n"])


def top(i):
    """Returns the y of the i-th box."""
    return MARGIN + i * (HEIGHT + GAP)


def box(i, block):
    """Returns the SVG of one block: its name and shape, below them its layers."""
    y, right = top(i), MARGIN + WIDTH - 8
    return (
        f'<g><rect x="{MARGIN}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="5" fill="#e0f2f1" stroke="#00796b"/>'
        f'<text x="{MARGIN + 8}" y="{y + 14}" font-weight="bold">{escape(block.name)}</text>'
        f'<text x="{right}" y="{y + 14}" text-anchor="end">{block.shape}</text>'
        f'<text x="{MARGIN + 8}" y="{y + 28}" fill="#546e7a">{escape(block.words)}</text></g>'
    )


def built(name):
    """Builds a model of the zoo for its picture: two classes, or points, and kernels that are not drawn."""
    known = inspect.signature(zoo.BUILDERS[name]).parameters
    initializers = keras.initializers.VarianceScaling, keras.initializers.RandomNormal
    drawn = [initializer.__call__ for initializer in initializers]
    for initializer in initializers:
        initializer.__call__ = lambda self, shape, dtype=None: keras.ops.zeros(shape, dtype)
    try:
        return zoo.build(name, **{"num_points" if "num_points" in known else "num_classes": 20})
    finally:
        for initializer, call in zip(initializers, drawn, strict=True):
            initializer.__call__ = call
