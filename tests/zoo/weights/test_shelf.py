import hashlib
import json
from pathlib import Path

import pytest

from tests.zoo.weights.server import served
from tests.zoo.weights.shelves import as_served, entry, write_shelf
from zoo import InputError
from zoo.weights import shelf

MODELS = {
    "cells": {"model.keras": b"keras", "model-int8.onnx": b"small", "model.onnx": b"onnx", "README.md": b"# cells"},
    "pets-2": {"model.tflite": b"tflite"},
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """No models in the package, and a folder of the test's own for what is fetched."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(shelf, "BUNDLED", tmp_path / "bundled")
    monkeypatch.delenv("REGIONZOO_WEIGHTS", raising=False)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REGIONZOO_WEIGHTS", str(tmp_path / "models"))
    return write_shelf(tmp_path / "models", MODELS)


def test_nothing_is_published():
    assert shelf.find("regionzoo/cells") is None and shelf.listing() == shelf.names() == []


def test_a_folder(folder):
    cells, pets = shelf.listing()
    assert (cells.name, pets.name) == ("regionzoo/cells", "regionzoo/pets-2") and cells.fetched
    assert cells.size == 21 and (cells.licence, cells.arguments) == ("MIT", {"width": 0.25})
    assert shelf.names() == ["regionzoo/cells", "regionzoo/pets-2"]
    cells = shelf.find("regionzoo/cells")
    # Of two that end alike the first.
    assert cells.located() == folder / "cells" / "model-int8.onnx"
    assert cells.weights() == folder / "cells" / "model.keras"
    assert shelf.find("regionzoo/pets-2").located() == folder / "pets-2" / "model.tflite"
    with pytest.raises(InputError, match="regionzoo/pets-2 is published as model.tflite alone: there is no .keras"):
        shelf.find("regionzoo/pets-2").weights()
    assert shelf.find("regionzoo/dogs") is None


def test_hashes_are_checked(folder):
    (folder / "cells" / "model.keras").write_bytes(b"other")
    with pytest.raises(InputError, match=r"cells/model.keras: its SHA-256 begins with \w{8}, not \w{8}"):
        shelf.find("regionzoo/cells").weights()
    (folder / "cells" / "model.keras").unlink()
    with pytest.raises(InputError, match="cells/model.keras: no such file, or none that may be read, but index.json"):
        shelf.find("regionzoo/cells").weights()


def test_nothing_outside_of_the_folder_is_read(folder, tmp_path):
    (tmp_path / "secret").write_bytes(b"keras")
    (folder / "cells" / "model.keras").unlink()
    (folder / "cells" / "model.keras").symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match="model.keras: points out of .*models, where nothing is read"):
        shelf.find("regionzoo/cells").weights()


CHANGED = {"size": 5, "sha256": hashlib.sha256(b"keras").hexdigest()}
DAMAGED = {
    "no JSON": ("<html>", "no index that zoo publish wrote, or damaged"),
    "a list": ("[]", "no index that zoo publish wrote"),
    "no models": ('{"name": "x"}', "no index that zoo publish wrote"),
    "models of no names": ('{"models": 3}', "no index that zoo publish wrote"),
    "nested": ("[" * 100_000, "no index that zoo publish wrote"),
    "a path for a name": (json.dumps({"models": {"../up": entry({})}}), "'../up' is no name of a model"),
    "a path for a file": (
        json.dumps({"models": {"a": entry({}, files={"../secret": CHANGED})}}),
        "'../secret' is no name of a model or a file",
    ),
    "an absolute path": (json.dumps({"models": {"a": entry({}, files={"/etc/x": CHANGED})}}), "'/etc/x' is no name"),
    "hidden": (json.dumps({"models": {"a": entry({}, files={".x": CHANGED})}}), "'.x' is no name"),
    "no digest": (
        json.dumps({"models": {"a": entry({}, files={"x.onnx": {**CHANGED, "sha256": "abc"}})}}),
        "size or SHA-256 of a/x.onnx is none",
    ),
    "no size": (json.dumps({"models": {"a": entry({}, files={"x": {**CHANGED, "size": -1}})}}), "of a/x is none"),
    "no facts": (json.dumps({"models": {"a": entry({}, files={"x": 1})}}), "the entry of a is damaged"),
    "no licence": (json.dumps({"models": {"a": entry({}, licence=None)}}), "the entry of a is damaged"),
    "no arguments": (json.dumps({"models": {"a": entry({}, arguments=3)}}), "the entry of a is damaged"),
    "no entry": (json.dumps({"models": {"a": []}}), "the entry of a is damaged"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_index_is_one_line(folder, damage):
    text, message = DAMAGED[damage]
    (folder / "index.json").write_text(text)
    for look in (shelf.listing, lambda: shelf.find("regionzoo/a")):
        with pytest.raises(InputError, match="index.json: ") as refused:
            look()
        assert message in str(refused.value) and "\n" not in str(refused.value)


def test_a_folder_without_an_index_or_leave(folder, monkeypatch):
    (folder / "index.json").unlink()
    with pytest.raises(InputError, match=r"index.json: cannot be read \(No such file.*\): REGIONZOO_WEIGHTS names a"):
        shelf.find("regionzoo/cells")

    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refused)
    with pytest.raises(InputError, match=r"index.json: cannot be read \(Permission denied\)"):
        shelf.find("regionzoo/cells")


def test_the_packages_own_come_first(folder, tmp_path):
    write_shelf(tmp_path / "bundled", {"cells": {"model.onnx": b"bundled"}})
    assert shelf.find("regionzoo/cells").located().read_bytes() == b"bundled"
    assert shelf.find("regionzoo/pets-2") is not None
    assert sorted(one.size for one in shelf.listing()) == [6, 7]


def test_a_server(folder, monkeypatch):
    with served(as_served(folder)) as (address, asked):
        monkeypatch.setenv("REGIONZOO_WEIGHTS", f"{address}/")
        cells, _ = shelf.listing()
        assert not cells.fetched and asked == ["/index.json"]
        path = shelf.find("regionzoo/cells").weights()
        assert path.read_bytes() == b"keras" and path.parent.name.startswith("cells-")
        before = len(asked)
        # What is here is not asked for again, be the server there or not.
        assert shelf.find("regionzoo/cells").weights() == path and len(asked) == before
    assert shelf.find("regionzoo/cells").weights() == path
    with pytest.raises(
        InputError, match=f"{address}/cells/model-int8.onnx cannot be fetched .*: put the file at (.*)"
    ) as refused:
        shelf.find("regionzoo/cells").located()
    place = Path(str(refused.value).rpartition("put the file at ")[2].removesuffix(" yourself"))
    place.write_bytes(b"small")
    assert shelf.find("regionzoo/cells").located() == place
    place.write_bytes(b"wrong")
    with pytest.raises(InputError, match="its SHA-256 begins with"):
        shelf.find("regionzoo/cells").located()


def test_a_server_out_of_reach(folder, monkeypatch, capsys):
    with served(as_served(folder)) as (address, _):
        monkeypatch.setenv("REGIONZOO_WEIGHTS", address)
        shelf.listing()
    assert len(shelf.listing()) == 2  # as it was last
    assert f"listed as it was last read: {address}/index.json cannot be fetched" in capsys.readouterr().err
    with pytest.raises(InputError, match="index.json cannot be fetched .* let REGIONZOO_WEIGHTS name a folder"):
        shelf.find("regionzoo/dogs")
    monkeypatch.setenv("REGIONZOO_WEIGHTS", f"{address}/another")
    with pytest.raises(InputError, match="another/index.json cannot be fetched"):
        shelf.listing()
    assert shelf.names() == []


def test_a_new_version_on_a_server_is_taken_where_none_is_here(folder, monkeypatch):
    files = as_served(folder)
    with served(files) as (address, _):
        monkeypatch.setenv("REGIONZOO_WEIGHTS", address)
        shelf.listing()
        files["/cells/model.keras"] = b"better"
        files["/index.json"] = json.dumps({"models": {"cells": entry({"model.keras": b"better"})}}).encode()
        assert shelf.find("regionzoo/cells").weights().read_bytes() == b"better"


def test_a_page_in_place_of_an_index_or_a_file(folder, monkeypatch):
    files = as_served(folder)
    files["/cells/model.keras"] = b"<html>Sign in</html>"
    with served(files) as (address, _):
        monkeypatch.setenv("REGIONZOO_WEIGHTS", address)
        with pytest.raises(InputError, match=r"model.keras cannot be fetched \(a web page came, no file\)"):
            shelf.find("regionzoo/cells").weights()
        files["/index.json"] = b"<!doctype html>"
        with pytest.raises(InputError, match=r"index.json cannot be fetched \(a web page came, no file\)"):
            shelf.index(address, anew=True)
        assert len(shelf.names()) == 2  # the page replaced nothing
