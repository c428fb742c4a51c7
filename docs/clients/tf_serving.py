"""Asks TensorFlow Serving, by its REST interface, what is in some pictures; needs nothing but Python.

`python docs/clients/tf_serving.py http://localhost:8501 unet photo.jpg other.png`
"""

import base64
import json
import sys
from pathlib import Path
from urllib.request import Request, urlopen


def predict(server, model, files):
    """Returns one dict of predictions a file, as `export.load(...).predict` names them."""
    instances = [{"image_bytes": {"b64": base64.b64encode(Path(file).read_bytes()).decode()}} for file in files]
    body = json.dumps({"signature_name": "serving_bytes", "instances": instances}).encode()
    request = Request(f"{server}/v1/models/{model}:predict", body, {"Content-Type": "application/json"})
    with urlopen(request) as answer:
        return json.load(answer)["predictions"]


if __name__ == "__main__":
    for file, found in zip(sys.argv[3:], predict(*sys.argv[1:3], sys.argv[3:]), strict=True):
        print(file, {name: str(values)[:60] for name, values in found.items()})
