import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from recipes.deploy.inputs import naturally
from recipes.deploy.predict import predict
from tests.recipes.blobs import RED, detector, picture
from zoo.errors import InputError


@pytest.fixture
def server():
    """The address of a server of pictures and of pages."""
    written = io.BytesIO()
    Image.fromarray(picture((20, 30), (RED, (3, 4, 13, 14)))).save(written, "PNG")
    answers = {
        "/dots.png": (200, "image/png", written.getvalue()),
        "/download?id=7": (200, "application/octet-stream", written.getvalue()),
        "/page.png": (200, "text/html; charset=utf-8", b"<html>Please log in</html>"),
        "/lies.png": (200, "image/png", b"<html>Please log in</html>"),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802 (the library's name)
            status, kind, body = answers.get(self.path, (404, "text/html", b"gone"))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            pass

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()
    serving.server_close()


def test_addresses_are_fetched_and_called_as_they_end(server, tmp_path):
    inputs = [f"{server}/dots.png", f"{server}/download?id=7"]
    entries, skipped = predict(detector(), inputs, tmp_path / "out")
    assert [entry["picture"] for entry in entries] == inputs and skipped == []
    assert [entry["overlay"] for entry in entries] == ["dots_overlay.png", "download_overlay.png"]
    assert [entry["objects"][0]["box"] for entry in entries] == [[3, 4, 13, 14]] * 2


def test_what_is_no_picture_is_one_line_or_left_out(server, tmp_path):
    for name, message in (
        ("page.png", "answers with text/html, no picture; give the address of the picture itself"),
        ("lies.png", "is no complete JPEG"),
        ("gone.png", "the server answers 404"),
    ):
        with pytest.raises(InputError, match=f"{server}/{name}: {message}.*, or predict with --skip-bad"):
            predict(detector(), [f"{server}/{name}"], tmp_path / "out")
        entries, skipped = predict(
            detector(), [f"{server}/{name}", f"{server}/dots.png"], tmp_path / "out", skip_bad=True
        )
        assert len(entries) == 1 and len(skipped) == 1 and message in skipped[0]
    with pytest.raises(InputError, match="http://127.0.0.1:9/x.png: cannot be fetched"):
        predict(detector(), ["http://127.0.0.1:9/x.png"], tmp_path / "out")


def test_globs_find_files_in_their_natural_order(tmp_path):
    for name in ("a10.png", "a2.png", "b1.png", "a[1].png"):
        Image.fromarray(picture((8, 9))).save(tmp_path / name)
    (tmp_path / "a3.png").mkdir()
    entries, _ = predict(detector(), [str(tmp_path / "a*.png")], tmp_path / "out")
    assert [entry["overlay"] for entry in entries] == ["a2_overlay.png", "a10_overlay.png", "a[1]_overlay.png"]
    assert len(predict(detector(), [tmp_path / "a[1].png"], tmp_path / "out")[0]) == 1  # is a file's own name
    with pytest.raises(InputError, match=r"c\*.png: no file is called like this"):
        predict(detector(), [str(tmp_path / "c*.png")], tmp_path / "out")
    assert sorted(["f10", "f9", "f09b", "f"], key=naturally) == ["f", "f9", "f09b", "f10"]
