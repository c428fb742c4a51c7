"""Reads Darknet's .cfg files: sections in brackets, each with lines `key=value`."""

from dataclasses import dataclass, field
from pathlib import Path

from zoo.errors import InputError


@dataclass(frozen=True)
class Section:
    """One section of a .cfg file.

    Attributes:
        path: the file.
        line: where its name stands, counted from 1.
        kind: its name, e.g. "convolutional".
        options: what its lines say, as text.
    """

    path: Path
    line: int
    kind: str
    options: dict = field(default_factory=dict)

    def error(self, message):
        """Returns an `InputError` that names file, line and section."""
        return InputError(f"{self.path}, line {self.line}, [{self.kind}]: {message}")

    def allow(self, *known):
        """Raises `InputError` if the section has an option that is not among the known ones."""
        for key in self.options:
            if key not in known:
                raise self.error(f"the option {key} is not supported; known are {', '.join(known)}")

    def expect(self, **values):
        """Raises `InputError` if a whole-number option is given with another value than the one supported."""
        for key, value in values.items():
            if self.integer(key, value, smallest=None) != value:
                raise self.error(f"{key}={self.options[key]} is not supported, only {key}={value}")

    def integer(self, key, default=None, smallest=1):
        """Returns a whole number; without a default the option has to be there."""
        number = self._read(int, "a whole number", key, default)
        if smallest is not None and number < smallest:
            raise self.error(f"{key}={number} is below {smallest}")
        return number

    def number(self, key, default=None):
        """Returns a float; without a default the option has to be there."""
        return self._read(float, "a number", key, default)

    def numbers(self, key, read=float):
        """Returns the tuple of numbers between commas; the option has to be there."""
        return self._read(lambda text: tuple(read(item) for item in text.split(",")), "numbers", key, None)

    def text(self, key, default):
        """Returns an option as it stands."""
        return self.options.get(key, default)

    def _read(self, read, what, key, default):
        if key not in self.options:
            if default is None:
                raise self.error(f"{key}= is missing")
            return default
        try:
            return read(self.options[key])
        except ValueError as error:
            raise self.error(f"{key}={self.options[key]} is not {what}") from error


def read(path):
    """Reads a .cfg file.

    Args:
        path: the file; blanks do not count, lines that begin with # or ; are remarks.
    Returns:
        A non-empty list of `Section`, `[net]` (or `[network]`) first.
    Raises:
        InputError: if the file is missing or a line is neither a section nor `key=value`.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such .cfg file")
    sections = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        # As Darknet's own reader, which drops every blank of a line.
        line = "".join(line.split())
        if not line or line[0] in "#;":
            continue
        if line[0] == "[" and line[-1] == "]":
            sections.append(Section(path, number, line[1:-1]))
            continue
        key, equals, value = line.partition("=")
        if not equals or not sections:
            raise InputError(f"{path}, line {number}: expected [section] or key=value, received {line[:40]!r}")
        sections[-1].options[key] = value
    if not sections or sections[0].kind not in ("net", "network"):
        raise InputError(f"{path}: a Darknet .cfg file begins with [net]; this one does not")
    return sections
