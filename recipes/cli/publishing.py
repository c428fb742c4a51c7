"""The verb that hands a trained model on: `zoo publish`."""

from pathlib import Path
from typing import Annotated

import typer

from recipes.cli.app import Json, verb, write_json
from recipes.report.tables import megabytes, show


@verb("zoo publish runs/tiny_yolo_v2_bccd weights --licence Apache-2.0 --data-licence MIT", frameworks=True)
def publish(
    run: Annotated[Path, typer.Argument(help="Folder of a run that `zoo train` finished.")],
    folder: Annotated[Path, typer.Argument(help="Folder of published models, made or added to.")],
    licence: Annotated[str, typer.Option(help="Of the weights, best as SPDX writes it: Apache-2.0.")],
    data_licence: Annotated[str, typer.Option(help="Of the data that the run learned from.")],
    name: Annotated[str | None, typer.Option(help="Of the model; the run's folder if not given.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="A file (model-int8.onnx) or an ending (onnx); give it again for more.")
    ] = None,
    json_file: Json = None,
):
    """Publishes a run's model and artifacts with a model card, for a hub, a web server or REGIONZOO_WEIGHTS."""
    from recipes.deploy.publish import CARD, publish

    made = publish(run, folder, licence, data_licence, name, only or ())
    show(str(made.folder), ["file", "size"], [[file, megabytes(size)] for file, (size, _) in made.files.items()])
    if made.left_out:
        show("left out", ["artifact"], [[line] for line in made.left_out], prose=("artifact",))
    print(f"model card: {made.folder / CARD}")
    print(f"to use it: REGIONZOO_WEIGHTS={folder} zoo predict regionzoo/{made.folder.name} photos/")
    files = {file: {"size": size, "sha256": digest} for file, (size, digest) in made.files.items()}
    write_json(json_file, {"folder": str(made.folder), "files": files, "left_out": made.left_out})
