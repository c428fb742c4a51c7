"""Repositories of servers; their clients against stand-ins, which load the same files and speak the same interfaces.

The stand-ins are not the servers: what these make of the files beyond names, types and sides is not tested here.
"""

import base64
import io
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import export
from docs.clients import tf_serving, triton
from export.form import Form
from export.letterbox import fit
from export.saved_model import write
from export.servers import export_for, tensor, triton_config
from tests.export.detector import SIZE, examples, knowing_detector
from tests.export.detector import scenes as squares
from tests.export.test_tasks import follows
from zoo.errors import InputError


def png(picture):
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "png")
    return stream.getvalue()


@contextmanager
def serving(answers):
    """Runs a server that answers JSON: by path, a function of the request's dict, `None` for a GET."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self, given=None):
            body = json.dumps(answers[self.path](given)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            self.do_GET(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def detector():
    return knowing_detector()


@pytest.mark.full
def test_tf_serving(detector, tmp_path):
    made, targets = squares(3, seed=1)
    folder = tmp_path / "squares"
    options = {"pictures": made, "targets": [targets for _, targets in examples(made, targets)]}
    artifact = export_for("tf-serving", detector, folder, **options)
    assert artifact.path == str(folder / "1") and artifact.batch_size is None
    assert [part.name for part in tmp_path.iterdir()] == ["squares"]
    function = tf.saved_model.load(folder / "1").signatures["serving_bytes"]

    def answer(given):
        assert given["signature_name"] == "serving_bytes"
        encoded = [base64.b64decode(one["image_bytes"]["b64"]) for one in given["instances"]]
        found = {name: values.numpy().tolist() for name, values in function(image_bytes=tf.constant(encoded)).items()}
        return {"predictions": [{name: found[name][i] for name in found} for i in range(len(encoded))]}

    large = made[1].repeat(2, axis=0).repeat(2, axis=1)
    pictures = [made[0], large, np.pad(made[2], ((20, 0), (0, 0), (0, 0)), constant_values=60)]
    files = [tmp_path / f"{i}.png" for i in range(3)]
    for file, picture in zip(files, pictures, strict=True):
        file.write_bytes(png(picture))
    with serving({"/v1/models/squares:predict": answer}) as address:
        found = tf_serving.predict(address, "squares", files)
    for ours, theirs in zip(found, export.load(folder / "1").predict_each(pictures), strict=True):
        assert ours["count"] == theirs["count"] > 0
        np.testing.assert_allclose(ours["boxes"], theirs["boxes"], atol=0.01)
        np.testing.assert_allclose(ours["scores"], theirs["scores"], atol=1e-4)


def test_maps_of_encoded_pictures_stay_in_the_frame(exported, pictures):
    path = exported("saved_model", None, None).path
    function = tf.saved_model.load(path).signatures["serving_bytes"]
    given = [np.resize(pictures, (50, 40, 3)), pictures[1]]
    found = function(image_bytes=tf.constant([png(one) for one in given]))
    frames = np.stack([fit(one, (32, 48))[0] for one in given])
    np.testing.assert_allclose(found["logits"], export.load(path).predict(frames)["logits"], atol=1e-3)
    jpeg = io.BytesIO()
    Image.fromarray(pictures[0]).save(jpeg, "jpeg")
    assert function(image_bytes=tf.constant([jpeg.getvalue()]))["classes"].shape == (1, 32, 48)


def test_models_without_a_frame_take_no_files(tmp_path):
    write(follows(), tmp_path / "follows", form=Form((16, 16)))
    assert list(tf.saved_model.load(tmp_path / "follows").signatures) == ["serving_default"]


def test_triton(model, pictures, tmp_path):
    for version in ("1", "2"):
        artifact = export_for("triton", model, tmp_path / "toy", pictures=pictures)
        assert artifact.path == str(tmp_path / "toy" / version / "model.onnx")
    config = (tmp_path / "toy" / "config.pbtxt").read_text()
    assert 'name: "toy"' in config and "max_batch_size: 8" in config and "dynamic_batching { }" in config
    assert 'input { name: "image" data_type: TYPE_UINT8 dims: [32, 48, 3] }' in config
    predictor = export.load(artifact.path)

    def infer(given):
        (one,) = given["inputs"]
        found = predictor.call({one["name"]: np.array(one["data"], one["datatype"].lower()).reshape(one["shape"])})
        return {"outputs": [{"name": n, "shape": v.shape, "data": v.ravel().tolist()} for n, v in found.items()]}

    with serving({"/v2/models/toy/infer": infer}) as address:
        found = triton.predict(address, "toy", pictures[:2])
    for name, values in predictor.predict(pictures[:2]).items():
        np.testing.assert_allclose(found[name], values, atol=1e-4)


def test_a_configuration_of_other_tensors_is_refused_and_its_own_settings_stay(model, pictures, tmp_path):
    """Triton loads no version that its configuration does not describe."""
    folder = tmp_path / "toy"
    export_for("triton", model, folder, pictures=pictures)
    config = folder / "config.pbtxt"
    own = (
        config.read_text()
        .replace("max_batch_size: 8", "max_batch_size : 32")
        .replace("[32, 48, 3]", "[ 32,\n48, 3 ]")
    )
    config.write_text(own)
    export_for("triton", model, folder, pictures=pictures)
    for options, message in (
        (
            {"letterbox": True},
            r"TYPE_UINT8 \[32, 48, 3\] for image, the new version TYPE_UINT8 \[-1, -1, 3\]: remove",
        ),
        ({"batch_size": 2}, "a size of Triton's choice for the batch, the new version the size in the tensors"),
        ({"outputs": "logits", "input": "float32"}, "for image, the new version TYPE_FP32"),
    ):
        with pytest.raises(InputError, match=message):
            export_for("triton", model, folder, pictures=pictures, **options)
    assert config.read_text() == own and sorted(p.name for p in folder.iterdir()) == ["1", "2", "config.pbtxt"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["toy"]


def test_a_number_a_picture_is_a_row_of_one():
    assert tensor("output", {"name": "count", "dtype": "int32", "shape": [None]}, batched=True) == (
        'output { name: "count" data_type: TYPE_INT32 dims: [1] reshape { shape: [] } }'
    )
    any_size = {"name": "image", "dtype": "uint8", "shape": [None, None, None, 3]}
    assert "dims: [-1, -1, 3] }" in tensor("input", any_size, batched=True)


def test_tritons_own_message_reads_the_configuration(exported):
    pytest.importorskip("rapidjson", reason="tritonclient[grpc] is not installed")
    messages = pytest.importorskip("tritonclient.grpc.model_config_pb2", reason="tritonclient[grpc] is not installed")
    from google.protobuf import text_format

    for batch_size, dims, most in ((None, [32, 48, 3], 8), (1, [1, 32, 48, 3], 0)):
        text = triton_config("toy", exported("onnx", None, batch_size))
        config = text_format.Parse(text, messages.ModelConfig())
        assert (config.name, config.backend, config.max_batch_size) == ("toy", "onnxruntime", most)
        assert config.input[0].data_type == messages.TYPE_UINT8 and list(config.input[0].dims) == dims
        assert config.HasField("dynamic_batching") == (batch_size is None)
        assert {one.name: one.data_type for one in config.output} == {
            "classes": messages.TYPE_INT32,
            "logits": messages.TYPE_FP32,
        }


def test_what_is_wrong_is_one_line(detector, tmp_path):
    with pytest.raises(InputError, match="unknown server 'torchserve': choose one of triton, tf-serving"):
        export_for("torchserve", detector, tmp_path / "squares")
    with pytest.raises(InputError, match="make the folder .*missing first"):
        export_for("triton", detector, tmp_path / "missing" / "squares")
    with pytest.raises(InputError, match="the model takes pictures of 48x64"):
        export_for("triton", detector, tmp_path / "squares", image_size=(SIZE[0], 32))
    assert not list(tmp_path.iterdir())
