"""torchvision's FCN-ResNet-50 in training: the peer of `fcn_training`, which starts it.

It runs in an environment of its own that has torch, torchvision and numpy; ZOO_TORCH_PYTHON names its Python.
"""

import torch
from torch.nn import functional
from torchvision import models

from benchmarks.fcn_training import BATCH, CLASSES, LEARNING_RATE, data
from benchmarks.peer import answer

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def train():
    """Takes an epoch a turn."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.benchmark = True
    model = models.segmentation.fcn_resnet50(weights_backbone=None, num_classes=CLASSES, aux_loss=True)
    model = model.train().to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), LEARNING_RATE, momentum=0.9)
    mean, deviation = (torch.tensor(values, device=device).reshape(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    images, labels = (torch.from_numpy(values) for values in data())

    def step(images, labels):
        images = images.to(device).permute(0, 3, 1, 2).float() / 255
        labels = labels.to(device).long()
        with torch.autocast(device, torch.bfloat16):
            found = model(((images - mean) / deviation).contiguous(memory_format=torch.channels_last))
            losses = {key: functional.cross_entropy(map, labels, ignore_index=255) for key, map in found.items()}
            loss = losses["out"] + 0.5 * losses["aux"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    def epoch():
        losses = [step(*batch) for batch in zip(images.split(BATCH), labels.split(BATCH), strict=True)]
        return float(torch.stack(losses).mean())

    answer(epoch)


if __name__ == "__main__":
    train()
