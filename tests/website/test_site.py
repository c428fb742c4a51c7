"""Graphs, stubs and the check of links."""

import re
from importlib import import_module
from types import ModuleType
from xml.etree import ElementTree

import pytest

import zoo
from website import links, stubs
from website.graph import blocks_of, svg
from website.models import models
from website.stubs import ROOT


def test_blocks_and_their_bows():
    model = zoo.unet(2, width=1 / 32, depth=2, input_shape=(32, 48, 3))
    blocks = {block.name: block for block in blocks_of(model)}
    assert list(blocks) == ["image", "rescale", "pad", "down1", "down2", "bottom", "up2", "up1", "logits", "crop"]
    assert blocks["down1"].below == {"down2", "up1"} and blocks["down2"].below == {"bottom", "up2"}
    assert blocks["down1"].words == "2 conv, 1 pool" and blocks["bottom"].shape == "8×12×8"
    drawn = ElementTree.fromstring(svg(model))
    texts = ["".join(one.itertext()) for one in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"down1", "up1", "32×48×2"} <= {*texts}
    bows = [path for path in drawn.iter("{http://www.w3.org/2000/svg}path") if "C" in path.get("d")]
    assert len(bows) == sum(len(block.below) for block in blocks.values()) - (len(blocks) - 1)


@pytest.mark.parametrize("package", stubs.PACKAGES)
def test_stubs_say_where_every_name_comes_from(package):
    """`python -m website` writes them."""
    assert stubs.file_of(package).read_text("utf-8") == stubs.stub(package)


def test_every_public_name_stands_in_the_reference():
    reference = "\n".join(page.read_text("utf-8") for page in (ROOT / "docs" / "reference").glob("*.md"))
    places = re.findall(r"^::: (\S+)\.(\w+)$", reference, re.MULTILINE)
    told = [getattr(import_module(module), name) for module, name in places]  # each is there
    told += [zoo.BUILDERS[name] for model in models() for name in model.builders]
    for package in ("zoo", "zoo.backbones", "zoo.weights", "recipes.data", "export"):
        for name in import_module(package).__all__:
            value = getattr(import_module(package), name)
            named = isinstance(value, ModuleType) or f"`{package}.{name}`" in reference
            assert named or any(value is one for one in told), f"{package}.{name}"


def test_links_that_lead_nowhere_are_named(tmp_path):
    (tmp_path / "under").mkdir()
    (tmp_path / "index.html").write_text(
        '<h1 id="top"><a href="under/page.html#there">a</a><a href="#top">b</a><a href="https://keras.io">c</a>'
    )
    (tmp_path / "under" / "page.html").write_text('<h1 id="there"><a href="../index.html">a</a><img src="x%20y.png">')
    (tmp_path / "under" / "x y.png").write_bytes(b"")
    assert links.wrong(tmp_path) == []
    (tmp_path / "under" / "page.html").write_text('<a href="gone.html">a</a><script src="https://cdn.test/a.js">')
    assert links.wrong(tmp_path) == [
        "index.html: under/page.html#there names no place of that page",
        "under/page.html: loads https://cdn.test/a.js from outside",
        "under/page.html: gone.html leads nowhere",
    ]
