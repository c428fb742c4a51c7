"""Annotated sets written in other programs' formats, each format in a file of its own; `WRITERS` is the table."""

from dataclasses import dataclass
from importlib import import_module

from recipes.data.staging import staged
from zoo.errors import InputError
from zoo.progress import track

WRITERS = {"coco": "coco.Coco", "yolo": "yolo.Yolo", "voc": "voc.Voc", "masks": "masks.Masks"}
"""By the format's name its writer; its module is loaded only then."""


@dataclass(frozen=True)
class Converted:
    """What `convert` wrote.

    Attributes:
        spec: the source that reads it.
        pictures: how many.
        rewritten: how many of them are no copies of files, but PNGs of the same pixels, upright.
        renamed: how many have another name than in the source.
        objects: how many; `None` of label maps.
        left_out: keys of the source's targets that are not written, see `Source.keys`.
        notes: dict of what is left out or said otherwise, to how many objects or pictures that concerns.
        skipped: list of `Problem`, pictures that are damaged inside.
    """

    spec: str
    pictures: int
    rewritten: int
    renamed: int
    objects: int | None
    left_out: tuple
    notes: dict
    skipped: list


def convert(source, to, folder, *, split=None, skip_bad=False):
    """Writes an annotated set, pictures and all, in another format.

    Pictures are read one by one, and copied where they are JPEG or PNG without an orientation (EXIF); others become
    PNGs of the upright pixels. They are named as in the source, without its folders; of several that share a name
    the second is NAME-2. Everything is written beside the folder, and takes its name when it is whole.

    Args:
        source: a `Source`.
        to: a name in `WRITERS`.
        folder: path, of nothing or an empty folder; of YOLO and VOC also one that this wrote for another split.
        split: its name in YOLO and VOC; that of the source if `None`, "train" where it has none.
        skip_bad: whether pictures and objects that cannot be used are left out, and counted, instead of an error.

    Returns:
        `Converted`.

    Raises:
        InputError: if the format is unknown or holds nothing of what the source has, anything in the folder would be
            written over, it cannot be written, or there are bad pictures or objects and they are not to be skipped.
    """
    from recipes.data.sources.problems import usable  # loads TensorFlow
    from recipes.data.writers.naming import Names
    from recipes.data.writers.reading import pictures_of

    writer_class = writer_of(to)
    chosen = writer_class.targets(source)
    writer = writer_class(folder, chosen, split)
    skipped, count, rewritten = [], 0, 0
    with staged(folder) as (stage, adding):
        if adding:
            writer.add_to()
        names, chosen = Names(writer.taken), usable(chosen, skip_bad)
        (stage / writer.pictures).mkdir(parents=True)
        for picture, problem in track(pictures_of(chosen), f"writing {folder}", len(chosen)):
            if problem and not skip_bad:
                raise InputError(f"{problem}: mend or remove it, or leave it out with --skip-bad")
            if problem:
                skipped.append(problem)
                continue
            file = names.give(picture.name, picture.suffixes)
            (stage / writer.pictures / file).write_bytes(picture.contents)
            writer.add(stage, file, picture)
            count, rewritten = count + 1, rewritten + picture.rewritten
        if not count:
            raise InputError(f"{source.spec}: no usable picture is left; the first problem is {skipped[0]}")
        writer.finish(stage)
    return Converted(
        spec=writer.spec,
        pictures=count,
        rewritten=rewritten,
        renamed=names.renamed,
        objects=writer.objects,
        left_out=tuple(key for key in source.keys if key not in chosen.keys),
        notes=dict(writer.notes),
        skipped=skipped,
    )


def writer_of(to):
    """Returns the class that writes a format."""
    if to not in WRITERS:
        raise InputError(f"--to {to}: no such format; there are {', '.join(WRITERS)}")
    module, name = WRITERS[to].split(".")
    return getattr(import_module(f"{__name__}.{module}"), name)
