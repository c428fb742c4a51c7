"""The time of each node of an ONNX graph, by ONNX Runtime's profiler."""

import json
import os
from pathlib import Path

import numpy as np


def node_times(path, picture, folder, runs):
    """Runs an artifact some times.

    Args:
        path: the .onnx file.
        picture: uint8 `(1, H, W, 3)`.
        folder: where the profile goes, and the graph that the runtime made of the file, `optimized.onnx`.
        runs: R, how often.
    Returns:
        `(nodes, microseconds)`: names and operators of the N nodes in the order of computation, and `(R, N)` float.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count()
    options.log_severity_level = 3
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "profile")
    options.optimized_model_filepath = str(folder / "optimized.onnx")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    for _ in range(runs):
        session.run(None, {session.get_inputs()[0].name: picture})
    events = json.loads(Path(session.end_profiling()).read_text())
    nodes = sorted((e for e in events if e["cat"] == "Node" and "op_name" in e["args"]), key=lambda e: e["ts"])
    microseconds = np.array([e["dur"] for e in nodes], float).reshape(runs, -1)  # the same nodes in every run
    names = [(e["name"].removesuffix("_kernel_time"), e["args"]["op_name"]) for e in nodes]
    return names[: microseconds.shape[1]], microseconds


def share_of(part, microseconds):
    """Returns the share of the time that some nodes take, `part (N,)` bool, of the median run."""
    return float(np.median(microseconds[:, part].sum(axis=1) / microseconds.sum(axis=1)))
