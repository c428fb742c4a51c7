"""Verbs that list what there is: `zoo list`, `weights`; they load no framework."""

import ast
from importlib.util import find_spec
from pathlib import Path

from recipes.cli.app import Json, verb, write_json
from recipes.report.tables import show


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


@verb("zoo weights")
def weights():
    """Lists published weights by the names that `weights=` takes: model, licence, figure, whether they are here."""
    from zoo.weights.published import PUBLISHED, folder

    rows = [
        [entry.name, entry.model, entry.figure, entry.licence, "yes" if entry.cached.is_file() else "no"]
        for entry in PUBLISHED
    ]
    show("published weights", ["name", "model", "reported", "licence", "fetched"], rows)
    print(f"folder: {folder()}")
