"""Tiny YOLO v2 and its loss in plain PyTorch: the peer of `benchmarks.tiny_yolo_v2`, which starts it.

It runs in an environment of its own that has torch and numpy alone. Reads a batch and weights from a file, then for
each line on its standard input takes one training step (`benchmarks.peer.answer`).

Source: Redmon & Farhadi 2017, arXiv:1612.08242; tiny-yolo-voc.cfg and `region_layer.c` of the authors' release.
"""

import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.peer import answer

ANCHORS = ((1.08, 1.19), (3.42, 4.41), (6.63, 11.38), (9.42, 5.11), (16.62, 10.52))
STRIDE = 32
CLASSES = 20
OBJECT_SCALE = 5.0
IGNORED_IOU = 0.6


def main(path, layout):
    """Builds the network with the file's weights and steps as it is told; `layout` is a name of `torch`'s formats."""
    data = np.load(path)
    model = network()
    with torch.no_grad():
        for i, parameter in enumerate(model.parameters()):
            weight = torch.from_numpy(data[f"weight{i}"])
            parameter.copy_(weight.permute(3, 2, 0, 1) if weight.ndim == 4 else weight)
    layout = getattr(torch, layout)
    model.to(memory_format=layout)
    images = torch.from_numpy(data["images"]).permute(0, 3, 1, 2).contiguous(memory_format=layout)
    boxes, labels = torch.from_numpy(data["boxes"]), torch.from_numpy(data["labels"]).long()
    optimizer = torch.optim.SGD(model.parameters(), lr=float(data["learning_rate"]), momentum=0.9)

    def step():
        optimizer.zero_grad()
        loss = yolo_loss(model(images / 255), boxes, labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    answer(step)


def network():
    """Nine convolutions: 15,861,773 parameters with 20 classes and 5 anchors."""
    blocks, channels = [], 3
    for filters in (16, 32, 64, 128, 256):
        blocks += [conv_leaky(channels, filters), nn.MaxPool2d(2)]
        channels = filters
    blocks += [conv_leaky(256, 512), nn.ConstantPad2d((0, 1, 0, 1), -torch.inf), nn.MaxPool2d(2, stride=1)]
    blocks += [conv_leaky(512, 1024), conv_leaky(1024, 1024), nn.Conv2d(1024, len(ANCHORS) * (5 + CLASSES), 1)]
    return nn.Sequential(*blocks)


def conv_leaky(channels, filters):
    """A padded 3x3 convolution, batch normalisation and leaky ReLU."""
    conv = nn.Conv2d(channels, filters, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(filters, eps=1e-5, momentum=0.01), nn.LeakyReLU(0.1, inplace=True))


def yolo_loss(grid, gt_boxes, labels):
    """Sums the errors of boxes, objects, empty anchors and classes over a picture, averaged over the batch.

    Args:
        grid: `(B, A * (5 + C), h, w)`.
        gt_boxes: `(B, N, 4)` xyxy, pixels.
        labels: `(B, N)`, -1 in empty rows.
    """
    batch, _, height, width = grid.shape
    count = len(ANCHORS)
    rows = grid.permute(0, 2, 3, 1).reshape(batch, height * width * count, 5 + CLASSES)
    anchors = torch.tensor(ANCHORS)
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    cells = torch.stack([x, y], -1).reshape(-1, 1, 2).expand(-1, count, 2).reshape(-1, 2)
    with torch.no_grad():
        centres = (rows[..., :2].sigmoid() + cells) * STRIDE
        halves = rows[..., 2:4].exp() * anchors.repeat(height * width, 1) * (STRIDE / 2)
        boxes = torch.cat([centres - halves, centres + halves], -1)
        near = iou(boxes[:, :, None], gt_boxes[:, None]).amax(2) > IGNORED_IOU

    sizes = (gt_boxes[..., 2:] - gt_boxes[..., :2]) / STRIDE
    middles = (gt_boxes[..., :2] + gt_boxes[..., 2:]) / (2 * STRIDE)
    column, row = middles[..., 0].long().clamp(0, width - 1), middles[..., 1].long().clamp(0, height - 1)
    common = torch.minimum(sizes[:, :, None], anchors).prod(-1)
    shape_iou = common / (sizes.prod(-1)[..., None] + anchors.prod(-1) - common).clamp(min=1e-9)
    anchor = shape_iou.argmax(-1)
    slots = (row * width + column) * count + anchor
    valid = labels >= 0
    later = torch.ones(slots.shape[1], slots.shape[1], dtype=torch.bool).triu(1)
    taken_later = ((slots[:, :, None] == slots[:, None]) & valid[:, None] & later).any(2)
    answers = valid & ~taken_later

    own = rows.gather(1, slots[..., None].expand(-1, -1, rows.shape[-1]))
    own_boxes = boxes.gather(1, slots[..., None].expand(-1, -1, 4))
    offsets = middles - torch.stack([column, row], -1)
    log_sizes = (sizes.clamp(min=1e-6) / anchors[anchor]).log()
    small = 2 - sizes.prod(-1) / (height * width)
    box = small * ((own[..., :2].sigmoid() - offsets) ** 2 + (own[..., 2:4] - log_sizes) ** 2).sum(-1)
    seen = (own[..., 4].sigmoid() - iou(own_boxes, gt_boxes)) ** 2
    classes = functional.cross_entropy(own[..., 5:].transpose(1, 2), labels.clamp(min=0), reduction="none")
    answering = torch.zeros(rows.shape[:2]).scatter_add(1, slots, answers.float()) > 0
    idle = ~answering & ~near
    empty = 0.5 * idle * rows[..., 4].sigmoid() ** 2
    return ((0.5 * box + 0.5 * OBJECT_SCALE * seen + classes) * answers).sum(1).mean() + empty.sum(1).mean()


def iou(a, b):
    """Intersection over union of boxes `(..., 4)` of shapes that broadcast."""
    sides = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0)
    common = sides.prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - common
    return common / union.clamp(min=1e-9)


if __name__ == "__main__":
    main(*sys.argv[1:])
