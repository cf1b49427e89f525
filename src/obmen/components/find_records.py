"""Finds records."""

from collections.abc import Mapping
from typing import Any

from obmen.components import Component, Context
from obmen.domain.processes.catalog_choice import CatalogChoice
from obmen.errors import StepFailed
from obmen.ports import RecordsQuery


class FindInputs(CatalogChoice, frozen=True, kw_only=True, rename="camel"):
    """Which records, which of their fields, in which order."""

    view_id: str | int = 0
    filters_format: str = "keyvalue"
    filters: Any = None
    filters_json: Any = None
    sort_field: str | int = ""
    sort_type: int = 1
    fields_format: str = "all"
    fields_specified: Any = None
    limit: int = 100
    offset: int = 0


class FindRecords(Component[FindInputs]):
    """A page of records, past the rights of who started the process (contract: find records)."""

    name = "bpiumFindRecords"
    inputs = FindInputs
    outputs = ("output", "outputCount")

    async def run(self, inputs: FindInputs, context: Context) -> Mapping[str, Any]:
        """``output``: the records; ``outputCount``: how many match, whatever the page."""
        if str(inputs.view_id) not in ("", "0"):
            raise StepFailed("component.no_views", view=inputs.view_id)
        if inputs.limit < 0 or inputs.offset < 0:
            raise StepFailed("component.bad_page", limit=inputs.limit, offset=inputs.offset)
        query = RecordsQuery(
            filters=inputs.filters_json if inputs.filters_format == "json" else inputs.filters,
            fields=inputs.fields_specified if inputs.fields_format == "specified" else None,
            sort_field=str(inputs.sort_field),
            descending=inputs.sort_type < 0,
            limit=inputs.limit,
            offset=inputs.offset,
        )
        found, count = await context.records.find(inputs.catalog, query)
        return {"output": found, "outputCount": count}


COMPONENT = FindRecords()
