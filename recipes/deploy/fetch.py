"""Pictures and videos from the web, fetched for one prediction."""

import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from zoo.errors import InputError
from zoo.weights import fetching

MOST_BYTES = 1 << 28


def fetched(address, folder):
    """Fetches a picture or a video.

    Args:
        address: of the file itself, http or https.
        folder: an empty folder, which the file is put into.
    Returns:
        Its path; it is called as the address ends.
    Raises:
        InputError: if nothing answers, or what answers is a page, cut short or too large.
    """
    last = PurePosixPath(unquote(urlsplit(address).path)).name
    path = folder / (re.sub(r"[^\w.-]", "_", last).lstrip(".") or "picture")
    try:
        contents = fetching.read(address, MOST_BYTES, path.name)
    except OSError as error:
        raise InputError(
            f"{address}: cannot be fetched ({fetching.reason(error)}); give the address of a picture or a video, "
            "or fetch it yourself and name the file"
        ) from error
    path.write_bytes(contents)
    return path
