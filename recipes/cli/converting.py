"""The verb that hands annotated sets on: `zoo convert`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from recipes.cli.app import SPECS, Json, SkipBad, verb, write_json
from recipes.report.tables import show


@verb("zoo convert labelme:photos --to coco photos_coco", frameworks=True)
def convert(
    source: Annotated[str, typer.Argument(help=SPECS)],
    folder: Annotated[
        Path, typer.Argument(help="A new folder; of yolo and voc also one that this wrote for another split.")
    ],
    to: Annotated[str, typer.Option(help="coco, yolo, voc or masks.")],
    split: Annotated[
        str | None, typer.Option(help="Name of the split in yolo and voc; the source's, or train, if not given.")
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="Only what this task learns, such as detection or instance_segmentation.")
    ] = None,
    skip_bad: SkipBad = False,
    json_file: Json = None,
):
    """Writes an annotated set, pictures and all, in another format."""
    from recipes.data import open_source
    from recipes.data.targets import TARGETS, check_targets
    from recipes.data.writers import convert
    from zoo.errors import InputError

    opened = open_source(source)
    if task is not None:
        if task not in TARGETS:
            raise InputError(f"--task {task}: no such task; there are {', '.join(TARGETS)}")
        check_targets(opened, task)
        opened = opened.of_task(task)
    found = convert(opened, to, folder, split=split, skip_bad=skip_bad)
    show_converted(source, to, found)
    write_json(json_file, asdict(found))


def show_converted(source, to, found):
    """Prints what was written, and what was left out or said otherwise."""
    objects = [] if found.objects is None else [f"{found.objects:,}"]
    row = [f"{found.pictures:,}", f"{found.rewritten:,}", f"{found.renamed:,}", *objects]
    show(f"{source} as {to}", ["pictures", "of them new PNGs", "renamed", *["objects"] * len(objects)], [row])
    if found.notes:
        rows = [[f"{count:,}", *note.partition(": ")[::2]] for note, count in sorted(found.notes.items())]
        show("left out or said otherwise", ["how many", "of what", "how"], rows, prose=("of what", "how"))
    if found.left_out:
        print(f"not written, as {to} has no place for it (see --task): {', '.join(found.left_out)}")
    if found.skipped:
        rows = [[bad.file, bad.message] for bad in found.skipped]
        show("skipped", ["file", "what is wrong"], rows, prose=("what is wrong",))
    print(f"read it as {found.spec}")
