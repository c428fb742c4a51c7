"""What stands behind a question mark in a source: `DIR?key=value&key=value`."""

from zoo.errors import InputError


def options_of(rest, known):
    """Splits a source's options off.

    Args:
        rest: what stands behind the kind of source.
        known: names of the options that it takes.

    Returns:
        What stands before the question mark, and a dict of strings.

    Raises:
        InputError: if an option is unknown or has no value.
    """
    name, mark, words = rest.partition("?")
    options = {}
    for word in words.split("&") if mark else ():
        key, _, value = word.partition("=")
        if key not in known or not value:
            raise InputError(f"{rest}: {word!r} is no option; it takes {', '.join(f'{key}=...' for key in known)}")
        options[key] = value
    return name, options
