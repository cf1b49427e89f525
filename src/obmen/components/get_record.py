"""Reads a record."""

from collections.abc import Mapping
from typing import Any

from obmen.components import Component, Context
from obmen.domain.processes.catalog_choice import CatalogChoice, required_id


class GetInputs(CatalogChoice, frozen=True, kw_only=True, rename="camel"):
    """The record, and which of its fields."""

    record_id: Any = None
    fields_format: str = "all"
    fields_specified: Any = None


class GetRecord(Component[GetInputs]):
    """One record (contract: get a record)."""

    name = "bpiumGetRecord"
    inputs = GetInputs
    outputs = ("output",)

    async def run(self, inputs: GetInputs, context: Context) -> Mapping[str, Any]:
        """``output``: ``{id, catalogId, title, values}``."""
        fields = inputs.fields_specified if inputs.fields_format == "specified" else None
        record = await context.records.read(inputs.catalog, required_id("recordId", inputs.record_id), fields)
        return {"output": record}


COMPONENT = GetRecord()
