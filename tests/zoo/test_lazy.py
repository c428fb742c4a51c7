import os
import subprocess
import sys

import pytest

from tests.checks import quick

FRAMEWORKS = "keras", "tensorflow", "jax", "scipy", "sklearn", "skimage", "matplotlib"


def run(program):
    """Runs a program in a process of its own, on JAX's backend, and returns what it prints."""
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )


def test_importing_the_zoo_loads_no_framework():
    program = f"import sys, zoo; print(zoo.list_models()); print([m for m in {FRAMEWORKS} if m in sys.modules])"
    models, loaded = run(program).stdout.splitlines()
    assert "'mask_rcnn_resnet50_fpn', " in models and loaded == "[]"


def test_what_needs_no_framework_loads_none():
    """Tables, measures and proposals, which the command line and its processes read."""
    light = (
        *("constants", "weights.published", "detection.yolo_anchors", "detection.average_precision", "ops.anchors"),
        *("ops.boxes_numpy", "ops.masks", "proposals", "segmentation.confusion", "segmentation.proposal_wise"),
        "segmentation.dense_crf",
    )
    modules = ", ".join(f"zoo.{name}" for name in light)
    program = f"import sys, {modules}; print([m for m in {FRAMEWORKS} if m in sys.modules])"
    assert run(program).stdout == "[]\n"


ORDERS = (
    *("import zoo; zoo.unet; import keras", "import zoo, keras", "import keras, zoo"),
    *("import zoo; zoo.BUILDERS['unet']; import keras", "import zoo.ops.nms, keras; zoo.register()"),
)


@pytest.mark.parametrize("order", quick(ORDERS, ORDERS[0]))
def test_keras_knows_the_layers_of_the_zoo_whatever_was_imported_first(order):
    names = "'zoo>ZooModel', 'zoo>Segmenter', 'zoo>MaskRcnn', 'zoo>RoIAlign', 'zoo>CellGrid'"
    program = f"{order}\nprint([n for n in ({names}) if keras.saving.get_registered_object(n) is None])"
    assert run(program).stdout == "[]\n"


@pytest.mark.parametrize("call", quick(("pretrained", "load"), "pretrained"))
def test_a_trained_model_may_be_the_first_thing_that_is_asked_for(call):
    program = f"import zoo; print(type(zoo.{call}('regionzoo/unet_shapes')).__name__)"
    assert run(program).stdout == "Segmenter\n"


def test_a_function_is_not_hidden_by_the_module_of_its_name():
    program = (
        "import zoo.detection.sliding_window, zoo.fully_convolutional, zoo; print(callable(zoo.convolutionalize))"
    )
    assert run(program).stdout == "True\n"
