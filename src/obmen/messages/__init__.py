"""What Obmen says to people, in every language it speaks.

The texts stand in the ``*.toml`` files of this folder, one file per area, one table per message with a text per
language; code names a message by its key (``area.message``) and hands over the facts.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final

LANGUAGES: Final = ("en", "ru")
DEFAULT_LANGUAGE: Final = "en"


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """All messages: ``{key: {language: text}}``; a key is ``area.message`` (``area`` is the file's name)."""
    found: dict[str, dict[str, str]] = {}
    for file in files(__name__).iterdir():
        if file.name.endswith(".toml"):
            area = file.name.removesuffix(".toml")
            for name, texts in tomllib.loads(file.read_text("utf-8")).items():
                found[f"{area}.{name}"] = texts
    return found


def text(key: str, language: str = DEFAULT_LANGUAGE, /, **facts: Any) -> str:
    """The message ``key`` in ``language`` with its facts filled in; ``KeyError`` where the key or a fact is unknown."""
    return catalogue()[key][language].format(**facts)


def preferred_language(accept_language: str | None) -> str:
    """The first language of an ``Accept-Language`` header that Obmen speaks, English without one (RFC 9110, 12.5.4)."""
    for item in (accept_language or "").split(","):
        language = item.split(";")[0].strip().split("-")[0].lower()
        if language in LANGUAGES:
            return language
    return DEFAULT_LANGUAGE
