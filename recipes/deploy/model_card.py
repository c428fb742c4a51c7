"""A published model's card: Markdown with the front matter that the Hugging Face Hub reads.

Source: the hub's documentation, "Model Cards": YAML metadata, `model-index`.
"""

import json
import re
from pathlib import Path

import jinja2

from recipes.report.words import counted, file_size, number, of_each, title_of
from zoo.weights.catalogue import is_name

PIPELINES = {
    "segmentation": "image-segmentation",
    "instance_segmentation": "image-segmentation",
    "keypoints": "keypoint-detection",
    "masks_and_keypoints": "keypoint-detection",
    "points": "keypoint-detection",
}
"""The hub's word for a task; the others find boxes."""
LICENCES = (
    *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "isc", "unlicense", "wtfpl", "cc0-1.0", "cc-by-4.0"),
    *("cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-4.0", "odbl", "pddl"),
    *("gpl-2.0", "gpl-3.0", "lgpl-2.1", "lgpl-3.0", "agpl-3.0", "mpl-2.0", "epl-2.0"),
)
"""Those that the hub has a word for; others are named beside "other"."""
ABSOLUTE = re.compile(r"(?<![^:@])(?:~|/|[A-Za-z]:[\\/])[^:@]*[/\\]([^:@/\\]+)")


def render(facts, made, predictor):
    """Writes the card.

    Args:
        facts: see `recipes.deploy.publish.facts_of`.
        made: of each file bytes and SHA-256 by its name.
        predictor: what `export.load` made of one of them.
    Returns:
        The text.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(cell=cell, number=number, title_of=title_of, file_size=file_size, json=json.dumps)
    recipe = {name: without_folders(value) for name, value in facts["recipe"].to_dict().items()}
    overall = {name: value for name, value in facts["scores"].items() if "/" not in name}
    known = facts["licence"].lower() in LICENCES
    return environment.get_template("model_card.md").render(
        {**facts, "recipe": recipe},
        files=made,
        learned_for=counted(facts["epochs"], "epoch"),
        given="".join(f"{name}={value!r}, " for name, value in facts["arguments"].items()),
        keras="model.keras" if "model.keras" in made else None,
        artifact=next((name for name in made if name != "model.keras"), None),
        hub_licence=facts["licence"].lower() if known else "other",
        pipeline=PIPELINES.get(facts["task"], "object-detection"),
        overall=overall,
        of_each=of_each(facts["scores"]),
        class_names=predictor.class_names,
        keypoint_names=predictor.keypoint_names,
        frame=predictor.frame_size,
    )


def without_folders(value):
    """Returns a field, or anything in it, with files and folders of this machine named by their last part alone."""
    if isinstance(value, dict):
        return {name: without_folders(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_folders(one) for one in value]
    if isinstance(value, str) and not is_name(value):
        return ABSOLUTE.sub(r"\1", value)
    return value


def cell(text):
    """Returns a name, which strangers may have chosen, as a cell of a table shows it."""
    return re.sub(r"([\\|`*_<>\[\]])", r"\\\1", " ".join(str(text).split()))
