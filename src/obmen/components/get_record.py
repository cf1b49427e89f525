"""Reads a record."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta

from obmen.components import Component, Context, Slot
from obmen.domain.processes.catalog_choice import FieldsChoice, required_id


class GetInputs(FieldsChoice, frozen=True, kw_only=True, rename="camel"):
    """The record, and which of its fields."""

    record_id: Annotated[Any, Meta(description="Id of the record.")] = None


class GetRecord(Component[GetInputs]):
    """Reads a record, past the rights of who started the process."""

    name = "bpiumGetRecord"
    inputs = GetInputs
    outputs = (Slot("output", "The record: `{id, catalogId, title, values}`."),)
    comma_lists = ("fieldsSpecified",)

    async def run(self, inputs: GetInputs, context: Context) -> Mapping[str, Any]:
        """``output``: the record; `NotFound` without one."""
        record_id = required_id("recordId", inputs.record_id)
        return {"output": await context.records.read(inputs.catalog, record_id, inputs.fields)}


COMPONENT = GetRecord()
