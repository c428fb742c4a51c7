"""Folders of published models, written by hand as `zoo publish` writes them."""

import hashlib
import json


def entry(contents, **changes):
    """Returns a model's entry in an index."""
    facts = {name: {"size": len(one), "sha256": hashlib.sha256(one).hexdigest()} for name, one in contents.items()}
    words = {"model": "unet", "task": "segmentation", "figure": "mIoU 0.9", "licence": "MIT", "data_licence": "CC0"}
    return {**words, "arguments": {"width": 0.25}, "files": facts, **changes}


def write_shelf(folder, models):
    """Writes a dict of models, each one of bytes by file name, with their index."""
    for own, files in models.items():
        (folder / own).mkdir(parents=True)
        for name, content in files.items():
            (folder / own / name).write_bytes(content)
    (folder / "index.json").write_text(json.dumps({"models": {own: entry(one) for own, one in models.items()}}))
    return folder


def as_served(folder):
    """Returns the files of a folder as a server has them."""
    return {
        f"/{file.relative_to(folder).as_posix()}": file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }
