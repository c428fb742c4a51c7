"""A small valid set of each kind of source, as it is found on a disk."""

import base64
import io
import json

import numpy as np
import scipy.io
from faster_coco_eval import mask as rle
from PIL import Image

SIZE = 12, 16  # height and width of every picture
NAMES = "ab"
OBJECT = (
    "<object><name>{}</name><difficult>0</difficult>"
    "<bndbox><xmin>2</xmin><ymin>2</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>"
)
CORNERS = "<polygon><x1>2</x1><y1>2</y1><x2>9</x2><y2>2</y2><x3>9</x3><y3>9</y3></polygon>"
POLYGON = [1, 2, 9, 2, 9, 9, 1, 9]


def picture(path):
    """Writes a picture of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)).save(path)


def label_map(path, *values, ground=0):
    """Writes a PNG of numbers: a square of each value side by side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = np.full(SIZE, ground, np.uint16 if max(values) > 255 else np.uint8)
    for place, value in enumerate(values):
        numbers[2:8, 4 * place : 4 * place + 3] = value
    Image.fromarray(numbers).save(path)


def write(path, text):
    """Writes text, or what JSON makes of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text))


def masks(folder):
    for name in NAMES:
        picture(folder / f"images/{name}.png")
        label_map(folder / f"masks/{name}.png", 1, 2)
    write(folder / "classes.txt", "ground\ncat\ndog\n")
    return f"masks:{folder}"


def coloured(folder):
    """Masks of colours, by CVAT's labelmap.txt."""
    for name in NAMES:
        picture(folder / f"images/{name}.png")
        Image.new("RGB", SIZE[::-1], (128, 0, 0)).save(_made(folder / f"masks/{name}.png"))
    write(folder / "labelmap.txt", "# label:color_rgb:parts:actions\nground:0,0,0::\ncat:128,0,0::\n")
    return f"masks:{folder}"


def voc_segmentation(folder):
    for name in NAMES:
        picture(folder / f"JPEGImages/{name}.jpg")
        label_map(folder / f"SegmentationClass/{name}.png", 1, 20, 255)
    write(folder / "ImageSets/Segmentation/train.txt", "a\nb\n")
    return f"voc_segmentation:{folder}:train"


def sbd(folder):
    for name in NAMES:
        picture(folder / f"img/{name}.jpg")
        buffer = io.BytesIO()
        numbers = np.zeros(SIZE, np.uint8)
        numbers[2:5] = 15
        scipy.io.savemat(buffer, {"GTcls": {"Segmentation": numbers}}, do_compression=True)
        _made(folder / f"cls/{name}.mat").write_bytes(buffer.getvalue())
    write(folder / "train.txt", "a\nb\n")
    return f"sbd:{folder}:train"


def sunrgbd(folder):
    for number in (1, 2):
        picture(folder / f"SUNRGBD-test_images/img-{number:06}.jpg")
        label_map(folder / f"sunrgbd_train_test_labels/img-{number:06}.png", 1, 37)
    return f"sunrgbd:{folder}:test"


def instances(folder):
    for name in NAMES:
        picture(folder / f"images/{name}.png")
        label_map(folder / f"instance_masks/{name}.png", 1, 2)
    return f"instances:{folder}"


def cityscapes(folder):
    for name in NAMES:
        picture(folder / f"leftImg8bit/val/ulm/{name}_leftImg8bit.png")
        label_map(folder / f"gtFine/val/ulm/{name}_gtFine_instanceIds.png", 26000, 24, 7)
    return f"cityscapes:{folder}:val"


def nuclei(folder):
    for name in NAMES:
        picture(folder / f"{name}/images/{name}.png")
        for value in (1, 255):
            label_map(folder / f"{name}/masks/{value}.png", value)
    write(folder / "classes.txt", "nucleus\n")
    return f"nuclei:{folder}"


def voc(folder):
    for name, kind in zip(NAMES, ("cat", "dog"), strict=True):
        picture(folder / f"JPEGImages/{name}.png")
        drawn = OBJECT.format(kind).replace("</object>", f"{CORNERS}</object>")
        write(folder / f"Annotations/{name}.xml", f"<annotation>{OBJECT.format(kind)}{drawn}</annotation>")
    write(folder / "ImageSets/Main/train.txt", "a\nb\n")
    return f"voc:{folder}:train"


def coco_file(folder):
    for name in NAMES:
        picture(folder / f"images/{name}.png")
    points = {"keypoints": ["left_eye", "right_eye"], "skeleton": [[1, 2]]}
    first = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 8, 7], "area": 50.5, "iscrowd": 0}
    crowd = np.zeros(SIZE, np.uint8, order="F")
    crowd[3:, 4:] = 1
    compressed = {"size": list(SIZE), "counts": rle.encode(crowd)["counts"].decode()}
    runs = {"size": list(SIZE), "counts": [24, 12, 12 * 16 - 36]}
    data = {
        "images": [
            {"id": number, "file_name": f"{name}.png", "height": SIZE[0], "width": SIZE[1]}
            for number, name in enumerate(NAMES, 1)
        ],
        "annotations": [
            {**first, "segmentation": [POLYGON], "keypoints": [2, 3, 2, 5, 6, 1], "num_keypoints": 2},
            {**first, "id": 2, "category_id": 2, "segmentation": runs},
            {**first, "id": 3, "image_id": 2, "iscrowd": 1, "segmentation": compressed},
        ],
        "categories": [{"id": 1, "name": "cat", **points}, {"id": 2, "name": "dog", "supercategory": "animal"}],
    }
    write(folder / "a.json", data)
    return f"{folder / 'a.json'}@{folder / 'images'}"


