"""The lineage trained for real: one program that trains, measures and tabulates any network of it.

    python -m benchmarks.lineage train faster_rcnn --data DIR --vgg16 FILE   # on a GPU, in mixed bfloat16
    python -m benchmarks.lineage train deeplab --data DIR --vgg16 FILE --size frozen  # on two CPU cores
    python -m benchmarks.lineage train unet --data DIR --size narrow                  # there, too, at random
    python -m benchmarks.lineage table                                       # the rows of docs/lineage.md
    python -m benchmarks.lineage pictures chelsea.jpg                        # one picture through all of them

The same command goes on after a kill, or after `--minutes`, from the last whole epoch; what is trained is only
measured. Figures stand in `benchmarks/results/lineage.json`, with hardware and date.
"""

import json
import math
import resource
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.clock import Stopped, stopped_after, timed
from recipes.cli.quiet import import_frameworks
from recipes.data.files import read_json
from zoo.errors import InputError
from zoo.files import replace_file, replace_text

RESULTS = Path(__file__).parent / "results" / "lineage.json"
ANIMALS = ("background", "cat", "cow", "dog", "horse", "person", "sheep")
"""The classes of voc_animals' pixels."""
CALLS = 15
app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)
Workdir = Annotated[Path, typer.Option(help="Folder of the runs.")]
Results = Annotated[Path, typer.Option(help="File of the figures.")]


@app.command()
def train(
    names: Annotated[list[str], typer.Argument(help="Lines; `all` for each in turn.")],
    data: Annotated[Path, typer.Option(envvar="ZOO_DATA", help="Folder with voc_animals and camvid.")],
    vgg16: Annotated[Path | None, typer.Option(help="VGG16's convolutions, of full and frozen.")] = None,
    size: Annotated[str, typer.Option(help="full, frozen, narrow or toy.")] = "full",
    minutes: Annotated[float, typer.Option(help="Stop after so many, to go on by the same command.")] = 0.0,
    workdir: Workdir = Path("runs/lineage"),
    results: Results = RESULTS,
):
    """Trains lines, goes on with those that were begun, and writes their figures."""
    from benchmarks.lineage_lines import lines
    from recipes.report.tables import show

    known = lines(data)
    chosen = list(known) if names == ["all"] else names
    for name in chosen:
        if name not in known:
            raise InputError(f"no line {name!r}: choose among {', '.join(known)}, or all alone")
    check_size(size)
    if not 0 <= minutes < math.inf:
        raise InputError(f"--minutes is 0 or more, received {minutes}")
    begun = size in ("full", "frozen") and any(known[name].begins_with == "" for name in chosen)
    if begun and not (vgg16 and vgg16.is_file()):
        raise InputError(f"--vgg16 names the file of VGG16's convolutions, received {vgg16}; narrow does without")
    with stopped_after(60 * minutes):
        if len(chosen) > 1:
            one_by_one(chosen, {"data": data, "size": size, "workdir": workdir, "results": results, "vgg16": vgg16})
            return
        (name,) = chosen
        row = run(known, name, size, vgg16, workdir / size)
        record(results, name, row)
        show(name, list(row), [[str(value) for value in row.values()]])


def one_by_one(names, options):
    """Trains each line in a process of its own: the peak of memory that it notes is then the network's."""
    words = [word for name, value in options.items() if value for word in (f"--{name}", str(value))]
    for name in names:
        done = subprocess.run([sys.executable, "-m", "benchmarks.lineage", "train", name, *words])
        if done.returncode:
            raise typer.Exit(done.returncode)


def check_size(size):
    """Raises `InputError` for a size that there is none of."""
    from benchmarks.lineage_lines import SIZES

    if size not in SIZES:
        raise InputError(f"--size is one of {', '.join(SIZES)}, received {size}")


def run(known, name, size, vgg16, workdir):
    """Trains one line, unless its model is there, and returns its row."""
    from benchmarks.lineage_lines import recipe_of
    from recipes.training.train import train

    line = known[name]
    before = workdir / (line.begins_with or "")
    if line.begins_with and not (before / "done.json").is_file():
        raise InputError(f"{name} begins with {line.begins_with}: train that first, in the same size and folder")
    recipe = recipe_of(line, size, vgg16)
    folder = before if line.trains_nothing else workdir / name
    if line.begins_with and not line.trains_nothing:
        recipe = replace(recipe, start=str(before))
    if not (folder / "done.json").is_file():
        with timed(folder.parent / f"{name}.seconds") as clock:
            train(recipe, folder, resume=(folder / "recipe.json").is_file())
        done = {"seconds": round(clock()), "memory": peak_memory(), **whereabouts()}
        replace_text(folder / "done.json", json.dumps(done) + "\n")
    done = read_json(folder / "done.json", keys=("seconds", "memory", *whereabouts()))
    return {"size": size, **measured(line, recipe, folder / "model.keras"), **done}


def measured(line, recipe, path):
    """Returns the figure of a trained model on the recipe's validation data, its parameters and its speed."""
    import export
    from recipes.data import open_source, usable
    from recipes.evaluation.evaluate import evaluate
    from recipes.evaluation.ways import through

    predictor, spec = through(export.load(path), **line.way), recipe.val_data
    if "proposals" in line.way:
        spec = spec.removeprefix("crops:objects:")  # whole pictures
    milliseconds = a_picture(predictor, recipe.picture_size)
    figure = figure_of(evaluate(predictor, usable(open_source(spec), skip_bad=False)), recipe.metric, spec)
    return {
        "metric": recipe.metric,
        "figure": None if figure is None else round(figure, 4),
        "pictures": f"{recipe.picture_size[0]}x{recipe.picture_size[1]}",
        "parameters": sum(math.prod(variable.shape) for variable in predictor.model.weights),
        "milliseconds": milliseconds,
    }


