"""How `--set field=value` changes a recipe."""

import ast
import dataclasses

from recipes.data import Augment
from zoo.errors import InputError, nearest


def change(recipe, settings):
    """Changes fields of a recipe as `--set` does.

    Args:
        recipe: a `Recipe`.
        settings: list of `"field=value"`; a dot reaches inside, as in `"augment.flip=0"` and `"arguments.width=0.5"`.
            Values are Python literals or plain words; sizes may be written 360x480.

    Returns:
        A new `Recipe`.

    Raises:
        InputError: if a field is unknown or a value is of another kind than the field's.
    """
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise InputError(f"--set takes field=value, received {setting!r}")
        recipe = _changed(recipe, name.split("."), literal(text), setting)
    return recipe


def literal(text):
    """Reads a value: a Python literal, a size such as 360x480, or else the text itself."""
    height, x, width = text.partition("x")
    if x and height.isdigit() and width.isdigit():
        return int(height), int(width)
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return {"none": None, "true": True, "false": False}.get(text.lower(), text)


def _changed(record, path, value, setting):
    name, rest = path[0], path[1:]
    if isinstance(record, dict):
        return {**record, name: value}
    kinds = {f.name: f.type for f in dataclasses.fields(record)}
    if name not in kinds and name in {f.name for f in dataclasses.fields(Augment)}:
        raise InputError(f"--set {setting}: there is no field {name!r}, but augment.{name}")
    if name not in kinds:
        near = nearest(name, kinds)
        raise InputError(f"--set {setting}: there is no field {name!r}{near}; all are {', '.join(kinds)}")
    if rest:
        if not isinstance(getattr(record, name), dict | Augment):
            raise InputError(f"--set {setting}: {name} has no fields of its own")
        value = _changed(getattr(record, name), rest, value, setting)
    elif float in (kinds[name], *getattr(kinds[name], "__args__", ())) and type(value) is int:
        value = float(value)
    if not _is_a(value, kinds[name]):
        raise InputError(f"--set {setting}: {name} is {_words(kinds[name])}, received {value!r}")
    return dataclasses.replace(record, **{name: value})


def _is_a(value, kind):
    """Says whether a value is of a field's type: `float`, `str | None`, `tuple[int, int]` ..."""
    members = getattr(kind, "__args__", ())
    if getattr(kind, "__origin__", None) is tuple:
        sized = isinstance(value, tuple) and len(value) == len(members)
        return sized and all(isinstance(v, (int, m)) for v, m in zip(value, members, strict=True))
    if members:
        return any(_is_a(value, member) for member in members)
    return isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)


def _words(kind):
    return getattr(kind, "__name__", str(kind)) if not getattr(kind, "__args__", ()) else str(kind)
