"""The body of an external request as it came, for scenarios that check a signature over it. Pure."""

import base64
from typing import Final

RAW_BODY: Final = "rawBody"
"""The variable that has it."""


def raw_text(content: bytes) -> str:
    """``content`` as text where it is UTF-8, else in base64."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return base64.b64encode(content).decode()
