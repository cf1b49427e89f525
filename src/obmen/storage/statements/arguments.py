"""Statements with their arguments. Values are always bound, never written into the text."""

from typing import Any

import msgspec


class Statement(msgspec.Struct, frozen=True):
    """SQL with ``$1…``, and what stands for them."""

    text: str
    arguments: list[Any]


class Arguments:
    """Collects the arguments of one statement."""

    def __init__(self, *first: Any) -> None:
        self.values: list[Any] = list(first)

    def add(self, value: Any, kind: str) -> str:
        """The placeholder of ``value``, cast to a PostgreSQL type."""
        self.values.append(value)
        return f"${len(self.values)}::{kind}"


def literal(text: str) -> str:
    """A text constant of the schema (a title, an id, JSON) as SQL."""
    return "'" + text.replace("'", "''") + "'"
