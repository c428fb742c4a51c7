"""torchvision's classifiers and FCNs: the peer of `torchvision_weights_expected`, which starts it.

It runs in an environment of its own that has torch, torchvision and numpy; ZOO_TORCH_PYTHON names its Python. Its
weights are drawn by rule from their names.
"""

import sys

import numpy as np
import torch
from torchvision import models
from torchvision.transforms.functional import normalize

from tests.zoo.detection.torchvision_weights import drawn

ARGUMENTS = {
    "googlenet": {"transform_input": True, "init_weights": False},  # as with its published weights
    "fcn_resnet50": {"weights_backbone": None, "aux_loss": True},
    "fcn_resnet101": {"weights_backbone": None, "aux_loss": True},
}
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@torch.no_grad()
def outputs(name, picture_path, weights_path, path):
    """Writes a model's weights, as `torch.save` does, and what it makes of a picture, `(H, W, 3)` uint8."""
    model = models.get_model(name, weights=None, **ARGUMENTS.get(name, {})).eval()
    for key, tensor in model.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            tensor.copy_(torch.from_numpy(drawn(key, tuple(tensor.shape))))
    torch.save(model.state_dict(), weights_path, _use_new_zipfile_serialization=name != "resnet18")
    picture = torch.from_numpy(np.load(picture_path)).permute(2, 0, 1).float() / 255
    found = model(normalize(picture, MEAN, DEVIATION)[None])
    found = found if isinstance(found, dict) else {"logits": found}
    np.savez(path, **{key: np.moveaxis(values.numpy()[0], 0, -1) for key, values in found.items()})


if __name__ == "__main__":
    outputs(*sys.argv[1:])