def figure_of(scores, metric, spec):
    """Returns a run's figure; the mIoU of voc_animals is over the classes that it has, seven of VOC's 21.

    Of the others one pixel that is taken for an aeroplane would count as much as all cats.
    """
    if metric != "miou" or "voc_animals" not in spec:
        return scores[metric]
    known = [scores[f"iou/{name}"] for name in ANIMALS]
    return sum(value for value in known if value is not None) / len(known)


def a_picture(predictor, size):
    """Returns the median milliseconds that a picture of a size takes, in float32, with all that follows the network.

    A model that needs proposals is given them: finding them is not counted.
    """
    from skimage.data import chelsea

    from export.letterbox import fit

    picture = fit(chelsea(), size)[0]
    if predictor.proposals:
        picture = picture, np.float32([[0, 0, *size[::-1]]] * predictor.num_proposals)
    seconds = []
    for _ in range(CALLS):
        start = time.perf_counter()
        next(predictor.predict_each([picture]))
        seconds.append(time.perf_counter() - start)
    return round(1e3 * float(np.median(seconds[2:])), 1)  # the first are slow


def peak_memory():
    """Returns the most bytes that this process held: of the accelerator where there is one."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        if found := jax.devices()[0].memory_stats():
            return found["peak_bytes_in_use"]
    elif keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            return tf.config.experimental.get_memory_info("GPU:0")["peak"]
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def whereabouts():
    """Returns hardware, backend and date."""
    import keras

    from recipes.report import hardware

    return {"hardware": hardware.describe(), "backend": keras.backend.backend(), "date": date.today().isoformat()}


def record(path, name, row):
    """Puts a line's row into the file of figures, unless one of a larger size is there."""
    from benchmarks.lineage_lines import SIZES

    rows = read_json(path, values=dict) if path.is_file() else {}
    if name not in rows or SIZES.index(row["size"]) <= SIZES.index(rows[name]["size"]):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, json.dumps({**rows, name: row}, indent=2) + "\n")


@app.command()
def table(
    data: Annotated[Path, typer.Option(envvar="ZOO_DATA", help="Folder with voc_animals and camvid.")] = Path("data"),
    results: Results = RESULTS,
):
    """Prints the lines as docs/lineage.md has them: Markdown."""
    from benchmarks.lineage_lines import lines

    print("| network | data | figure | parameters | training, s | a picture, ms | memory, GB | where and when |")
    print("|---|---|---|---|---|---|---|---|")
    rows = read_json(results, values=dict) if results.is_file() else {}
    for name, line in lines(data).items():
        where = "CamVid val" if "camvid" in name else "voc_animals val"
        print(f"| {line.title} | {where} | {cells(rows.get(name))} |")
    print()
    for line in lines(data).values():
        print(f"- {line.title}: {line.distance}")


def cells(row):
    """Returns the cells of a row that depend on a run."""
    if row is None:
        return "not yet run | – | – | – | – | –"
    title = {"miou": "mIoU", "ap50": "AP50"}.get(row["metric"], row["metric"])
    figure = "no value" if row["figure"] is None else f"{100 * row['figure']:.1f} {title}"
    parameters, memory = f"{row['parameters']:,}", f"{row['memory'] / 1e9:.1f}"
    where = f"{row['hardware']}, {row['backend']}, {row['date']}"
    size = "" if row["size"] == "full" else f"{row['size']}, {row['pictures']}: "
    return f"{size}{figure} | {parameters} | {row['seconds']} | {row['milliseconds']} | {memory} | {where}"


@app.command()
def pictures(
    output: Annotated[Path, typer.Argument(help="A .jpg file.")],
    data: Annotated[Path, typer.Option(envvar="ZOO_DATA", help="Folder with voc_animals and camvid.")] = Path("data"),
    workdir: Workdir = Path("runs/lineage"),
):
    """Draws what every trained network, in its largest size, sees in scikit-image's chelsea, side by side."""
    from skimage.data import chelsea

    import export
    from benchmarks.lineage_lines import SIZES, lines
    from recipes.evaluation.ways import through
    from zoo.drawing.depict import draw_targets, found_in

    cat, panels = chelsea(), {}
    for name, line in lines(data).items():
        folders = [workdir / size / (line.begins_with if line.trains_nothing else name) for size in SIZES]
        trained = [folder for folder in folders if (folder / "done.json").is_file()]
        if "camvid" in name or not trained:
            continue  # streets know no cats
        predictor = through(export.load(trained[0] / "model.keras"), **line.way)
        (prediction,) = predictor.predict_each([cat])
        found = found_in(prediction, predictor.task, cat.shape[:2], score=0.3)
        panels[f"{line.title}, {trained[0].parent.name}"] = draw_targets(cat, found, predictor.class_names)
    if not panels:
        raise InputError(f"{workdir}: no network is trained there yet")
    replace_file(output, lambda path: montage(panels).save(path, "JPEG", quality=80))


def montage(panels, columns=4):
    """Returns a `PIL.Image` of pictures of one size by their titles, in rows of so many."""
    from PIL import Image, ImageDraw

    height, width = (side // 2 for side in next(iter(panels.values())).shape[:2])
    band, rows = 16, math.ceil(len(panels) / columns)
    sheet = Image.new("RGB", (columns * width, rows * (height + band)), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (title, pixels) in enumerate(panels.items()):
        left, top = i % columns * width, i // columns * (height + band)
        sheet.paste(Image.fromarray(pixels).resize((width, height)), (left, top + band))
        draw.text((left + 3, top + 2), title, fill="black")
    return sheet


def main():
    """Runs the command; a wrong input is one line and exit code 2."""
    import_frameworks()
    try:
        app(standalone_mode=True)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
