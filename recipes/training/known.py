"""What a run knows of its data, in `data.json`: which they are, and which of their pictures it leaves out."""

import json
from dataclasses import dataclass
from pathlib import Path

from recipes.data.files import read_json
from recipes.data.fingerprint import Fingerprint, fingerprint
from recipes.data.sources.problems import Problem, usable
from zoo.errors import InputError
from zoo.files import replace_text

ROLES = ("data", "val_data")


@dataclass(frozen=True)
class Known:
    """What is known of one source.

    Attributes:
        fingerprint: its `Fingerprint`.
        left_out: places of the records that cannot be used, of those that the source has.
        skip_bad: whether a record that cannot be used is left out instead of refused.
    """

    fingerprint: Fingerprint
    left_out: tuple[int, ...]
    skip_bad: bool


def read_known(folder):
    """Returns what the run in a folder knows, by the recipe's field; `{}` without `data.json`.

    Raises:
        InputError: if the file is damaged.
    """
    path = Path(folder, "data.json")
    if not path.is_file():
        return {}
    found = read_json(path, keys=ROLES, values=dict)
    try:
        return {
            role: Known(Fingerprint.from_dict(one), tuple(map(int, one["left_out"])), bool(one["skip_bad"]))
            for role, one in found.items()
        }
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: is damaged; remove it, it is written anew") from error


def write_known(workdir, known):
    """Writes what a run knows, a dict of `Known` by the recipe's field."""
    fields = {
        role: {**one.fingerprint.to_dict(), "left_out": list(one.left_out), "skip_bad": one.skip_bad}
        for role, one in known.items()
    }
    replace_text(workdir.data, json.dumps(fields) + "\n")


def known_to(model):
    """Returns what the run of a model or an artifact knows, `{}` where the file lies in no run's folder."""
    folder = Path(model).absolute().parent
    return read_known(folder.parent if folder.name == "artifacts" else folder)


def without_bad(source, known):
    """Returns a source less the records that a run left out of it, the source itself if the run does not know it."""
    return _less(source, _same(fingerprint(source), known) if known else None)


def usable_again(source, known, skip_bad=False, now=None):
    """Returns a source less its bad records, and what is `Known` of it then.

    It is read through as by `recipes.data.usable`, unless the run knows it.

    Args:
        source: a `Source`.
        known: what a run knows; `{}` for nothing.
        skip_bad: leave out unusable pictures, as the run did if it did.
        now: the source's fingerprint, where it was taken already.

    Raises:
        InputError: as `usable`.
    """
    now = now or fingerprint(source)
    if found := _same(now, known):
        if found.left_out:
            print(f"{source.spec}: skipped {len(found.left_out)} of {len(source)} pictures, as this run did before")
        return _less(source, found), found
    skip_bad = skip_bad or any(one.skip_bad for one in known.values())
    rest = usable(source, skip_bad)
    return rest, Known(now, tuple(map(int, sorted(rest.left_out - source.left_out))), skip_bad)


def unchanged(known, now):
    """Lists the recipe's fields whose data have the fingerprints that a run knows, wherever they lie."""
    return [role for role, one in known.items() if one.fingerprint == now[role]]


def check_unchanged(known, now):
    """Prints how the data changed since a run was last at work.

    Args:
        known: what the run knows.
        now: fingerprints of today, by the recipe's field.

    Raises:
        InputError: if the names of classes or points, or their order, changed: the weights would mean something else.
    """
    for role, one in known.items():
        before, today = one.fingerprint, now[role]
        for what, names in before.meaning.items():
            if names != today.meaning.get(what):
                raise InputError(
                    f"{role}: its {what.replace('_', ' ')} were {names} when this run was last at work, now they are "
                    f"{today.meaning.get(what)}: bring them back, or begin another run"
                )
        if changes := today.changes_since(before):
            print(f"{role} changed since this run was last at work: {changes}")


def _same(now, known):
    return next((one for one in known.values() if one.fingerprint == now), None)


def _less(source, known):
    return source.without([Problem(source.spec, "", index) for index in known.left_out]) if known else source
