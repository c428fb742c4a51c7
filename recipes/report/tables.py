"""What the command line prints: tables, and how their numbers are written."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from recipes.report import words
from zoo.errors import one_line


def show(title, columns, rows):
    """Prints a table, whatever the names in it are; columns of numbers stand on the right."""
    title, rows = shown(title), [[shown(cell) for cell in row] for row in rows]
    table = Table(title=Text(title) if title else None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for i, column in enumerate(columns):
        numbers = any(row[i][:1].isdigit() for row in rows)
        table.add_column(Text(column), justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # names may hold brackets, which Rich would read as styles
    Console().print(table)


def shown(cell):
    """Returns a cell as text; it may have several lines."""
    return "\n".join(map(one_line, str(cell).split("\n")))


def show_scores(title, scores):
    """Prints the overall figures, then a line for each class or keypoint with all its figures."""
    overall = {name: value for name, value in scores.items() if "/" not in name}
    show(title, ["figure", "value"], [[name, figure(value)] for name, value in overall.items()])
    of_each = {}
    for key, value in scores.items():
        name, slash, owner = key.partition("/")
        if slash:
            of_each.setdefault(owner, {})[name] = value
    if of_each:
        columns = list(dict.fromkeys(name for figures in of_each.values() for name in figures))
        rows = [[owner, *(figure(figures.get(name)) for name in columns)] for owner, figures in of_each.items()]
        show("", ["of each", *columns], rows)


def figure(value):
    """Writes a score; a dash where there is none."""
    return "–" if value is None else f"{value:.4f}"


def percent(part, whole=1):
    """Writes a share, as the report does."""
    return words.percent(part / max(whole, 1))


def megabytes(count):
    """Writes bytes as megabytes."""
    return f"{count / 1e6:.1f} MB"
