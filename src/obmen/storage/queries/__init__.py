"""Named queries: SQL of fixed shape, each under ``-- name: verb_noun`` with a line of description.

``{schema}`` is the schema's name. Nothing relies on ``search_path``. Read by ``storage``.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Final

from obmen.errors import SetupError

_NAME: Final = re.compile(r"^-- name: (\w+)\n(-- .+\n)+", re.MULTILINE)


@cache
def texts() -> dict[str, str]:
    """``{name: SQL}``; `SetupError` where two queries have one name."""
    found: dict[str, str] = {}
    for file in files(__name__).iterdir():
        if file.name.endswith(".sql"):
            text = file.read_text("utf-8")
            heads = list(_NAME.finditer(text))
            for head, following in zip(heads, [*heads[1:], None], strict=True):
                name = head.group(1)
                if name in found:
                    raise SetupError("setup.duplicate", name=name, module=file.name)
                found[name] = text[head.end() : following.start() if following else None].strip()
    return found
