"""Pages of artifacts, and their modules run in Node.js."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from export import web
from export.web import runtimes
from recipes.data.remembered import folder
from zoo.errors import InputError

COLOURS = ("#0072b2", "#d55e00", "#009e73") * 85
HERE = Path(__file__).parent


def written(artifact, output, samples=()):
    """Writes the page of an artifact; returns its folder. Where npm brings nothing the test is skipped."""
    try:
        made = web.write(artifact, output, title="toy", colours=COLOURS, cache=folder() / "npm", samples=samples)
    except InputError as error:
        if "npm does not bring" not in str(error):
            raise
        pytest.skip(str(error))
    return Path(made.folder)


def node(script, page, question):
    """Runs a script of this folder on a page in Node.js: JSON in, JSON out."""
    command = runtimes.node()
    assert command, "there is no Node.js, which `make install` brings"
    ended = subprocess.run(
        [*command, HERE / script, page], input=json.dumps(question), capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def as_json(picture):
    """Returns a uint8 `(height, width, 3)` picture as the page's modules have it."""
    height, width, _ = picture.shape
    return {"height": height, "width": width, "data": picture.ravel().tolist()}


def predicted(page, pictures):
    """Predicts uint8 `(height, width, 3)` pictures with a page's own modules.

    Returns:
        One dict of arrays a picture, as `Predictor.predict_each` yields them, and one of milliseconds.
    """
    found = node("web_predict.mjs", page, [as_json(picture) for picture in pictures])
    predictions = [
        {name: np.array(array["data"]).reshape(array["dims"]) for name, array in one["prediction"].items()}
        for one in found
    ]
    return predictions, [one["ms"] for one in found]
