import subprocess
import sys

import pytest

USES = {
    "from recipes.data import open_source; open_source('shapes:train')": ("tensorflow_datasets", "train"),
    "from recipes.training.rcnn import train_rcnn": ("sklearn", "train"),
    "import export, zoo; export.export(zoo.unet(num_classes=2, width=0.1, depth=1), 'm.onnx', image_size=(8, 8))": (
        "tf2onnx",
        "export",
    ),
    "import zoo; from recipes.training import tune": ("optuna", "tune"),
    "from recipes.training.loggers import logged; logged(['wandb'], None, '').__enter__()": ("wandb", "wandb"),
}


@pytest.mark.parametrize("use", [pytest.param(use, marks=pytest.mark.full) for use in USES])
def test_a_use_says_which_extra_it_lacks(use):
    package, extra = USES[use]
    program = f"from tests.installation import without\nwithout({package!r})\n{use}"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    said = f"{package} is not installed, which this needs: pip install 'regionzoo[{extra}]'"
    assert ended.stderr.splitlines()[-1] == f"zoo.extras.MissingExtra: {said}"


def test_what_others_try_to_import_is_left_to_them():
    program = (
        "from tests.installation import without; without('sklearn')\n"
        "import importlib.util, zoo; print(importlib.util.find_spec('sklearn'))\n"
        "try: import sklearn\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines() == ["None", "No module named 'sklearn'"]
