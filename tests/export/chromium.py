"""A headless Chromium, told what to do by its own protocol through two pipes, and folders served to it."""

import fcntl
import functools
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

NAMES = "chromium", "chromium-browser", "google-chrome", "chrome"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),  # a camera that shows a test picture
)
START = """
import os, sys
for end, number in zip(sys.argv[1:3], (3, 4)):
    os.dup2(int(end), number)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Gives the pipes the numbers that Chromium knows them by: it reads from 3 and writes to 4."""
SECONDS = 120


@contextmanager
def browser(folder):
    """Starts Chromium with its profile in a folder, and yields a `Tab`; skips the test where there is none."""
    command = next(filter(None, map(shutil.which, NAMES)), None)
    if command is None:
        pytest.skip(f"there is no {', '.join(NAMES)} in the PATH")
    (told, tell), (hear, heard) = os.pipe(), os.pipe()
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (told, heard)]
    words = [command, *FLAGS, f"--user-data-dir={folder}", "--remote-debugging-pipe", "about:blank"]
    started = [sys.executable, "-c", START, *map(str, ends), *words]
    process = subprocess.Popen(started, pass_fds=ends, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for end in (told, heard, *ends):
        os.close(end)
    with open(tell, "wb", buffering=0) as to, open(hear, "rb") as answers:
        try:
            yield Tab(to, answers)
        finally:
            process.kill()
            process.wait()


class Tab:
    """A tab of the browser."""

    def __init__(self, to, answers):
        self.to, self.answers, self.count, self.session = to, answers, 0, None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def call(self, method, **parameters):
        """Calls a method of the protocol and returns its result."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.to.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self.read())
            if answer.get("id") == self.count:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def read(self):
        """Returns the next message."""
        message = bytearray()
        while (byte := self.answers.read(1)) != b"\0":
            assert byte, "Chromium ended"
            message += byte
        return bytes(message)

    def open(self, address):
        """Goes to an address."""
        self.call("Page.navigate", url=address)
        self.wait(f"location.href === {address!r} && document.readyState === 'complete'")

    def run(self, script):
        """Returns the value of an expression, or of its promise."""
        found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, condition):
        """Waits until an expression is true."""
        last = time.monotonic() + SECONDS
        while not self.run(condition):
            assert time.monotonic() < last, f"{condition}: {self.run('document.body?.innerText')}"
            time.sleep(0.05)

    def drop(self, file, x, y):
        """Drops a file at a place of the page, in pixels."""
        data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)


@contextmanager
def served(folder):
    """Hands a folder out as `python -m http.server` does; yields its address and the list of what was not found."""
    lacking = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *words):
            pass

        def send_error(self, code, *words, **more):
            lacking.append((self.path, code))
            super().send_error(code, *words, **more)

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", lacking
    finally:
        server.shutdown()
        server.server_close()
