"""Types of the packages that load their names when they are first used: a stub beside each `__init__.py`.

Type checkers and editors read `__init__.pyi`; what is in it follows from the package itself.
"""

import inspect
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
PACKAGES = ("zoo", "zoo.backbones", "zoo.weights", "recipes.data")
VALUES = {"BUILDERS": "Mapping[str, Callable[..., ZooModel]]"}
"""Types of what is neither a function, a class nor a module."""


def file_of(package):
    """Returns where the stub of a package lies."""
    return ROOT.joinpath(*package.split("."), "__init__.pyi")


def stub(package):
    """Returns the text of a package's stub: where each name of its `__all__` comes from."""
    module = import_module(package)
    imports, values, functions = [], [], []
    for name in sorted(set(module.__all__)):
        value = getattr(module, name)
        home = package if isinstance(value, ModuleType) else getattr(value, "__module__", package)
        if name in VALUES:
            imports.append("from collections.abc import Callable, Mapping")
            values.append(f"{name}: {VALUES[name]}")
        elif inspect.isfunction(value) and home == package:
            functions.append(f"def {name}{inspect.signature(value)}: ...".replace("'", ""))
        else:
            imports.append(f"from {home} import {name} as {name}")
    head = f'"""Where the names of `{package}` come from, written by `python -m website`."""'
    outside = [line for line in imports if not line.startswith(("from zoo", "from recipes"))]
    ours = sorted(set(imports) - set(outside), key=in_order)
    parts = [[head], outside, ours, values, functions]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def in_order(line):
    """Returns a key that sorts numbers within names by their value, as ruff does."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", line.replace(" as ", " "))]
