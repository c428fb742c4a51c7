"""The metadata in a TFLite file, read as its readers do: field by field, by MediaPipe where it is installed."""

import zipfile

import flatbuffers
import numpy as np
import pytest
from flatbuffers.number_types import Float32Flags, Int8Flags, Uint32Flags, UOffsetTFlags
from flatbuffers.table import Table

import export
from export.artifact import Artifact
from export.outputs import MEDIAPIPE
from tests.export.detector import SIZE, knowing_detector, scenes


class Read:
    """A table of a flatbuffer, its fields by number."""

    def __init__(self, content, place):
        self.table = Table(content, place)

    @classmethod
    def root(cls, content):
        return cls(content, flatbuffers.encode.Get(UOffsetTFlags.packer_type, content, 0))

    def field(self, number):
        return self.table.Offset(4 + 2 * number)

    def text(self, number):
        return self.table.String(self.field(number) + self.table.Pos).decode()

    def number(self, number, flags=Int8Flags):
        return self.table.Get(flags, self.field(number) + self.table.Pos) if self.field(number) else 0

    def one(self, number):
        return Read(self.table.Bytes, self.table.Indirect(self.field(number) + self.table.Pos))

    def all(self, number):
        if not self.field(number):
            return []
        start, count = self.table.Vector(self.field(number)), self.table.VectorLen(self.field(number))
        return [Read(self.table.Bytes, self.table.Indirect(start + 4 * i)) for i in range(count)]

    def values(self, number, flags=Float32Flags):
        return self.table.GetVectorAsNumpy(flags, self.field(number)).tolist()


def metadata_of(path):
    """Returns the metadata's bytes, found as readers find them."""
    from ai_edge_litert import schema_py_generated as schema

    file = schema.Model.GetRootAs(path.read_bytes(), 0)
    entries = [file.Metadata(i) for i in range(file.MetadataLength())]
    (entry,) = [entry for entry in entries if entry.Name() == b"TFLITE_METADATA"]
    return bytes(file.Buffers(entry.Buffer()).DataAsNumpy())


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("metadata") / "toy.tflite"
    model = knowing_detector()
    export.export(model, path, "tflite", outputs="mediapipe", pictures=scenes(2, seed=2)[0])
    return path


def test_readers_are_told_of_every_tensor(path):
    content = metadata_of(path)
    assert content[4:8] == b"M001"
    about = Read.root(content)
    assert (about.text(0), about.text(1)) == ("toy_detector", "A model of regionzoo for detection")
    (graph,) = about.all(3)

    (image,) = graph.all(2)
    assert image.text(0) == "image" and "RGB" in image.text(1)
    content = image.one(3)
    assert content.number(0) == 2 and content.one(1).number(0) == 1  # an image, RGB
    size = content.one(1).one(1)
    assert (size.number(1, Uint32Flags), size.number(0, Uint32Flags)) == SIZE
    (unit,) = image.all(4)
    assert unit.number(0) == 1 and (unit.one(1).values(0), unit.one(1).values(1)) == ([0.0], [1.0])
    assert (image.one(5).values(1), image.one(5).values(0)) == ([0.0], [255.0])

    outputs = graph.all(3)
    assert [one.text(0) for one in outputs] == ["location", "category", "score", "number of detections"]
    boxes = outputs[0].one(3)
    assert boxes.number(0) == 3 and boxes.one(1).values(0, Uint32Flags) == [1, 0, 3, 2]
    assert (boxes.one(1).number(1), boxes.one(1).number(2)) == (1, 0)  # borders, shares of the picture
    (labels,) = outputs[1].all(6)
    assert (labels.text(0), labels.number(2)) == ("labels.txt", 3) and not outputs[2].all(6)
    (group,) = graph.all(8)
    assert group.text(0) == "detection result"


def test_card_and_labels_stay_in_the_archive(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["card.json", "labels.txt"]
        assert archive.read("labels.txt") == b"red\ngreen"
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}  # all that some unpack
    card = Artifact.read(path)
    assert card.class_names == ("red", "green") and card.form["outputs"] == list(MEDIAPIPE)


def test_buffers_lie_where_the_schema_wants_them(path):
    """Kernels at multiples of 16 bytes, which delegates map without a copy."""
    from ai_edge_litert import schema_py_generated as schema

    content = path.read_bytes()
    file = schema.Model.GetRootAs(content, 0)
    starts = []
    for i in range(file.BuffersLength()):
        table = file.Buffers(i)._tab
        if offset := table.Offset(4):
            starts.append(table.Vector(offset))
    assert len(starts) > 10 and not any(start % 16 for start in starts)


@pytest.mark.full
def test_mediapipe_finds_what_the_file_finds(path):
    mediapipe = pytest.importorskip("mediapipe", reason="MediaPipe is no dependency: pip install mediapipe")
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.ObjectDetectorOptions(BaseOptions(model_asset_path=str(path)), score_threshold=0.3)
    pictures = scenes(4, seed=5)[0]
    ours = export.load(path).predict(pictures)
    with vision.ObjectDetector.create_from_options(options) as detector:
        for i, picture in enumerate(pictures):
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture)
            theirs = detector.detect(image).detections
            known = ours["scores"][i] > 0.3
            boxes = [(b.origin_x, b.origin_y, b.width, b.height) for b in (one.bounding_box for one in theirs)]
            x1, y1, x2, y2 = ours["boxes"][i][known].T
            np.testing.assert_allclose(boxes, np.stack([x1, y1, x2 - x1, y2 - y1], axis=-1), atol=1.01)
            names = [one.categories[0].category_name for one in theirs]
            assert names == [("red", "green")[label] for label in ours["labels"][i][known]]
