import pytest
import tensorflow as tf

from recipes.data import open_source
from tests.recipes.data.writers.sets import examples, write_coco


@pytest.fixture(autouse=True)
def untraced(monkeypatch):
    """Sets of five pictures are decoded without a graph, which takes longer to trace than they take."""
    monkeypatch.setattr(tf, "function", lambda function, **_: function)


@pytest.fixture(scope="session")
def odd(tmp_path_factory):
    """An odd COCO set: its source, and what is in it."""
    source = open_source(write_coco(tmp_path_factory.mktemp("odd")))
    return source, examples(source)