def coco(folder):
    return f"coco:{coco_file(folder)}"


def coco_segmentation(folder):
    return f"coco_segmentation:{coco_file(folder)}"


def yolo(folder):
    for name in NAMES:
        picture(folder / f"images/{name}.png")
        write(folder / f"labels/{name}.txt", "1 0.5 0.5 0.2 0.4\n0 0.1 0.2 0.5 0.2 0.5 0.6 0.1 0.6\n")
    write(folder / "train.txt", "images/a.png\nimages/b.png\n")
    write(folder / "data.yaml", "names: {0: cat, 1: dog}\nnc: 2\ntrain: train.txt\nval: [images]\n")
    return f"yolo:{folder}:train"


def yolo_pose(folder):
    for name in NAMES:
        picture(folder / f"images/{name}.png")
        write(folder / f"labels/{name}.txt", "0 0.5 0.5 0.2 0.4 0.45 0.5 2 0.1 0.1 1\n")
    write(folder / "data.yaml", "names: [cat]\ntrain: images\nkpt_shape: [2, 3]\nflip_idx: [1, 0]\n")
    return f"yolo:{folder}:train"


def labelme(folder):
    for name in NAMES:
        picture(folder / f"{name}.png")
        shapes = [
            {"label": "cat", "points": [[1, 1], [8, 1], [8, 8]], "shape_type": "polygon", "group_id": 3},
            {"label": "cat", "points": [[9, 9], [12, 11]], "shape_type": "rectangle", "group_id": 3},
            {"label": "dog", "points": [[5, 5], [8, 5]], "shape_type": "circle", "group_id": None},
            {"label": "dog", "points": [[5, 5]], "shape_type": "point"},
            {"label": "dog", "points": [[2, 3], [4, 4]], "shape_type": "mask", "mask": in_base64(np.eye(2, 3) > 0)},
        ]
        file = {"version": "5.4", "shapes": shapes, "imagePath": f"{name}.png", "imageData": None}
        write(folder / f"{name}.json", {**file, "imageHeight": SIZE[0], "imageWidth": SIZE[1]})
    return f"labelme:{folder}"


def via(folder):
    forms = [
        {"name": "polygon", "all_points_x": [0, 4, 4], "all_points_y": [0, 0, 4]},
        {"name": "rect", "x": 2, "y": 2, "width": 4, "height": 3},
        {"name": "circle", "cx": 4, "cy": 3, "r": 2},
        {"name": "ellipse", "cx": 4, "cy": 3, "rx": 1, "ry": 3, "theta": 0.5},
        {"name": "point", "cx": 4, "cy": 3},
    ]
    regions = [
        {"shape_attributes": form, "region_attributes": {"class": name}}
        for form, name in zip(forms, ("cat", "dog", "cat", "dog", "dog"), strict=True)
    ]
    for name in NAMES:
        picture(folder / f"images/{name}.png")
    items = {name: {"filename": f"{name}.png", "size": 9, "regions": regions} for name in NAMES}
    write(folder / "via.json", {"_via_settings": {}, "_via_img_metadata": items})
    return f"via:{folder / 'via.json'}@{folder / 'images'}"


def via3(folder):
    """A project of version 3, a view a picture."""
    shapes = ([2, 2, 2, 4, 3], [7, 0, 0, 4, 0, 4, 4], [3, 4, 3, 2], [8, 1, 5, 4, 2, 9, 5, 4, 8], [1, 3, 3])
    for name in NAMES:
        picture(folder / f"images/{name}.png")
    options = {"0": "cat", "1": "dog"}
    data = {
        "project": {"pname": "a"},
        "attribute": {"1": {"aname": "kind", "anchor_id": "FILE1_Z0_XY1", "type": 4, "options": options}},
        "file": {str(n): {"fid": str(n), "fname": f"{name}.png", "type": 2} for n, name in enumerate(NAMES)},
        "view": {str(n): {"fid_list": [str(n)]} for n in range(len(NAMES))},
        "metadata": {
            f"{n}_{place}": {"vid": str(n), "z": [], "xy": shape, "av": {"1": str(place % 2)}}
            for n in range(len(NAMES))
            for place, shape in enumerate(shapes)
        },
    }
    write(folder / "via.json", data)
    return f"via:{folder / 'via.json'}@{folder / 'images'}"


def in_base64(mask):
    """Returns a mask as LabelMe keeps it."""
    contents = io.BytesIO()
    Image.fromarray(mask).save(contents, "PNG")
    return base64.b64encode(contents.getvalue()).decode()


def points(folder):
    for name in NAMES:
        picture(folder / f"{name}.png")
    write(folder / "marks.csv", 'image,x0,y0,x1,y1\n"a.png",2,3,6.5,7\nb.png,1,2,,\n')
    return f"points:{folder / 'marks.csv'}"


def _made(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


SETS = {
    "masks": masks,
    "masks of colours": coloured,
    "voc_segmentation": voc_segmentation,
    "sbd": sbd,
    "sunrgbd": sunrgbd,
    "instances": instances,
    "cityscapes": cityscapes,
    "nuclei": nuclei,
    "voc": voc,
    "coco": coco,
    "coco_segmentation": coco_segmentation,
    "yolo": yolo,
    "yolo of keypoints": yolo_pose,
    "labelme": labelme,
    "via": via,
    "via of version 3": via3,
    "points": points,
}
"""By its name what writes it into a folder and returns its spec."""
