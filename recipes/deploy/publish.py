"""A run published: model, artifacts and card in a folder for a hub or a web server, as `zoo.weights.shelf` reads it.

SHELF/index.json            every model in the folder with its files, sizes, SHA-256, figure and licences
SHELF/NAME/README.md        the model card; model.keras, model.onnx and so on beside it
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import export
from export import files
from recipes.data.files import read_json
from recipes.data.lock import locked
from recipes.data.remembered import folder as own_folder
from recipes.deploy import model_card
from recipes.deploy.half import store_half
from recipes.report.cards import verdict
from recipes.report.run import MEASURED, cards
from recipes.report.words import number, title_of
from recipes.training.workdir import Workdir
from zoo.errors import InputError
from zoo.files import make_folder, replace_file, replace_text
from zoo.weights import shelf

SHIPPED = ("onnx", "tflite")
CARD = "README.md"


@dataclass(frozen=True)
class Publication:
    """What `publish` wrote.

    Attributes:
        folder: of the model.
        files: by name a pair of bytes and SHA-256.
        left_out: lines on artifacts of the run that were not taken.
    """

    folder: Path
    files: dict
    left_out: tuple


def publish(run, shelf_folder, licence, data_licence, name=None, only=()):
    """Publishes a measured run.

    `model.keras` goes along without its optimizer and with kernels as float16 (`recipes.deploy.half`), and every
    .onnx and .tflite file of the run's `artifacts/` that did not fail against Keras, not quantized ones first.

    Args:
        run: folder of the run.
        shelf_folder: the folder that models are published in; made if missing.
        licence: of the weights, best an SPDX identifier such as "Apache-2.0".
        data_licence: of the data that the run learned from.
        name: of the model, letters, digits, "_" and "-"; the name of the run's folder if not given.
        only: names of files, or endings such as "onnx", that alone are published; all if empty.
    Returns:
        A `Publication`.
    Raises:
        InputError: if the run is none or was not measured, a file of it is damaged, a licence is empty, something of
            that name is there, or there is no file that `only` names.
    """
    run, place = checked_run(run), Path(shelf_folder)
    name = checked_name(name or run.path.absolute().name)
    for option, text in (("licence", licence), ("data_licence", data_licence)):
        check_line(option, text)
    taken, left_out = chosen(run, only)
    make_folder(place)
    make_folder(own_folder())
    with locked(own_folder() / "publishing.lock"):
        known = index_at(place)
        if os.path.lexists(place / name):
            raise InputError(f"{place / name} is there already: choose another --name, or remove it first")
        facts = {**facts_of(run, name, licence, data_licence), "forms": forms_of(run, taken)}
        made = {}
        replace_file(place / name, lambda temporary: made.update(write(temporary, taken, facts)))
        entry = {field: facts[field] for field in (*shelf.TEXTS, "arguments")}
        listed = {file: {"size": size, "sha256": digest} for file, (size, digest) in made.items()}
        index = {"models": {**known, name: {**entry, "files": listed}}}
        replace_text(place / shelf.INDEX, json.dumps(index, indent=2) + "\n")
    return Publication(place / name, made, tuple(left_out))


def checked_run(path):
    """Returns the `Workdir` of a measured run."""
    missing = [file for file in (*MEASURED, "model.keras") if not Path(path, file).is_file()]
    if missing:
        raise InputError(
            f"{path}: no run that was trained and measured, {missing[0]} is missing: zoo train writes it"
        )
    return Workdir(path, resume=True)


def checked_name(name):
    """Returns a name that a model can have."""
    if not shelf.MODEL_NAME.fullmatch(name):
        raise InputError(f"--name takes letters, digits, _ and -, received {name!r}")
    return name


def check_line(option, text):
    """Raises `InputError` where a licence says nothing."""
    if not text.strip() or not text.isprintable() or len(text) > 200:
        raise InputError(f"--{option.replace('_', '-')} takes a licence, as Apache-2.0 or MIT, received {text!r}")


def index_at(place):
    """Returns the entries that the index of a folder has; what is no index of ours is an `InputError`."""
    path = place / shelf.INDEX
    if not os.path.isfile(path):
        return {}
    content = shelf.content_of(path)
    shelf.parsed(content, str(place), path)
    return json.loads(content)["models"]


def chosen(run, only):
    """Returns what of a run is published.

    Args:
        run: the `Workdir`.
        only: as of `publish`.
    Returns:
        Dict of paths by the name that each will have, and lines on artifacts that are left out.
    """
    found, left_out = {"model.keras": run.model}, []
    for card in sorted(cards(run), key=lambda card: (card["quantize"] is not None, Path(card["path"]).name)):
        path = Path(card["path"])
        if card["format"] not in SHIPPED:
            left_out.append(f"{path}: a hub's folder holds .onnx and .tflite files, no {card['format']}")
        elif verdict(card) == "failed":
            left_out.append(f"{path}: differs from Keras")
        elif not shelf.FILE_NAME.fullmatch(path.name):
            left_out.append(f"{path}: its name is more than letters, digits, _, - and .")
        else:
            found[path.name] = path
    if not only:
        return found, left_out
    for word in only:
        if not any(fits(name, word) for name in found):
            raise InputError(f"--only {word}: there is none among {', '.join(found)}")
    return {name: path for name, path in found.items() if any(fits(name, word) for word in only)}, left_out


def fits(name, word):
    """Says whether a word names a file or its ending."""
    return name == word or name.endswith(f".{word.lstrip('.')}")


def facts_of(run, name, licence, data_licence):
    """Returns what the index and the card say of a run, a dict."""
    recipe = run.read_recipe()
    scores = read_json(run.metrics, keys=("data",))
    data = model_card.without_folders(scores.pop("data"))
    value = scores.get(recipe.metric)
    page = read_json(run.page)["facts"] if run.page.is_file() else {}
    return {
        "name": name,
        "model": recipe.builder,
        "task": recipe.task,
        "arguments": model_card.without_folders({k: v for k, v in recipe.arguments.items() if k != "weights"}),
        "figure": f"{title_of(recipe.metric)} {number(value)} on {data}",
        "licence": licence.strip(),
        "data_licence": data_licence.strip(),
        "metric": recipe.metric,
        "measured_on": data,
        "scores": scores,
        "epochs": len(run.read_history(run.last_epoch())),
        "recipe": recipe,
        "hardware": page.get("hardware"),
        "date": page.get("date"),
    }


def forms_of(run, taken):
    """Returns by the name of a file how its kernels are stored, and what came of comparing it with Keras."""
    known = {Path(card["path"]).name: (card["quantize"] or "float32", verdict(card)) for card in cards(run)}
    return {name: known.get(name, ("float16", "the model itself")) for name in taken}


def write(target, taken, facts):
    """Writes the folder of a model.

    Args:
        target: the folder, which is made.
        taken: dict of paths by the names that they get.
        facts: of `facts_of`.
    Returns:
        By name pairs of bytes and SHA-256.
    """
    target.mkdir()
    for name, path in taken.items():
        if name == "model.keras":
            store_half(path, target / name)
        else:
            shutil.copyfile(path, target / name)
    made = {name: (files.size(target / name), files.sha256(target / name)) for name in taken}
    predictor, *_ = [export.load(target / name) for name in taken]  # all open, or nothing is published
    text = model_card.render(facts, made, predictor)
    (target / CARD).write_text(text, encoding="utf-8")
    return made
