"""Verbs that look into a model: `zoo info`, `explain`."""

import inspect
import math
from pathlib import Path
from typing import Annotated

import typer

from recipes.cli.app import Json, load, verb, write_json
from recipes.cli.quiet import import_frameworks
from recipes.report.tables import megabytes, show
from recipes.training.settings import literal
from zoo.errors import InputError, nearest

CLASSES = 20
"""Pascal VOC's, of a builder that must be told and is not."""


@verb("zoo info mask_rcnn_resnet50_fpn --set num_classes=90 --image-size 800x1088")
def info(
    model: Annotated[str, typer.Argument(help="A name of `zoo list` or `zoo weights`, a .keras file, an artifact.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="An argument of the builder, as num_classes=90.")
    ] = None,
    image_size: Annotated[str | None, typer.Option(help="HEIGHTxWIDTH; the model's own if not given.")] = None,
    layers: Annotated[bool, typer.Option("--layers", help="A row for each call of a layer.")] = False,
    json_file: Json = None,
):
    """Says what a model is made of and what it asks for: parameters, FLOPs, memory, receptive field, input rule."""
    import zoo
    from export.files import format_of
    from zoo.weights import catalogue, models

    named, size = model in zoo.BUILDERS, sides(image_size)
    if set_ and not named:
        raise InputError(f"--set changes what a builder builds, and {model} is none that `zoo list` shows")
    if not named and not catalogue.is_name(model) and not Path(model).exists():
        near = nearest(model, (*zoo.BUILDERS, *catalogue.names()))
        raise InputError(f"{model} is no model and no file{near}: `zoo list` and `zoo weights` show the models")
    if not named and format_of(model) != "keras":
        show_card(model, json_file, idle=image_size or layers)
        return
    import_frameworks()
    from zoo.anatomy.info import info

    found = info(built(model, set_, size)) if named else info(models.load(model), size)
    show_info(found)
    if layers:
        show_layers(found)
    write_json(json_file, found.to_dict())


def sides(text):
    """Reads `--image-size`, `(height, width)`; `None` where it is not given."""
    size = literal(text) if text else None
    if text and not (isinstance(size, tuple) and len(size) == 2 and all(isinstance(s, int) and s > 0 for s in size)):
        raise InputError(f"--image-size takes HEIGHTxWIDTH, as in 360x480, received {text!r}")
    return size


def built(name, settings, size):
    """Builds a model by its builder's name and the arguments of `--set`, for pictures of a size if one is given."""
    import zoo

    arguments = {"input_shape": (*size, 3)} if size else {}
    for setting in settings or ():
        argument, equals, text = setting.partition("=")
        if not equals:
            raise InputError(f"--set takes argument=value, received {setting!r}")
        arguments[argument] = literal(text)
    asked = inspect.signature(zoo.BUILDERS[name]).parameters.get("num_classes")
    if asked is not None and asked.default is asked.empty:
        arguments.setdefault("num_classes", CLASSES)
    return zoo.build(name, **arguments)


def show_info(found):
    """Prints a `zoo.anatomy.info.Info`."""
    height, width = found.image_size
    rows = [
        ["task", found.task or "none"],
        *([["classes", found.num_classes]] if found.num_classes else []),
        ["picture", f"{height}x{width}"],
        ["parameters", f"{found.parameters:,}"],
        ["trainable", f"{found.trainable:,}"],
        ["GFLOP", gigas(found.flop)],
        ["activations", f"{megabytes(found.activations)}, of them {megabytes(found.peak)} at once"],
        ["receptive field", f"{pixels(found.field)} at stride {pixels(found.stride)}"],
        *([name, words] for name, words in found.input_rule.items()),
    ]
    show(found.name, ["what", "of one picture"], rows, prose=("of one picture",))


def show_layers(found):
    """Prints a row for each call of a layer."""
    rows = [
        [
            row.name,
            row.kind,
            ", ".join(" x ".join(map(str, shape)) for shape in row.shapes),
            f"{row.parameters:,}",
            gigas(row.flop),
            pixels(row.field),
            pixels(row.stride),
        ]
        for row in found.layers
    ]
    show("layers", ["layer", "kind", "output", "parameters", "GFLOP", "receptive field", "stride"], rows)


def gigas(count):
    """Writes a number in billions, to three digits or more."""
    return f"{count / 1e9:,.1f}" if count >= 1e11 else f"{count / 1e9:.3g}"


def pixels(pair):
    """Writes a height and width, one number where both are the same."""
    if pair is None:
        return "–"
    words = [("whole" if math.isinf(side) else f"{side:g}") for side in pair]
    return words[0] if words[0] == words[1] else "x".join(words)


def show_card(path, json_file, idle):
    """Prints the card of an artifact."""
    from export import Artifact

    if idle:
        raise InputError(f"{path} is an artifact, whose graph is as it is: leave out --image-size and --layers")
    card = Artifact.read(path)
    if card is None:
        raise InputError(f"{path} carries no card: it was not written by `zoo export`")
    tensors = [[way, *described(tensor)] for way in ("inputs", "outputs") for tensor in getattr(card, way)]
    rows = [
        ["format", card.format],
        ["quantize", card.quantize or "none"],
        ["task", card.task or "none"],
        ["classes", len(card.class_names)],
        ["size", megabytes(card.size)],
        ["operators", f"{sum(card.operators.values()):,} of {len(card.operators)} kinds"],
        ["input rule", card.preprocessing],
        *([way.removesuffix("s"), " ".join(words)] for way, *words in tensors),
        ["made", card.created],
        ["sha256", card.sha256],
    ]
    show(str(path), ["what", "of this file"], rows)
    write_json(json_file, card.to_dict())


def described(tensor):
    """Returns name, type and shape of a card's tensor, in words."""
    shape = " x ".join("any" if side is None else str(side) for side in tensor["shape"])
    return tensor["name"], tensor["dtype"], shape


@verb("zoo explain runs/demo/model.keras photos/ --class dog", frameworks=True)
def explain(
    model: Annotated[str, typer.Argument(help="A .keras file, or a name that `zoo weights` lists.")],
    pictures: Annotated[list[Path], typer.Argument(help="Picture files and folders of them.")],
    class_: Annotated[
        str | None, typer.Option("--class", help="A class by its name; the best one found if not given.")
    ] = None,
    layer: Annotated[
        str | None, typer.Option(help="A layer of `zoo info --layers`; the backbone's last if not given.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder for the heat maps.")] = Path("heat"),
    json_file: Json = None,
):
    """Draws what a class looks at: where in a picture its score comes from."""
    from recipes.deploy.explain import explain
    from zoo.weights.catalogue import weights_file

    found = list(explain(load(weights_file(model) or model), pictures, output, class_name=class_, layer=layer))
    seen = [one for one in found if one["heat"]]
    rows = [[one["picture"], one["class"], f"{one['score']:.3f}", one["layer"], one["heat"]] for one in seen]
    show(f"heat maps in {output}", ["picture", "class", "score", "layer", "heat map"], rows)
    for one in found:
        if not one["heat"]:
            print(f"{one['picture']}: {model} finds no {class_ or 'object'} in it")
    write_json(json_file, found)
