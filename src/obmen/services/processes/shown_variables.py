"""The variables of a process as its journal shows them: without secrets, cut at ``process.journal_bytes``. Called by `journal`."""

from collections.abc import Iterable, Mapping
from typing import Any

from obmen.domain.json_values import json_text
from obmen.domain.masking import Mask, secrets_in


class ShownVariables:
    """Hides ``secrets``, and those among ``variables``; most variables of a short process are its input, and are written out once."""

    def __init__(self, secrets: Iterable[str], variables: Mapping[str, Any], limit: int) -> None:
        self._mask = Mask((*secrets, *secrets_in(variables)))
        self._limit = limit
        self._known: dict[str, tuple[Any, bytes]] = {}

    def text(self, variables: Mapping[str, Any]) -> str:
        """JSON of at most the limit; what would be cut is not written out first."""
        size = 1
        parts: list[bytes] = []
        for name, value in variables.items():
            found = self._known.get(name)
            if found is None or found[0] is not value:
                shown = self._mask.variables({name: value}, self._limit)
                found = self._known[name] = (value, json_text(shown)[1:-1])
            parts.append(found[1])
            size += len(found[1]) + 1
            if size > self._limit:
                break
        text = b"{" + b",".join(parts) + b"}"
        return text.decode() if len(text) <= self._limit else text[: self._limit].decode("utf-8", "ignore") + "…"
