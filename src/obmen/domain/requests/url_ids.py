"""The addresses of external requests: ``/api/webrequest/{url id}``, and what may follow. Pure."""

import re
from typing import Final

URL_ID_LENGTH: Final = 200
_URL_ID: Final = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*")


def is_url_id(text: str) -> bool:
    """Whether external requests may listen at ``text``: letters, digits, ``-``, ``_``, and ``/`` between them."""
    return len(text) <= URL_ID_LENGTH and _URL_ID.fullmatch(text) is not None


def url_ids_of(path: str) -> list[str]:
    """The ids in lower case that ``path`` may mean: its first part, its first two and so on, up to all of it."""
    path = path.lower().strip("/")
    ends = [place for place, character in enumerate(path[: URL_ID_LENGTH + 1]) if character == "/"]
    return [path[:end] for end in (*ends, len(path)) if is_url_id(path[:end])]
