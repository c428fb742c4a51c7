"""What a name stands for, wherever a model's file may stand: "torchvision/BUILDER", "regionzoo/NAME", "hf://...".

What `find` returns has a `name`; `load()` for the `keras.Model`; `located()` for the path of the file that predicts,
`None` where the model is built; and `fetch()`, after which nothing needs the network.
"""

import os

from zoo.errors import NEAREST, InputError, alike, listed
from zoo.weights import hub, published, shelf

PREFIXES = ("torchvision/", f"{shelf.SOURCE}/", "hf://")


def is_name(path_or_name):
    """Says whether something is meant as a name; a file or folder that is called so wins."""
    text = str(path_or_name)
    return text.startswith(PREFIXES) and not os.path.exists(text)


def find(path_or_name):
    """Returns the model that a name stands for, `None` for a path.

    Raises:
        InputError: if there is none of that name, or it is that of weights alone.
    """
    name = str(path_or_name)
    if not is_name(name):
        return None
    if name.startswith("hf://"):
        return hub.find(name)
    if name.startswith(f"{shelf.SOURCE}/"):
        entry = shelf.find(name)
    else:
        entry = published.of_model(name)
        if entry is None and (of_name := [one for one in published.PUBLISHED if one.name == name]):
            raise InputError(no_model(name, of_name))
        if entry and not entry.whole:
            raise InputError(no_model(name, [entry]))
    if entry is None:
        raise unknown(name)
    return entry


def of_weights(name):
    """Returns the entry of a name, be it a model's or a classifier's.

    Raises:
        InputError: if nothing has that name.
    """
    entry = (published.of_model(name) if is_name(name) else None) or find(name)
    if entry is None:
        raise unknown(name)
    return entry


def unknown(name):
    """Returns the error of a name that nothing has."""
    return InputError(f"nothing is called {name}{hint(name)}: `zoo weights` lists all names")


def weights_file(path_or_name):
    """Returns the path of the .keras file of one of our own models or the hub's, `None` for other names and paths."""
    name = str(path_or_name)
    if not is_name(name) or name.startswith("torchvision/"):
        return None
    return find(name).weights()


def no_model(name, entries):
    """Says why a name of weights is none of a model."""
    models = [entry.model_name for entry in entries if entry.whole]
    if models:
        return f"{name} names the weights of several models: choose {' or '.join(models)}"
    return (
        f"{name} is a classifier, no model to predict with: give its weights to what is built on it, "
        f"as in weights={entries[0].name!r}"
    )


def names():
    """Lists the names of models, those of the hub apart."""
    return [entry.model_name for entry in published.PUBLISHED if entry.whole] + shelf.names()


def hint(text):
    """Returns ", nearest are ..." with the names of models that are nearest to a text, "" where none is near."""
    by_end = {name.partition("/")[2]: name for name in names()}
    return listed([by_end[end] for end in alike(str(text).rpartition("/")[2], by_end)])


def hint_of_weights(text):
    """As `hint`, with the names of weights that hold the text, too: "imagenet" is of torchvision/IMAGENET1K_V1."""
    last = str(text).rpartition("/")[2].lower()
    holding = sorted({entry.name for entry in published.PUBLISHED if last and last in entry.name.lower()})
    return listed(holding[:NEAREST]) or hint(text)
