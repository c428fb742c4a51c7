"""Asks Triton, by the HTTP interface that it shares with KServe, what is in a picture; needs NumPy and Pillow.

`python docs/clients/triton.py http://localhost:8000 unet photo.png`
"""

import json
import sys
from urllib.request import Request, urlopen

import numpy as np
from PIL import Image


def predict(server, model, image):
    """Returns a dict of arrays for a uint8 `(B, height, width, 3)` batch."""
    tensor = {"name": "image", "shape": list(image.shape), "datatype": "UINT8", "data": image.ravel().tolist()}
    request = Request(f"{server}/v2/models/{model}/infer", json.dumps({"inputs": [tensor]}).encode())
    with urlopen(request) as answer:
        outputs = json.load(answer)["outputs"]
    return {one["name"]: np.reshape(one["data"], one["shape"]) for one in outputs}


if __name__ == "__main__":
    with urlopen(f"{sys.argv[1]}/v2/models/{sys.argv[2]}") as answer:
        height, width = next(one["shape"][-3:-1] for one in json.load(answer)["inputs"] if one["name"] == "image")
    picture = Image.open(sys.argv[3]).convert("RGB").resize((width, height))
    for name, values in predict(*sys.argv[1:3], np.asarray(picture)[None]).items():
        print(name, values.shape)
