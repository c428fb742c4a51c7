"""The error of everything that is given from outside, and the one line that it is."""

from difflib import get_close_matches

LONGEST = 2000
NEAREST, ALIKE = 3, 0.5
"""How many names a message tells at most, and how much of them a mistaken one has."""


class InputError(ValueError):
    """Something given from outside is wrong: the message is one line that names it and says what to do.

    The command line prints the message and exits with code 2; from Python it is an ordinary `ValueError`.
    """

    def __init__(self, message=""):
        super().__init__(one_line(message))


def one_line(text):
    """Returns a text as a message shows it, whatever the names in it are, which strangers may have chosen.

    Line breaks, control characters and bytes that are no text are escaped as in Python, and of more than `LONGEST`
    characters the middle is left out.
    """
    text = shortened(str(text))
    return text if text.isprintable() else shortened("".join(c if c.isprintable() else repr(c)[1:-1] for c in text))


def alike(name, known):
    """Returns the few of the known names that a mistaken one is part of, and then those most like it."""
    holding = [one for one in known if name and name.lower() in one.lower()]
    return list(dict.fromkeys([*holding, *get_close_matches(name, known, NEAREST, ALIKE)]))[:NEAREST]


def listed(near):
    """Returns ", nearest are A, B" with those names, as the middle of a message; "" without any."""
    return f", nearest are {', '.join(near)}" if near else ""


def nearest(name, known):
    """Returns what `listed` makes of the names that are `alike`."""
    return listed(alike(name, known))


def written(size):
    """Writes a size as messages do: 480x640, "any" for a side that may have any length."""
    return "x".join("any" if side is None else str(side) for side in size)


def shortened(text):
    """Leaves out the middle of a text of more than `LONGEST` characters."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"
