"""Tiny YOLO v2 at 416 x 416: ONNX with suppression against the machine's float32 rate, training against PyTorch.

PyTorch has an environment of its own (torch and numpy): ZOO_TORCH_PYTHON names its Python.
"""

import os
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

import export
import zoo
from benchmarks.machine import faster, rates
from benchmarks.nodes import node_times, share_of
from benchmarks.peer import Peer

SIZE = (416, 416)
CLASSES = 20
BATCH = 8
OBJECTS = 12
LEARNING_RATE = 1e-5
REPEATS = 5
RUNS = 10
LAYOUTS = ("contiguous_format", "channels_last")


def run():
    # Without the pull of idle anchors, which ends after 12,800 pictures, PyTorch's loss is the same.
    model = zoo.tiny_yolo_v2(CLASSES, pulled_pictures=0, input_shape=(*SIZE, 3))
    with tempfile.TemporaryDirectory() as folder:
        return inference(model, Path(folder)) + training(model, Path(folder))


def inference(model, folder):
    """Times the artifact, and by node what follows its last convolution.

    With fresh weights nearly all boxes pass the score threshold, so that suppression has as many as it ever takes.
    """
    path = folder / "tiny_yolo_v2.onnx"
    export.export(model, path, "onnx")
    gflop = zoo.info(model).flop / 1e9
    machine, timings = [], []
    for _ in range(REPEATS):  # interleaved, so that a machine that drifts drifts for both
        machine.append(rates())
        timings.append(export.benchmark(path, runs=RUNS, warmup=2, threads=os.cpu_count()))
    rate = faster(machine)
    ms = median([t.p50_ms for t in timings])
    shares = node_shares(path, folder)
    return [
        {"figure": "arithmetic of a picture, GFLOP", "value": round(gflop, 2)},
        *(
            {"figure": f"{name}, 4096^3 product, GFLOP/s", "value": round(median([m[name] for m in machine]))}
            for name in machine[0]
        ),
        {"figure": "onnx float32 with suppression, p50 ms", "value": round(ms, 1)},
        {
            "figure": "ONNX, share of the faster rate",
            "value": round(gflop / (ms / 1e3) / rate, 3),
            "target": ">= 0.7",
        },
        {"figure": "ONNX, share of the time that decoding takes", "value": round(shares["decoding"], 4)},
        {
            "figure": "ONNX, share of the time that suppression takes",
            "value": round(shares["suppression"], 4),
            "target": "<= 0.015",
        },
    ]


def node_shares(path, folder):
    """Returns the shares of ONNX Runtime's node times, of the median run, behind the last convolution.

    "suppression" is what hangs on the choice of the best pairs of box and class, "decoding" the rest.
    """
    import onnx

    picture = np.random.default_rng(0).integers(0, 256, (1, *SIZE, 3), dtype=np.uint8)
    nodes, microseconds = node_times(path, picture, folder, RUNS)
    choosing = behind_top_k(onnx.load(folder / "optimized.onnx").graph)
    suppresses = np.array([name in choosing for name, _ in nodes])
    behind = np.arange(len(nodes)) > max(i for i, (_, operator) in enumerate(nodes) if "Conv" in operator)
    parts = {"decoding": behind & ~suppresses, "suppression": suppresses}
    return {name: share_of(part, microseconds) for name, part in parts.items()}


def behind_top_k(graph):
    """Returns the names of the nodes that choose the best pairs, or take what follows from the choice."""
    tensors, names = set(), set()
    for node in graph.node:  # in the order of computation
        if node.op_type == "TopK" or tensors & set(node.input):
            names.add(node.name)
            tensors |= set(node.output)
    return names


def training(model, folder):
    """Times training steps of both from the same weights on the same batch."""
    import keras

    torch_python = os.environ.get("ZOO_TORCH_PYTHON")
    if not torch_python:
        return [{"figure": "training step against PyTorch", "value": "not run: ZOO_TORCH_PYTHON is unset"}]
    images, targets = batch()
    weights = {f"weight{i}": v.numpy() for i, v in enumerate(model.trainable_variables)}
    np.savez(folder / "start.npz", images=images, learning_rate=LEARNING_RATE, **targets, **weights)
    model.compile(keras.optimizers.SGD(LEARNING_RATE, momentum=0.9))
    peers = {layout: Peer(torch_python, "torch_tiny_yolo_v2", folder / "start.npz", layout) for layout in LAYOUTS}
    ways = {"ours": lambda: own_step(model, images, targets), **{name: peer.step for name, peer in peers.items()}}
    first = {name: way()[-1] for name, way in ways.items()}
    for way in ways.values():
        way()
    seconds = {name: [] for name in ways}
    for _ in range(REPEATS):  # interleaved
        for name, way in ways.items():
            seconds[name].append(way()[0])
    for peer in peers.values():
        peer.close()
    ms = {name: 1e3 * median(found) for name, found in seconds.items()}
    fastest = min(LAYOUTS, key=ms.get)
    return [
        {"figure": "training step, ours, ms", "value": round(ms["ours"])},
        *({"figure": f"training step, PyTorch {name}, ms", "value": round(ms[name])} for name in LAYOUTS),
        {"figure": "first loss, ours over PyTorch", "value": round(first["ours"] / first[fastest], 6)},
        {
            "figure": "training step, ours over the faster PyTorch",
            "value": round(ms["ours"] / ms[fastest], 2),
            "target": "<= 1",
        },
    ]


def own_step(model, images, targets):
    """Takes one step and returns its seconds and its loss."""
    start = time.perf_counter()
    loss = model.train_on_batch(images, targets, return_dict=True)["loss"]
    return time.perf_counter() - start, float(loss)


def batch():
    """Draws noise pictures and boxes, `OBJECTS` rows of which the last ones are empty."""
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (BATCH, *SIZE, 3)).astype("float32")
    centres, sides = rng.uniform(0, SIZE[0], (BATCH, OBJECTS, 2)), rng.uniform(20, 300, (BATCH, OBJECTS, 2))
    boxes = np.concatenate([centres - sides / 2, centres + sides / 2], axis=-1).clip(0, SIZE[0])
    labels = rng.integers(0, CLASSES, (BATCH, OBJECTS))
    labels[np.arange(OBJECTS) >= rng.integers(1, OBJECTS + 1, (BATCH, 1))] = -1
    boxes[labels < 0] = 0
    return images, {"boxes": boxes.astype("float32"), "labels": labels.astype("int32")}
