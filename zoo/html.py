"""Tables for notebooks."""

from html import escape
from typing import ClassVar

from zoo.errors import one_line

LONGEST = 200
"""Characters of a cell, beyond which its end is left out."""


def table(columns, rows):
    """Returns a table as HTML, whatever the names in it are.

    Args:
        columns: names of the columns, `()` for none.
        rows: lists of cells.
    """
    head = f"<thead><tr>{cells('th', columns)}</tr></thead>" if columns else ""
    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table>{head}<tbody>{body}</tbody></table>"


def cells(tag, values):
    """Returns cells of that tag."""
    return "".join(f"<{tag}>{escape(shown(value))}</{tag}>" for value in values)


def shown(value):
    """Writes a value: names and numbers as they are, of a dict its items, of long ones the beginning."""
    if isinstance(value, dict):
        value = ", ".join(f"{name} {shown(one)}" for name, one in value.items())
    elif isinstance(value, list | tuple):
        value = ", ".join(map(shown, value))
    elif isinstance(value, float):
        value = f"{value:.6g}"
    text = one_line(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


class Shown:
    """A record with `to_dict()` that notebooks show as a table of what it holds, without what is empty.

    Attributes:
        hidden: names of what is too long for it.
    """

    hidden: ClassVar[tuple] = ()

    def _repr_html_(self):
        told = {name: value for name, value in self.to_dict().items() if name not in self.hidden}
        return table((), [pair for pair in told.items() if pair[1] not in (None, "", [], {})])
