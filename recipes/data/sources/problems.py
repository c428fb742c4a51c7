"""What is wrong with records and their objects: how it is told, counted, and left out of a source."""

from dataclasses import dataclass

import numpy as np

from zoo.constants import VOID
from zoo.errors import InputError, one_line
from zoo.progress import say

UNDECODABLE = "the picture or its annotation cannot be decoded"


@dataclass(frozen=True)
class Problem:
    """A record that cannot be used, or not as it is annotated.

    Attributes:
        file: path, or the record's name where it is not a file.
        message: what is wrong with it, without the file's name.
        index: place of the record in its source, from 0.
        fatal: whether nothing is learned from the source until it is mended or left out; if not, the message says
            what is done about it.
        kind: what problems of one kind have in common, by which they are counted.
        of_object: whether one object of the record is concerned, and the rest of it can be used.
    """

    file: str
    message: str
    index: int
    fatal: bool = True
    kind: str = ""
    of_object: bool = False

    def __str__(self):
        return one_line(f"{self.file}: {self.message}")


def leaves_out(problem):
    """Says whether a problem costs its whole record."""
    return problem.fatal and not problem.of_object


def usable(source, skip_bad):
    """Looks through a source and returns it without its bad records and objects.

    Args:
        source: a `Source`; one `of_task` has no faults of other targets.
        skip_bad: whether they are left out, and counted, instead of an error.

    Raises:
        InputError: if there are bad ones and they are not to be skipped, or nothing is left.
    """
    findings = source.findings()
    bad = [found for found in findings if found.fatal]
    for counted in by_kind([found for found in findings if not found.fatal]):
        say(f"{source.spec}: {counted}")
    if bad and not skip_bad:
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        raise InputError(f"{bad[0]}{more}: mend or remove it, or leave it out with --skip-bad")
    rest = source.without(bad)
    if not len(rest):
        raise InputError(f"{source.spec}: no usable picture is left; the first problem is {bad[0]}")
    if len(rest) < len(source):
        lost = [problem for problem in bad if leaves_out(problem)]
        say(f"{source.spec}: skipped {len(source) - len(rest)} of {len(source)} pictures, the first is {lost[0]}")
    for counted in by_kind([problem for problem in bad if not leaves_out(problem)]):
        say(f"{source.spec}: left out {counted}")
    return rest


def by_kind(problems):
    """Returns a line for each kind of problem: how many there are, and the first."""
    kinds = {}
    for problem in problems:
        kinds.setdefault(problem.kind, []).append(problem)
    lines = []
    for kind, found in kinds.items():
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        lines.append(f"{len(found)} × {kind}, first {found[0]}" if kind else f"{found[0]}{more}")
    return lines


def segmentation_problem(labels, picture_size, classes):
    """Returns what is wrong with an `(H, W)` label map, or `None`."""
    return size_problem(labels.shape, picture_size) or label_problem(labels[labels != VOID], classes, "pixel")


def size_problem(size, picture_size):
    """Returns how the `(height, width)` of a mask differs from that of its picture, or `None`."""
    if tuple(size) == tuple(picture_size):
        return None
    return f"the mask is {size[0]}x{size[1]}, its picture {picture_size[0]}x{picture_size[1]}"


def label_problem(labels, classes, what):
    """Returns which labels lie outside the classes, or `None`."""
    outside = np.unique(labels[(labels < 0) | (labels >= len(classes))])
    if not outside.size:
        return None
    found = ", ".join(str(label) for label in outside[:5].tolist())
    return f"{what} label {found} is outside the {len(classes)} classes (0 to {len(classes) - 1})"
