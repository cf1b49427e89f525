"""Which indexes a catalog should have: what people filter, search and sort by. Called by ``services/catalogs/indexes``.

The name of an index contains a digest of its definition, so that a changed definition is a different index. Small catalogs need none:
PostgreSQL reads them whole as fast.
"""

import hashlib
from typing import Final

from obmen.domain.schema import Catalog, Field
from obmen.storage.statements.conditions import table
from obmen.storage.statements.finding import order_key

_SORTED: Final = ("value", "text", "contact", "items", "presence")
"""Orders that depend on the row alone; those by titles of other records cannot be indexed."""


def wanted(catalog: Catalog, namespace: str, *, trigrams: str | None) -> dict[str, str]:
    """``{name: what follows the name of the table}`` of every index.

    ``trigrams`` is the operator class of indexes on parts of text, where there is one.
    """
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


def field_number(name: str) -> int:
    """The number of the field that an index of this name is for."""
    return int(name.partition("_by_")[2].partition("_")[0])


def largest(catalog: Catalog, namespace: str) -> str:
    """``→ the largest number of a record``: at least as many as there are records."""
    return f"select coalesce(max(id), 0) from {namespace}.{table(catalog)}"


def analyze(catalog: Catalog, namespace: str) -> str:
    """Statistics, those on the expressions of new indexes among them."""
    return f"analyze {namespace}.{table(catalog)}"


def create(name: str, tail: str, catalog: Catalog, namespace: str) -> str:
    """DDL; writers go on meanwhile."""
    return f"create index concurrently if not exists {name} on {namespace}.{table(catalog)} {tail}"


def drop(name: str, namespace: str) -> str:
    """DDL; readers and writers go on meanwhile."""
    return f"drop index concurrently if exists {namespace}.{name}"


def _definitions(field: Field, namespace: str, *, trigrams: str | None) -> dict[str, str]:
    column = field.column
    found: dict[str, str] = {}
    if field.type.order in _SORTED:
        found["order"] = f"btree (({order_key(field, namespace, '')}), id)"
    for index in field.type.indexes:
        if index == "members":
            found["members"] = f"gin ({column})"
        elif index == "item":
            found["item"] = f"btree ({column}, id)"
        elif trigrams is not None and index == "words":
            found["words"] = f"gin (({namespace}.fold({column})) {trigrams})"
        elif trigrams is not None:
            found["words"] = f"gin (({namespace}.contact_words({column})) {trigrams})"
            found["digits"] = f"gin (({namespace}.contact_digits({column})) {trigrams})"
    return found
