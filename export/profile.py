"""Where a call's time goes, by operator: what ONNX Runtime's and TensorFlow's own profilers say."""

import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

CALLS = 10


def by_operator(predictor, feeds):
    """Returns the milliseconds that each kind of operator takes in a call, the longest first.

    Args:
        predictor: what `export.load` returned, after a call.
        feeds: list of inputs of the network, as `Predictor.inputs_of` returns them.
    Returns:
        Dict of operators' names to milliseconds, the mean of `CALLS` calls; `None` where nothing is told, as by
        LiteRT's Python interface; OpenVINO is not asked.
    """
    from export.runtimes.onnx import OnnxPredictor
    from export.runtimes.saved_model import SavedModelPredictor

    ways = {OnnxPredictor: in_onnxruntime, SavedModelPredictor: in_tensorflow}
    if type(predictor) not in ways:
        return None
    calls = [feeds[i % len(feeds)] for i in range(CALLS)]
    with TemporaryDirectory() as folder:
        seconds = ways[type(predictor)](predictor, calls, Path(folder))
    return {name: round(1e3 * total / CALLS, 4) for name, total in seconds.most_common()}


def in_onnxruntime(predictor, calls, folder):
    """Returns the seconds of all calls by operator, from the profile of a session of its own."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = predictor.session.get_session_options().intra_op_num_threads
    options.log_severity_level = 3
    options.enable_profiling, options.profile_file_prefix = True, str(folder / "profile")
    session = onnxruntime.InferenceSession(str(predictor.path), options, providers=predictor.session.get_providers())
    for inputs in calls[:1] + calls:
        session.run(None, inputs)
    events = json.loads(Path(session.end_profiling()).read_text())
    nodes = [e for e in events if e.get("cat") == "Node" and e["name"].endswith("_kernel_time")]
    began = [e["ts"] for e in events if e["name"] == "model_run"][1]  # the first call warms up
    seconds = Counter()
    for event in nodes:
        if event["ts"] >= began:
            seconds[event["args"]["op_name"]] += event["dur"] / 1e6
    return seconds


def in_tensorflow(predictor, calls, folder):
    """Returns the seconds of all calls by operator, from TensorFlow's trace of its kernels on the host."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    with tf.profiler.experimental.Profile(str(folder)):
        for inputs in calls:
            predictor.call(inputs)
    (trace,) = folder.glob("**/*.xplane.pb")
    space = xplane_pb2.XSpace.FromString(trace.read_bytes())
    seconds = Counter()
    for plane in space.planes:
        names = {number: data.name.rpartition(":") for number, data in plane.event_metadata.items()}
        for event in (event for line in plane.lines for event in line.events):
            scope, _, operator = names[event.metadata_id]
            if "/" in scope and operator.isidentifier():  # "StatefulPartitionedCall/up1_conv/conv:Conv2D"
                seconds[operator] += event.duration_ps / 1e12
    return seconds
