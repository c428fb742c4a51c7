"""YAML that another program wrote: a dict of strings, lists and dicts, in bounded time and memory."""

import os
import re
from itertools import accumulate

import yaml
from yaml.composer import Composer
from yaml.constructor import BaseConstructor
from yaml.cyaml import CParser
from yaml.resolver import BaseResolver

from recipes.data.files import contents_of, text_of
from zoo.errors import InputError

MOST_BYTES = 1 << 19
DEEPEST = 100


class Plain(Composer, CParser, BaseConstructor, BaseResolver):
    """Reads every scalar as the text that it is, and refuses aliases of what holds lists or dicts.

    So "no" is a class like others, and a file of nine aliases of nine aliases does not grow. It is PyYAML's
    BaseLoader but for the parser, libyaml's, which takes a tenth of the time.
    """

    def __init__(self, text):
        CParser.__init__(self, text)
        for part in (Composer, BaseConstructor, BaseResolver):
            part.__init__(self)

    def compose_node(self, parent, index):
        """As PyYAML's, which gives the same node for each of its aliases."""
        aliased = self.check_event(yaml.AliasEvent)
        node = super().compose_node(parent, index)
        if aliased and any(not isinstance(part, yaml.ScalarNode) for part in parts_of(node)):
            raise yaml.YAMLError("an alias (*) stands for lists of lists; write them out")
        return node


def parts_of(node):
    """Yields the nodes that a node holds."""
    for part in [] if isinstance(node, yaml.ScalarNode) else node.value:
        yield from part if isinstance(part, tuple) else (part,)


def read_yaml(path, needed):
    """Reads a YAML file.

    Args:
        path: the file.
        needed: one line that says what is needed, for the error.

    Returns:
        A dict; all its scalars are strings, "" for nothing.

    Raises:
        InputError: if it is missing or no YAML.
    """
    if not os.path.exists(path):
        raise InputError(f"{path}: no such file; {needed}")
    try:
        text = text_of(contents_of(path, MOST_BYTES))
        steps = (1 if bracket in "[{" else -1 for bracket in re.findall(r"[\[\]{}]", text))
        if max(accumulate(steps), default=0) > DEEPEST:  # which takes PyYAML a time that grows by its square
            raise RecursionError
        data = yaml.load(text, Plain)
    except yaml.YAMLError as error:
        raise InputError(f"{path}: is no YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise InputError(f"{path}: is nested too deep") from error
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error
    if not isinstance(data, dict):
        raise InputError(f"{path}: has no names; {needed}")
    return data
