"""Anchors of YOLO v2's releases, found by k-means: widths and heights in cells of 32 pixels."""

VOC_ANCHORS = ((1.3221, 1.73145), (3.19275, 4.00944), (5.05587, 8.09892), (9.47112, 4.84053), (11.2364, 10.0071))
"""Source: yolov2-voc.cfg."""
COCO_ANCHORS = ((0.57273, 0.677385), (1.87446, 2.06253), (3.33843, 5.47434), (7.88282, 3.52778), (9.77052, 9.16828))
"""Source: yolov2.cfg."""
TINY_VOC_ANCHORS = ((1.08, 1.19), (3.42, 4.41), (6.63, 11.38), (9.42, 5.11), (16.62, 10.52))
"""Source: yolov2-tiny-voc.cfg."""
