"""torchvision from COCO's files to Mask R-CNN's inputs: the peer of the `mask_pipeline` benchmark, which starts it.

Reading, polygons to masks and flips in two workers of a DataLoader, as its reference training does; resizing and
batching as its models' first step. It runs in an environment with torch, torchvision, pycocotools and Pillow.
"""

import sys
from contextlib import redirect_stdout

import torch
from pycocotools import mask as rle
from torch.utils.data import DataLoader, RandomSampler
from torchvision.datasets import CocoDetection
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.transforms import functional

from benchmarks.peer import answer

WORKERS = 2


class Pictures(CocoDetection):
    """Pictures with boxes, labels and masks, one in two mirrored, as torchvision's references/detection has them."""

    def __getitem__(self, index):
        picture, annotations = super().__getitem__(index)
        width, height = picture.size
        annotations = [one for one in annotations if not one.get("iscrowd") and one["segmentation"]]
        boxes = torch.tensor([one["bbox"] for one in annotations], dtype=torch.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        masks = [rle.decode(rle.merge(rle.frPyObjects(one["segmentation"], height, width))) for one in annotations]
        masks = torch.stack([torch.from_numpy(mask) for mask in masks]) if masks else torch.zeros(0, height, width)
        labels = torch.tensor([one["category_id"] for one in annotations], dtype=torch.int64)
        picture = functional.to_tensor(picture)
        if torch.rand(()) < 0.5:
            picture, masks = picture.flip(-1), masks.flip(-1)
            boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
        return picture, {"boxes": boxes, "labels": labels, "masks": masks}


def main(path, folder, shortest, longest, batch_size, batches):
    """Takes so many batches a step."""
    with redirect_stdout(sys.stderr):  # pycocotools says what it reads
        pictures = Pictures(folder, path)
    loader = DataLoader(
        pictures,
        batch_size,
        sampler=RandomSampler(pictures, replacement=True, num_samples=1 << 20),
        num_workers=WORKERS,
        collate_fn=lambda batch: tuple(zip(*batch, strict=True)),
    )
    transform = GeneralizedRCNNTransform(shortest, longest, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    stream = iter(loader)

    def step():
        for _ in range(batches):
            images, _ = transform(*next(stream))
        return list(images.tensors.shape)

    answer(step)


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
