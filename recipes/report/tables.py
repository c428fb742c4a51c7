"""What the command line prints: tables, and how their numbers are written."""

import re

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from recipes.report import words
from zoo.errors import one_line

LEAST_PROSE = 24
"""Characters that a column of prose keeps on a narrow terminal."""
BETWEEN = 3
"""Characters that a column takes beside its cells, at most."""


def show(title, columns, rows, prose=()):
    """Prints a table, whatever the names in it are: in columns on a terminal, else as plain lines with tabs between.

    No cell is broken but those of prose: a name, a path or a number can be copied whole, and where the terminal is
    too narrow for that, lines run on.

    Args:
        title: a line above it, "" for none.
        columns: names of the columns; one of numbers stands on the right.
        rows: lists of cells; a cell of several lines holds several names.
        prose: names of the columns that are wrapped at words.
    """
    title, rows = shown(title), [[shown(cell) for cell in row] for row in rows]
    console = Console()
    if console.is_terminal:
        if title:
            console.print(Text(title, "bold"), soft_wrap=True)
        table = table_of(columns, rows, prose)
        console.width = max(console.width, sum(column.min_width + BETWEEN for column in table.columns))
        with console.capture() as lines:
            console.print(table)
        print(*map(trimmed, lines.get().splitlines()), sep="\n")
    else:
        lines = [title] * bool(title) + ["\t".join(row).replace("\n", ", ") for row in (map(shown, columns), *rows)]
        print(*lines, "", sep="\n")


def table_of(columns, rows, prose):
    """Returns the `rich.table.Table` of what `show` prints."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for i, column in enumerate(columns):
        wraps = column in prose
        numbers = not wraps and any(row[i][:1].isdigit() for row in rows)
        least = least_width([column, *(row[i] for row in rows)], wraps)
        table.add_column(
            Text(column), justify="right" if numbers else "left", no_wrap=not wraps, min_width=least, overflow="fold"
        )
    for row in rows:
        table.add_row(*map(Text, row))  # names may hold brackets, which Rich would read as styles
    return table


def trimmed(line):
    """Returns a line without the blanks at its end, which a narrow terminal would show as a line of their own."""
    text = re.sub(r"(?: |\x1b\[[\d;]*m)+$", "", line)
    return f"{text}\x1b[0m" if "\x1b" in text else text


def least_width(cells, wraps):
    """Returns the fewest characters that a column takes: its longest line or, where it wraps, its longest word."""
    longest = max(cell_len(line) for cell in cells for line in cell.split("\n"))
    words = max((cell_len(word) for cell in cells for word in cell.split()), default=0)
    return max(words, min(longest, LEAST_PROSE)) if wraps else longest


def shown(cell):
    """Returns a cell as text; it may have several lines."""
    return "\n".join(map(one_line, str(cell).split("\n")))


def show_scores(title, scores):
    """Prints the overall figures, then a line for each class or keypoint with all its figures."""
    overall = {name: value for name, value in scores.items() if "/" not in name}
    show(title, ["figure", "value"], [[name, figure(value)] for name, value in overall.items()])
    columns, rows = words.of_each(scores)
    if rows:
        show("", ["of each", *columns], [[owner, *map(figure, values)] for owner, values in rows.items()])


def figure(value):
    """Writes a score; a dash where there is none."""
    return "–" if value is None else f"{value:.4f}"


def percent(part, whole=1):
    """Writes a share, as the report does."""
    return words.percent(part / max(whole, 1))


def megabytes(count):
    """Writes bytes as megabytes."""
    return f"{count / 1e6:.1f} MB"
