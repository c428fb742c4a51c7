"""Model repositories as servers read them: Triton's with an ONNX file, TensorFlow Serving's with a SavedModel."""

import os
import re
from pathlib import Path

from export.artifact import Artifact
from export.exporter import export
from export.placing import folder_beside
from zoo.errors import InputError

FORMATS = {"triton": "onnx", "tf-serving": "saved_model"}
"""By server, the format it is given."""
TYPES = {"uint8": "UINT8", "float32": "FP32", "int32": "INT32", "int64": "INT64"}
FIELDS = r'\bname\s*:\s*"([^"]*)"', r"\bdata_type\s*:\s*(\w+)", r"\bdims\s*:\s*\[([^\]]*)\]"
"""By field of a tensor in a configuration, what finds its value."""
MAX_BATCH = 8
"""Pictures that Triton puts together at most."""


def export_for(server, model_or_path, folder, batch_size=None, **options):
    """Exports a model as the next version in its folder of a server's repository.

    The version's folder appears at once and whole, as servers look for new ones all the time.

    Args:
        server: "triton": `FOLDER/1/model.onnx` and, unless there is one already, `FOLDER/config.pbtxt`; "tf-serving":
            the SavedModel `FOLDER/1`, whose signature `serving_bytes` takes encoded pictures.
        model_or_path: as `export.export`.
        folder: the model's folder, whose name is the model's on the server; made if missing.
        batch_size: pictures a call; `None` for any number, which the server chooses.
        **options: the others of `export.export`.
    Returns:
        The `Artifact`.
    Raises:
        InputError: if the server is unknown, a `config.pbtxt` that is there is for other tensors, or as
            `export.export`.
    """
    check_server(server)
    folder = Path(folder).absolute()
    if not folder.parent.is_dir():
        raise InputError(f"{folder} cannot be written: make the folder {folder.parent} first")
    with folder_beside(folder) as work:
        made = work / "version"
        target = made
        if server == "triton":
            made.mkdir()
            target = made / "model.onnx"
        artifact = export(model_or_path, target, FORMATS[server], batch_size=batch_size, **options)
        folder.mkdir(exist_ok=True)
        config = folder / "config.pbtxt"
        if server == "triton" and config.exists():
            check_config(config, triton_config(folder.name, artifact))
        if server == "triton" and not config.exists():
            (work / config.name).write_text(triton_config(folder.name, artifact))
            os.replace(work / config.name, config)
        version = next_version(folder)
        made.rename(version)
    return Artifact.read(version / target.relative_to(made))


def check_server(server):
    """Raises `InputError` with the known servers if `server` is none of them."""
    if server not in FORMATS:
        raise InputError(f"unknown server {server!r}: choose one of {', '.join(FORMATS)}")


def check_config(config, wanted):
    """Raises `InputError` if a `config.pbtxt` that is there tells Triton of other tensors than a version has.

    Triton would not load that version. What else its owner wrote there may be as it likes.
    """
    text = config.read_text()
    theirs = described(text)
    for name, ours in described(wanted).items():
        if theirs.get(name, ours if f'"{name}"' in text else "nothing") != ours:
            raise InputError(
                f"{config} has {theirs.get(name, 'nothing')} for {name}, the new version {ours}: remove that file to "
                "have it written anew, or export to another folder"
            )


def described(config):
    """Returns by name the type and sides of each tensor in a configuration's text, and whether calls are batched."""
    batch = re.search(r"\bmax_batch_size\s*:\s*([0-9]+)", config)
    found = {"the batch": "a size of Triton's choice" if batch and int(batch[1]) else "the size in the tensors"}
    for block in re.findall(r"\{([^{}]*)", config):
        name, dtype, dims = (re.search(field, block) for field in FIELDS)
        if name and dtype and dims:
            found[name[1]] = f"{dtype[1]} [{', '.join(re.findall('-?[0-9]+', dims[1]))}]"
    return found


def next_version(folder):
    """Returns the path of a folder's next version: 1, or one more than the last."""
    versions = [int(part.name) for part in folder.iterdir() if part.name.isdigit()]
    return folder / str(max(versions, default=0) + 1)


def triton_config(name, artifact):
    """Returns the text of Triton's `config.pbtxt`: what goes in and comes out, and how calls are put together.

    Source: Triton's documentation, "Model Configuration": with `max_batch_size` above 0 the dims leave out the batch,
    -1 is any number.
    """
    batched = artifact.batch_size is None
    parts = [
        f'name: "{name}"',
        'backend: "onnxruntime"',
        f"max_batch_size: {MAX_BATCH if batched else 0}",
        *(tensor("input", one, batched) for one in artifact.inputs),
        *(tensor("output", one, batched) for one in artifact.outputs),
    ]
    return "\n".join(parts + ["dynamic_batching { }"] * batched) + "\n"


def tensor(kind, spec, batched):
    """Returns an input or output in the configuration's words."""
    dims = [-1 if side is None else side for side in spec["shape"][1 if batched else 0 :]]
    fields = f'name: "{spec["name"]}" data_type: TYPE_{TYPES[spec["dtype"]]} dims: {dims or [1]}'
    # A number a picture has no dims of its own, which Triton asks for: it sees a row of one.
    return f"{kind} {{ {fields}{'' if dims else ' reshape { shape: [] }'} }}"
