"""Values of JSON as other programs write them: ids, numbers and lists of such, or none."""

MOST = 1e12
"""Beyond which a number is none."""


def identity(value):
    """Returns an id such that 1, 1.0 and "1" are one; `None` for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    return value


def number_or_none(value):
    """Returns a finite number as it is, also one written as text; `None` for all else."""
    if isinstance(value, str) and len(value) < 40:
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > MOST or value != value:
        return None
    return value


def numbers(values, length=None):
    """Returns a list of numbers of a length as it is, `None` for all else."""
    if not isinstance(values, list) or length is not None and len(values) != length:
        return None
    if values and {*map(type, values)} <= {int, float}:  # the many coordinates of a polygon
        usable = -MOST <= min(values) and max(values) <= MOST and sum(values) == sum(values)
        return values if usable else None
    found = [number_or_none(value) for value in values]
    return None if None in found else found


def brief(value):
    """Returns a value as a message shows it."""
    text = repr(value) if not isinstance(value, str) else value
    return text if len(text) <= 40 else f"{text[:40]}…"
