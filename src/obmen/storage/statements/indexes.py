"""Which indexes a catalog should have: what people filter, search and sort by. Called by ``services/catalogs``.

An index's name tells its definition, so that one whose definition has changed is another index. Small catalogs need none:
PostgreSQL reads them whole as fast.
"""

import hashlib
from typing import Final

from obmen.domain.schema import Catalog, Field
from obmen.storage.statements.conditions import table
from obmen.storage.statements.finding import order_key

_SORTED: Final = ("value", "text", "contact", "items", "presence")
"""Orders that depend on the row alone; those by titles of other records cannot be indexed."""


def wanted(catalog: Catalog, namespace: str, *, trigrams: bool) -> dict[str, str]:
    """``{name: what follows the name of the table}`` of every index; ``trigrams``: the extension ``pg_trgm`` is there."""
    found: dict[str, str] = {}
    for field in catalog.value_fields:
        if field.filterable and field.type.is_filterable(field):
            for kind, definition in _definitions(field, namespace, trigrams=trigrams).items():
                tail = f"{definition} where removed_at is null"
                digest = hashlib.sha256(tail.encode()).hexdigest()[:8]
                found[f"{prefix(catalog)}{field.number}_{kind}_{digest}"] = f"using {tail}"
    return found


def prefix(catalog: Catalog) -> str:
    """What the names of these indexes begin with."""
    return f"{table(catalog)}_by_"


def create(name: str, tail: str, catalog: Catalog, namespace: str) -> str:
    """DDL; writers go on meanwhile."""
    return f"create index concurrently if not exists {name} on {namespace}.{table(catalog)} {tail}"


def drop(name: str, namespace: str) -> str:
    """DDL; writers go on meanwhile."""
    return f"drop index concurrently if exists {namespace}.{name}"


def _definitions(field: Field, namespace: str, *, trigrams: bool) -> dict[str, str]:
    column = field.column
    found: dict[str, str] = {}
    if field.type.order in _SORTED:
        found["order"] = f"btree (({order_key(field, namespace, '')}), id)"
    for index in field.type.indexes:
        if index == "members":
            found["members"] = f"gin ({column})"
        elif index == "item":
            found["item"] = f"btree ({column}, id)"
        elif trigrams and index == "words":
            found["words"] = f"gin (({namespace}.fold({column})) {_TRIGRAMS})"
        elif trigrams:
            found["words"] = f"gin (({namespace}.contact_words({column})) {_TRIGRAMS})"
            found["digits"] = f"gin (({namespace}.contact_digits({column})) {_TRIGRAMS})"
    return found


_TRIGRAMS: Final = "gin_trgm_ops"
