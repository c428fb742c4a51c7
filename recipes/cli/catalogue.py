"""Verbs that list what there is: `zoo list`, `weights`; they load no framework, `weights fetch` where it converts."""

import ast
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from recipes.cli.app import Json, app, verb, with_json, write_json
from recipes.cli.quiet import import_frameworks
from recipes.report.tables import megabytes, show


@verb("zoo list", name="list")
def list_(json_file: Json = None):
    """Lists recipes, models, sources and artifact formats."""
    import zoo
    from export.ways import QUANTIZE
    from recipes.data.sources import SOURCES
    from recipes.training.recipe import RECIPES, load, trained_by

    rows = []
    for name in RECIPES:
        chosen = load(name)
        rows.append([name, chosen.builder, " x ".join(map(str, chosen.picture_size)), chosen.epochs, chosen.data])
    show("recipes", ["recipe", "model", "picture size", "epochs", "data"], rows)
    models = [[name, summary(name), "\n".join(trained_by(name))] for name in zoo.list_models()]
    show("models", ["model", "what it is", "zoo train"], models, prose=("what it is",))
    print(f"sources: {', '.join(SOURCES)}")
    forms = [[format, ", ".join(form or "none" for form in known)] for format, known in QUANTIZE.items()]
    show("artifacts", ["format", "quantize"], forms)
    names = {"recipes": list(RECIPES), "models": zoo.list_models(), "sources": list(SOURCES), "artifacts": QUANTIZE}
    write_json(json_file, names)


def summary(name):
    """Returns what a builder builds, from the first line of its docstring, which is read where it is written."""
    import zoo

    module = Path(find_spec(f"zoo.{zoo.BUILDERS.modules[name]}").origin)
    functions = (node for node in ast.parse(module.read_text()).body if isinstance(node, ast.FunctionDef))
    builder = next(function for function in functions if function.name == name)
    return ast.get_docstring(builder).splitlines()[0].removeprefix("Builds ").rstrip(".")


weights_app = typer.Typer(epilog="Example: zoo weights; zoo weights fetch torchvision/mask_rcnn_resnet50_fpn")
app.add_typer(weights_app, name="weights")


@weights_app.callback(invoke_without_command=True)
@with_json
def weights(context: typer.Context, json_file: Json = None):
    """Lists trained models and weights by name: licence, figure, size, whether they are here; `fetch` fetches one."""
    if context.invoked_subcommand:
        return
    from zoo.weights import published, shelf

    own = [one for one in published.PUBLISHED if one.whole] + shelf.listing()
    others = [one for one in published.PUBLISHED if not one.whole]
    columns = ["name", "size", "reported", "licence", "fetched"]
    prose = "reported", "licence"
    show("models: to predict, evaluate, export, train on", columns, [row(one, one.model_name) for one in own], prose)
    rows = [[*row(one, one.name)[:1], one.model, *row(one, one.name)[1:]] for one in others]
    show("weights to begin with: weights=NAME", [columns[0], "of", *columns[1:]], rows, prose)
    print(f"folder: {published.folder()}")
    write_json(json_file, [facts(one) for one in (*own, *others)])


def row(entry, name):
    """Returns the cells of a published file or a model of ours."""
    return [name, megabytes(entry.size), entry.figure, entry.licence, "yes" if entry.fetched else "no"]


def facts(entry):
    """Returns what `--json` tells of one."""
    name = entry.model_name if entry.whole else entry.name
    told = {"name": name, "model": entry.model, "size": entry.size, "figure": entry.figure}
    return {**told, "licence": entry.licence, "fetched": entry.fetched}


@weights_app.command(epilog="Example: zoo weights fetch torchvision/mask_rcnn_resnet50_fpn")
@with_json
def fetch(
    names: Annotated[list[str], typer.Argument(help="Names that `zoo weights` lists, or hf:// ones.")],
    json_file: Json = None,
):
    """Fetches models to this machine, so that they are there without a network."""
    from zoo.weights import catalogue, shelf

    entries = [catalogue.of_weights(name) for name in names]
    for name, entry in zip(names, entries, strict=True):
        if not isinstance(entry, shelf.Trained):
            import_frameworks()
        entry.fetch()
        print(f"{name} is here")
    write_json(json_file, names)
