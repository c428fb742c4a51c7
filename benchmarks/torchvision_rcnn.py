"""torchvision's Faster, Mask and Keypoint R-CNN, R50-FPN: the peer of the `rcnn_*` benchmarks, which start it.

It runs in an environment of its own that has torch, torchvision, onnx and numpy; ZOO_TORCH_PYTHON names its Python.
Its weights are drawn by rule from their names.
"""

import sys
import warnings

import numpy as np
import torch
from torchvision.models import detection, resnet50
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.ops.misc import FrozenBatchNorm2d

from benchmarks.peer import answer
from tests.zoo.detection.torchvision_weights import drawn

MODELS = {
    "faster_rcnn": (detection.FasterRCNN, 91),
    "mask_rcnn": (detection.MaskRCNN, 91),
    "keypoint_rcnn": (detection.KeypointRCNN, 2),
}


def build(name, size, stages=5):
    """Builds `<name>_resnet50_fpn` as torchvision does with pretrained weights: batch normalisation frozen.

    Args:
        name: of `MODELS`.
        size: `(height, width)` of its pictures, which are then not resized.
        stages: how many of the backbone's five learn, from the last.
    """
    kind, num_classes = MODELS[name]
    backbone = _resnet_fpn_extractor(resnet50(weights=None, norm_layer=FrozenBatchNorm2d), trainable_layers=stages)
    model = kind(backbone, num_classes, min_size=min(size), max_size=max(size))
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            tensor.copy_(torch.from_numpy(drawn(key, tuple(tensor.shape))))
    return model.eval()


def as_tensor(picture):
    """Returns `(H, W, 3)` uint8 as torchvision takes it: `(3, H, W)` float32 in 0..1."""
    return torch.from_numpy(picture).permute(2, 0, 1).float() / 255


def expected(name, picture_path, path):
    """Writes what the model finds in a picture, masks within their boxes: the arrays of torchvision's result."""
    picture = as_tensor(np.load(picture_path))
    model = build(name, picture.shape[1:])
    with torch.no_grad():
        images, _ = model.transform([picture])
        features = model.backbone(images.tensors)
        proposals, _ = model.rpn(images, features)
        found, _ = model.roi_heads(features, proposals, images.image_sizes)
    arrays = {"proposals": proposals[0], **found[0]}
    np.savez(path, **{key: value.numpy() for key, value in arrays.items()})


def eager(name, picture_path):
    """Predicts one picture a step, which returns how many objects it finds."""
    picture = as_tensor(np.load(picture_path))
    model = build(name, picture.shape[1:])

    @torch.no_grad()
    def step():
        return len(model([picture])[0]["boxes"])

    answer(step)


def onnx(name, picture_path, path):
    """Writes torchvision's own export to ONNX, whose input is the picture `(3, H, W)` in 0..1."""

    def step():
        picture = as_tensor(np.load(picture_path))
        model = build(name, picture.shape[1:])
        warnings.simplefilter("ignore")  # tracing warns at every turn
        torch.onnx.export(model, ([picture],), path, opset_version=18, dynamo=False)

    answer(step)


def train(name, batch_path, stages):
    """Trains on one batch, a step, which returns the loss; as many stages of the backbone learn.

    The file holds `images (B, H, W, 3)` uint8, `boxes (B, N, 4)`, `labels (B, N)` from 0, -1 in empty rows, `pixels
    (B, N, H, W)` uint8 masks of the whole picture, and `learning_rate`.
    """
    data = np.load(batch_path)
    images = [as_tensor(image) for image in data["images"]]
    model = build(name, images[0].shape[1:], int(stages)).train()
    targets = []
    for boxes, labels, pixels in zip(data["boxes"], data["labels"], data["pixels"], strict=True):
        present = labels >= 0
        target = {"boxes": boxes[present], "labels": labels[present].astype("int64") + 1, "masks": pixels[present]}
        targets.append({key: torch.from_numpy(value) for key, value in target.items()})
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=float(data["learning_rate"]), momentum=0.9)

    def step():
        optimizer.zero_grad()
        loss = sum(model(images, targets).values())
        loss.backward()
        optimizer.step()
        return loss.item()

    answer(step)


if __name__ == "__main__":
    way, *arguments = sys.argv[1:]
    {"expected": expected, "eager": eager, "onnx": onnx, "train": train}[way](*arguments)
