"""Names of the classes and points that published weights know, index for index."""

VOC = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
"""Pascal VOC's, with the background."""

IDS = {
    **dict(enumerate(("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat"), 1)),
    **dict(enumerate(("traffic light", "fire hydrant"), 10)),
    **dict(enumerate(("stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow"), 13)),
    **dict(enumerate(("elephant", "bear", "zebra", "giraffe"), 22)),
    **dict(enumerate(("backpack", "umbrella"), 27)),
    **dict(enumerate(("handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite"), 31)),
    **dict(enumerate(("baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle"), 39)),
    **dict(enumerate(("wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich"), 46)),
    **dict(enumerate(("orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch"), 55)),
    **dict(enumerate(("potted plant", "bed"), 64)),
    **dict(enumerate(("dining table",), 67)),
    **dict(enumerate(("toilet",), 70)),
    **dict(enumerate(("tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven"), 72)),
    **dict(enumerate(("toaster", "sink", "refrigerator"), 80)),
    **dict(enumerate(("book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush"), 84)),
}
"""COCO's 80 classes by their ids, which leave ten numbers out."""
COCO = tuple(IDS.get(number, f"unused {number}") for number in range(1, 91))
"""By id less one, as torchvision's detectors count them: ten of their 90 classes have no object."""

PERSON = {
    "keypoint_names": (
        *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder"),
        *("left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip"),
        *("left_knee", "right_knee", "left_ankle", "right_ankle"),
    ),
    "skeleton": (
        *((15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8)),
        *((7, 9), (8, 10), (1, 2), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6)),
    ),
    "flip_pairs": ((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16)),
}
"""Attributes of a model of COCO's persons and their 17 points."""
