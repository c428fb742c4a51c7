"""Verbs that make an artifact and judge it: `zoo export`, `verify`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from export.ways import QUANTIZE
from recipes.cli.app import Data, Json, verb, write_json
from recipes.cli.quiet import import_frameworks
from recipes.report.tables import megabytes, percent, show
from recipes.report.words import counted
from zoo.errors import InputError

WAYS = "; ".join(f"{format}: {', '.join(way or 'none' for way in ways)}" for format, ways in QUANTIZE.items())


@verb("zoo export runs/demo/model.keras --format tflite --quantize int8 --data shapes:train", frameworks=True)
def export(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="A .keras file, or a name that `zoo weights` lists.")],
    output: Annotated[
        Path | None, typer.Option(help="File to write; in artifacts/ beside the model, or here, if not given.")
    ] = None,
    format: Annotated[str, typer.Option(help="saved_model, onnx, tflite or openvino.")] = "onnx",
    quantize: Annotated[str, typer.Option(help=WAYS)] = "none",
    image_size: Annotated[
        str | None, typer.Option(help="HEIGHTxWIDTH, or any (not in TFLite); the training's if not given.")
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(help="Pictures a call, 0 for any number (not in TFLite); 1, --for a server any, if not given."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="Source that int8 learns its ranges from and that is compared on; the run's if not given."),
    ] = None,
    pictures: Annotated[int, typer.Option(min=1, help="How many of them; int8's are spread evenly over it.")] = 100,
    search: Annotated[
        float | None,
        typer.Option(help="Of int8: the noise to which layers that spoil it are left in float, as 0.05."),
    ] = None,
    score_threshold: Annotated[
        float | None, typer.Option(help="A detector's: least score, 0 to 1; the model's if not given.")
    ] = None,
    iou_threshold: Annotated[
        float | None, typer.Option(help="A detector's: overlap with a better box that drops one; likewise.")
    ] = None,
    max_detections: Annotated[int | None, typer.Option(help="A detector's: rows of the result; likewise.")] = None,
    opset: Annotated[
        int | None, typer.Option(help="ONNX's version of operators, 13 or later; 18 if not given.")
    ] = None,
    server: Annotated[
        str | None,
        typer.Option("--for", help="triton or tf-serving: a folder as that server reads it."),
    ] = None,
    all: Annotated[bool, typer.Option("--all", help="Every format in every way to quantize, and a page.")] = False,
    input: Annotated[str, typer.Option(help="Pixels as uint8 or float32, 0 to 255 either way.")] = "uint8",
    outputs: Annotated[
        str | None, typer.Option(help="NAME,NAME in the file's order, or mediapipe for its four of a detector.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="A one-stage detector's grid, not decoded.")] = False,
    paste: Annotated[bool, typer.Option("--paste", help="Masks of the picture's size too.")] = False,
    letterbox: Annotated[
        bool, typer.Option("--letterbox", help="Pictures of any size, one a call (not in TFLite).")
    ] = False,
    json_file: Json = None,
):
    """Writes a model as SavedModel, ONNX, TFLite or OpenVINO and compares it with Keras; exits 1 if it differs."""
    from recipes.deploy.ship import ship
    from recipes.report import run

    named = {name for name in context.params if context.get_parameter_source(name).name == "COMMANDLINE"}
    options = {
        "image_size": image_size,
        "batch_size": (1 if server is None else None) if batch_size is None else batch_size or None,
        "data": data,
        "pictures": pictures,
        "score_threshold": score_threshold,
        "iou_threshold": iou_threshold,
        "max_detections": max_detections,
        "input": input,
        "outputs": outputs,
        "raw": raw,
        "paste": paste,
        "letterbox": letterbox,
    }
    if all:
        leave_out(named, ("output", "format", "quantize", "search", "opset", "server"), "--all makes every format")
        export_all(model, options, json_file)
        return
    if server is not None:
        leave_out(named, ("format",), f"--for {server} names the format")
    artifact = ship(
        model,
        output,
        format=format,
        quantize=None if quantize.lower() == "none" else quantize,
        search=search,
        opset=opset,
        server=server,
        **options,
    )
    show_artifact(artifact)
    write_json(json_file, artifact.to_dict())
    show_search(artifact.calibration.get("search"))
    run.renew(artifact.path, import_frameworks)


def leave_out(named, others, reason):
    """Raises `InputError` if options are named that another one makes idle."""
    words = [f"--{'for' if name == 'server' else name}" for name in others if name in named]
    if words:
        raise InputError(f"{reason}: leave out {', '.join(words)}")


def export_all(model, options, json_file):
    """Exports to every form, prints a row of each, and exits 1 if one differs from Keras."""
    from recipes.deploy.forms import ship_all
    from recipes.report import forms, run

    made, refused, page = ship_all(model, **options)
    shown = ("format", "quantize", "size", "ms", "agreement", "metric", "verdict")
    rows = [forms.row(artifact) for artifact in made]
    show(f"{model} in every form", list(shown), [[row[name] for name in shown] for row in rows])
    if refused:
        rows = [[one["format"], one["quantize"] or "none", one["why"]] for one in refused]
        show("cannot be made", ["format", "quantize", "why"], rows, prose=("why",))
    print(f"side by side: {page}")
    write_json(json_file, {"made": [artifact.to_dict() for artifact in made], "refused": refused})
    run.renew(made[0].path, import_frameworks)
    if any(artifact.parity["verdict"] == "failed" for artifact in made):
        raise typer.Exit(1)


def show_artifact(made):
    """Prints the card of an `export.Artifact`."""
    largest = max((o["max_abs"] for o in made.parity["outputs"].values() if "max_abs" in o), default=None)
    agreement = made.parity["agreement"]
    show(
        str(made.path),
        ["format", "quantize", "size", "largest difference", "same predictions", "a call", "operators"],
        [
            [
                made.format,
                made.quantize or "none",
                megabytes(made.size),
                "–" if largest is None else f"{largest:.2g}",
                "–" if agreement is None else percent(agreement),
                f"{made.latency['p50_ms']:.1f} ms",
                sum(made.operators.values()),
            ]
        ],
    )
    tensors = [(way, tensor) for way in ("inputs", "outputs") for tensor in getattr(made, way)]
    show(
        "",
        ["tensor", "", "dtype", "shape"],
        [
            [tensor["name"], way.removesuffix("s"), tensor["dtype"], " x ".join(map(shape_word, tensor["shape"]))]
            for way, tensor in tensors
        ],
    )
    count, _, which = made.parity["pictures"].partition(" ")
    print(f"{made.parity['verdict']} on {counted(int(count), 'picture')} {which}")
    for doubt in made.parity["doubts"]:
        print(f"  {doubt}")


def shape_word(side):
    """Returns a side of a tensor for readers."""
    return "any" if side is None else str(side)


def show_search(found):
    """Prints the layers that were found to spoil an int8 file, `None` where none were sought."""
    if found is None:
        return
    noises = f"noise {found['int8_noise']:.3g} in integers, {found['noise']:.3g} with these in float"
    if not found["layers"]:
        print(f"{noises.split(',')[0]}, within {found['limit']:g}: no layer stays in float")
    else:
        rows = [
            [row["layer"], f"{row['noise']:.3g}", "float32" if row["float32"] else "int8"] for row in found["layers"]
        ]
        show(f"layers: {noises}", ["layer", "noise alone", "kept in"], rows)


@verb("zoo verify runs/demo/artifacts/model.onnx --data shapes:val", frameworks=True)
def verify(
    artifact: Annotated[
        str,
        typer.Argument(help="A SavedModel folder, .onnx, .tflite or .xml file, or the name of one of our models."),
    ],
    model: Annotated[
        str | None, typer.Option(help="The .keras file or name it was made from; model.keras above it if not given.")
    ] = None,
    data: Data = None,
    count: Annotated[int | None, typer.Option(help="Only the first so many pictures.")] = None,
    json_file: Json = None,
):
    """Compares an artifact in its real runtime with Keras on real pictures, those of its run if no others are named.

    Exits 1 beyond the tolerance, and where the pictures cannot tell.
    """
    from recipes.deploy.ship import verify
    from recipes.report import run

    found = verify(artifact, model, data, count)
    show_verification(artifact, found)
    write_json(json_file, found.to_dict())
    run.keep(artifact, "verification", found)
    run.renew(artifact, import_frameworks)
    if not found.passed:
        print(f"{found.verdict}: {'; '.join(found.failures or found.doubts)}", file=sys.stderr)
        raise typer.Exit(1)
    print("passed: " + ", ".join(f"{name} limit {limit:.3g}" for name, limit in found.tolerance.items()))


def show_verification(path, found):
    """Prints an `export.Verification`."""
    show(
        f"{path} against Keras, {found.examples} pictures",
        ["output", "max difference", "mean difference", "max relative", "99 % below"],
        [
            [name, *(f"{o[key]:.2g}" for key in ("max_abs", "mean_abs", "max_relative", "p99_relative"))]
            for name, o in found.outputs.items()
            if "max_abs" in o
        ],
    )
    rows = []
    if found.agreement is not None:
        rows.append(["same predictions", percent(found.agreement)])
    rows += [[name.replace("_", " "), f"{value:.4g}"] for name, value in found.figures.items()]
    if found.metric:
        rows += [
            [f"{found.metric} of Keras", f"{found.keras_metric:.4f}"],
            [f"{found.metric} of the artifact", f"{found.artifact_metric:.4f}"],
        ]
    show("", ["figure", "value"], rows)
