"""A list of recipes waits for no framework."""

import subprocess
import sys

PROGRAM = """
import sys
from recipes.data import Augment
from recipes.data.sources import SOURCES
from recipes.training.recipe import RECIPES, load, trained_by
from zoo import BUILDERS
recipes = [load(name) for name in RECIPES]
assert all(isinstance(recipe.augment, Augment) for recipe in recipes)
assert all(trained_by(builder) for builder in BUILDERS) and SOURCES
print(*({"keras", "tensorflow", "tensorflow_datasets", "jax", "torch", "numpy"} & sys.modules.keys()))
"""


def test_recipes_and_what_trains_each_builder_load_no_framework():
    child = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert (child.stderr, child.stdout.split()) == ("", [])
