"""Reading records, in the ways the API and processes ask: PostgreSQL makes the JSON, which is passed on as it is (law 7).

A page is one statement. Called by the API, by processes, by webhooks and by the services that keep their own records in
catalogs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from obmen.domain.field_types import shown
from obmen.domain.queries.filters import Filter
from obmen.domain.queries.queries import Query
from obmen.domain.query_reading import Asked, QueryReader, next_page, selection
from obmen.domain.record_ids import RecordId, record_id
from obmen.domain.rights.policies import SYSTEM, Caller, Policy, policy
from obmen.domain.schema import Catalog
from obmen.errors import NotFound
from obmen.services.files.files import Files
from obmen.services.schema.cache import CatalogCache
from obmen.settings import Limits
from obmen.storage.database import Database
from obmen.storage.statements.compiler import Statements
from obmen.storage.statements.rendering import CLIENTS, Form


class RecordsPage(msgspec.Struct, frozen=True):
    """A page of records: the JSON list, and what asks for the next page (empty: this was the last)."""

    json: bytes
    after: str


class Total(msgspec.Struct, frozen=True):
    """How many records match; ``is_limited``: at least so many, counting ended there."""

    records: int
    is_limited: bool


class RecordReader:
    """Reads records of all catalogs."""

    def __init__(self, database: Database, cache: CatalogCache, files: Files, limits: Limits) -> None:
        self._database = database
        self._cache = cache
        self._files = files
        self._limits = limits

    async def read(self, caller: Caller, catalog_id: str, record: str, asked: Asked, form: Form = CLIENTS) -> bytes:
        """One record as JSON (docs/reference/records.md), or `NotFound`."""

        async def attempt(statements: Statements) -> bytes:
            catalog, allowed = self._readable(caller, catalog_id, statements)
            fields = selection(catalog, statements.schema, asked.fields, with_linked_values=asked.with_linked_values)
            statement = statements.record(
                allowed, catalog, record_key(catalog, record), fields, _form(form, asked), self._files.links()
            )
            found = await self._database.pool.fetchval(statement.text, *statement.arguments)
            if found is None:
                raise NotFound("catalog.no_record", catalog=catalog.id, record=shown(record))
            return str(found).encode()

        return await self._cache.with_current_schema(attempt)

    async def find(self, caller: Caller, catalog_id: str, asked: Asked, form: Form = CLIENTS) -> RecordsPage:
        """A page of the records that match, the newest first where nothing else is asked."""

        async def attempt(statements: Statements) -> RecordsPage:
            query, allowed = self._query(caller, catalog_id, asked, statements)
            statement = statements.records(allowed, query, _form(form, asked), self._files.links())
            row = await self._database.pool.fetchrow(statement.text, *statement.arguments)
            assert row is not None  # an aggregate
            after = ""
            if row["count"] and row["count"] == query.page.limit:
                after = next_page(query, row["last_key"], row["last_id"])
            return RecordsPage(f"[{row['json'] or ''}]".encode(), after)

        return await self._cache.with_current_schema(attempt)

    async def count(self, caller: Caller, catalog_id: str, asked: Asked, most: int | None = None) -> int:
        """How many records match, whatever the page, counted up to ``most``."""

        async def attempt(statements: Statements) -> int:
            query, allowed = self._query(caller, catalog_id, asked, statements)
            statement = statements.count(allowed, query, most)
            return int(await self._database.pool.fetchval(statement.text, *statement.arguments))

        return await self._cache.with_current_schema(attempt)

    async def total(self, caller: Caller, catalog_id: str, asked: Asked, *, exact: bool) -> Total:
        """How many records match, whatever the page: counted to the end, or up to ``limits.count``."""
        if exact:
            return Total(await self.count(caller, catalog_id, asked), is_limited=False)
        found = await self.count(caller, catalog_id, asked, self._limits.count + 1)
        return Total(min(found, self._limits.count), is_limited=found > self._limits.count)

    async def stored(self, catalog_id: str, wanted: Filter, fields: Sequence[str]) -> list[Mapping[str, Any]]:
        """``id`` and the stored values of ``fields``, by id, of the records that match: for the system itself."""

        async def attempt(statements: Statements) -> list[Mapping[str, Any]]:
            catalog = statements.schema.catalog(catalog_id)
            statement = statements.stored(policy(SYSTEM, statements.schema), catalog, wanted, fields)
            rows = await self._database.pool.fetch(statement.text, *statement.arguments)
            return [dict(row) for row in rows]

        return await self._cache.with_current_schema(attempt)

    def _readable(self, caller: Caller, catalog_id: str, statements: Statements) -> tuple[Catalog, Policy]:
        catalog = statements.schema.catalog(catalog_id)
        allowed = policy(caller, statements.schema)
        allowed.require(catalog, "search")
        return catalog, allowed

    def _query(self, caller: Caller, catalog_id: str, asked: Asked, statements: Statements) -> tuple[Query, Policy]:
        catalog, allowed = self._readable(caller, catalog_id, statements)
        reader = QueryReader(
            statements.schema,
            user_id=caller.user_id,
            zone=asked.zone,
            limit=self._limits.filter_conditions,
        )
        return reader.query(catalog, asked), allowed


def record_key(catalog: Catalog, record: str) -> RecordId:
    """The id of a record; `NotFound` for what is none."""
    key = record_id(record)
    if not key:  # numbers begin with 1
        raise NotFound("catalog.no_record", catalog=catalog.id, record=shown(record))
    return key


def _form(form: Form, asked: Asked) -> Form:
    return Form(bare_choice=form.bare_choice, twins=not asked.skip_prev_id)
