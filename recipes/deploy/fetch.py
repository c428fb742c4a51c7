"""Pictures from the web, fetched for one prediction."""

import re
from http.client import HTTPException
from pathlib import PurePosixPath
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from zoo.errors import InputError

SCHEMES = ("http://", "https://")
SECONDS = 30
MOST_BYTES = 1 << 28


def is_address(text):
    """Says whether what the user wrote is an address."""
    return text.lower().startswith(SCHEMES)


def fetched(address, folder):
    """Fetches a picture.

    Args:
        address: of the picture itself, http or https.
        folder: an empty folder, which the file is put into.
    Returns:
        Its path; it is called as the address ends.
    Raises:
        InputError: if nothing answers, or what answers is no picture.
    """
    try:
        with urlopen(Request(address, headers={"User-Agent": "regionzoo"}), timeout=SECONDS) as answer:
            kind = answer.headers.get_content_type() if "Content-Type" in answer.headers else ""
            contents = answer.read(MOST_BYTES + 1)
    except HTTPError as error:
        raise InputError(f"{address}: the server answers {error.code} {error.reason}; mend the address") from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise InputError(f"{address}: cannot be fetched ({reason}); fetch it yourself and name the file") from error
    if kind.partition("/")[0] in ("text", "video", "audio"):
        raise InputError(f"{address}: answers with {kind}, no picture; give the address of the picture itself")
    if len(contents) > MOST_BYTES:
        raise InputError(f"{address}: has more than {MOST_BYTES >> 20} MB, too many for a picture")
    last = PurePosixPath(unquote(urlsplit(address).path)).name
    path = folder / (re.sub(r"[^\w.-]", "_", last).lstrip(".") or "picture")
    path.write_bytes(contents)
    return path
