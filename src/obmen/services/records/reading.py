"""Reading records, in the ways the API and processes ask (law 7); `RecordWrites` is the way in.

Called by the API, by processes and by the command line.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg
import msgspec
import sqlalchemy as sa

from obmen.domain.catalogs.schema import Catalog, Field
from obmen.domain.encoding import encode
from obmen.domain.field_types import record_id, shown
from obmen.domain.fields.text import is_secret
from obmen.domain.queries.filters import FilterReader
from obmen.domain.records import values as records
from obmen.domain.rights import rights
from obmen.domain.rights.rights import Caller
from obmen.errors import InvalidFilter, NotFound
from obmen.ports import RecordsQuery
from obmen.services.records.writing import RecordWrites, record_number
from obmen.storage.statements.catalog_tables import CatalogTable

_QUESTIONS: Final = 500


class Records(RecordWrites):
    """Records of all catalogs."""

    async def read(self, caller: Caller, catalog_id: str, record: str, fields: Any = None) -> dict[str, Any]:
        """One record (contract: Records), or `NotFound`."""

        async def attempt() -> dict[str, Any]:
            catalog = self._cache.schema.catalog(catalog_id)
            rights.require(caller, catalog)
            table = self._cache.table(catalog)
            chosen = _chosen_fields(catalog, fields)
            codec = table.codec_of(None if chosen is None else [choice.field for choice in chosen])
            row = await self._database.pool.fetchrow(table.read(codec), record_number(catalog, record))
            if row is None:
                raise NotFound("catalog.no_record", catalog=catalog.key, record=record)
            found = _answer(catalog, codec, row)
            found["privilegeCode"] = "admin"
            if chosen is not None:
                await self._add_linked_values(caller, [found], chosen)
            return found

        return await self._with_current_schema(attempt)

    async def find(self, caller: Caller, catalog_id: str, query: RecordsQuery) -> list[dict[str, Any]]:
        """A page of the records that match (contract: Records); the newest first where nothing else is asked."""

        async def attempt() -> list[dict[str, Any]]:
            catalog = self._cache.schema.catalog(catalog_id)
            rights.require(caller, catalog)
            table = self._cache.table(catalog)
            chosen = _chosen_fields(catalog, query.fields)
            codec = table.codec_of(None if chosen is None else [choice.field for choice in chosen])
            matching, arguments = self._matching(caller, catalog, table, query)
            count = len(arguments)
            rows = await self._database.pool.fetch(
                f"select {codec.columns} {matching} order by {_order(catalog, query)} "
                f"limit ${count + 1} offset ${count + 2}",
                *arguments,
                self._limit(query.limit),
                query.offset,
            )
            found = [_answer(catalog, codec, row) for row in rows]
            if chosen is not None:
                await self._add_linked_values(caller, found, chosen)
            return found

        return await self._with_current_schema(attempt)

    async def find_one(self, caller: Caller, catalog_id: str, field_id: str, text: str) -> dict[str, Any] | None:
        """The record whose field holds exactly this text, whatever the case; ``None`` without one."""
        found = await self.find(caller, catalog_id, RecordsQuery(filters={field_id: text}, limit=self._limits.page))
        return next((record for record in found if record["values"][field_id].lower() == text.lower()), None)

    async def count(self, caller: Caller, catalog_id: str, query: RecordsQuery) -> int:
        """How many records match, whatever the page."""
        catalog = self._cache.schema.catalog(catalog_id)
        rights.require(caller, catalog)
        matching, arguments = self._matching(caller, catalog, self._cache.table(catalog), query)
        return int(await self._database.pool.fetchval(f"select count(*) {matching}", *arguments))

    def _limit(self, limit: int) -> int:
        return min(limit, self._limits.page)

    def _matching(
        self, caller: Caller, catalog: Catalog, table: CatalogTable, query: RecordsQuery
    ) -> tuple[str, list[Any]]:
        """``from … where …`` and its arguments; kept for who asks the same again, as those do who page or poll."""
        question = encode((query.filters, query.search_text, query.ids, query.offset_minutes))
        known = table.questions.get((caller, question))
        if known is None:
            if len(table.questions) >= _QUESTIONS:
                table.questions.clear()
            known = table.questions[caller, question] = self._compiled(caller, catalog, table, query)
        where, arguments = known
        return where, list(arguments)

    def _compiled(
        self, caller: Caller, catalog: Catalog, table: CatalogTable, query: RecordsQuery
    ) -> tuple[str, list[Any]]:
        reader = FilterReader(
            self._cache.schema,
            self._database.schema,
            user_id=caller.user_id,
            offset_minutes=query.offset_minutes,
            limit=self._limits.filter_conditions,
        )
        condition = sa.and_(rights.visible(caller, catalog), reader.condition(catalog, query.filters))
        if query.search_text:
            condition = sa.and_(condition, table.search(query.search_text))
        ids = None if not query.ids else [number for item in query.ids if (number := record_id(item)) is not None]
        return table.matching(condition, ids)

    async def _add_linked_values(
        self, caller: Caller, found: list[dict[str, Any]], chosen: "Sequence[FieldChoice]"
    ) -> None:
        """Adds ``recordValues`` to links whose fields were asked for: one query per linked catalog, not per record."""
        for choice in chosen:
            for catalog_id, fields in choice.linked.items():
                catalog = self._cache.schema.catalog(catalog_id)
                links = [
                    link
                    for record in found
                    for link in record["values"][choice.field.id]
                    if link.get("catalogId") == catalog.key
                ]
                if not links:
                    continue
                ids = list({link["recordId"] for link in links})
                linked: dict[str, Any] = {}
                for start in range(0, len(ids), self._limits.page):
                    part = ids[start : start + self._limits.page]
                    page = await self.find(
                        caller, catalog.key, RecordsQuery(fields=fields, ids=part, limit=self._limits.page)
                    )
                    linked.update((record["id"], record["values"]) for record in page)
                for link in links:
                    link["recordValues"] = linked.get(link["recordId"], {})


class FieldChoice(msgspec.Struct, frozen=True):
    """A field asked for, with the fields asked for of the records it links to, by catalog id."""

    field: Field
    linked: Mapping[str, Any]


def _chosen_fields(catalog: Catalog, fields: Any) -> list[FieldChoice] | None:
    """What ``fields`` asks for: ids and ``{fieldId, fields: {catalog: [...]}}`` (contract: Records, fields)."""
    if fields in (None, "", []):
        return None
    if isinstance(fields, str):
        fields = fields.split(",")
    if not isinstance(fields, list):
        raise InvalidFilter("filter.not_fields", sent=shown(fields))
    chosen: dict[str, FieldChoice] = {}
    for item in fields:
        linked = item.get("fields") or {} if isinstance(item, Mapping) else {}
        given = item.get("fieldId") if isinstance(item, Mapping) else item
        if not isinstance(given, str | int) or not isinstance(linked, Mapping):
            raise InvalidFilter("filter.not_fields", sent=shown(item))
        field = catalog.by_id.get(str(given).strip())
        if field is None or not records.holds_value(field) or (linked and field.type != "object"):
            raise InvalidFilter("filter.no_field", field=given, catalog=catalog.key)
        chosen[field.id] = FieldChoice(field, linked)
    return list(chosen.values())


def _answer(catalog: Catalog, codec: records.Codec, row: asyncpg.Record) -> dict[str, Any]:
    return {"id": str(row[0]), "catalogId": catalog.key, "title": row[1], "values": codec.values(row)}


def _order(catalog: Catalog, query: RecordsQuery) -> str:
    direction = "desc" if query.descending else "asc"
    if not query.sort_field:
        return "r.id desc"
    if query.sort_field == "id":
        return f"r.id {direction}"
    field = catalog.by_id.get(query.sort_field)
    if field is None or not records.holds_value(field) or is_secret(field):
        known = ", ".join(field.id for field in records.value_fields(catalog))
        raise InvalidFilter("filter.not_sortable", field=query.sort_field, catalog=catalog.key, known=known)
    return f"r.{field.column} {direction} nulls last, r.id {direction}"
