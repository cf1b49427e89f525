"""Changes a record."""

from typing import Annotated, Any

from msgspec import Meta

from obmen.components import Component, Context, Effect, Slot
from obmen.domain.processes.catalog_choice import RecordValues, required_id
from obmen.ports import RecordChange


class EditInputs(RecordValues, frozen=True, kw_only=True, rename="camel"):
    """The record and its new values."""

    record_id: Annotated[Any, Meta(description="Id of the record.")] = None


class EditRecord(Component[EditInputs]):
    """Changes the values named of a record, past the rights of who started the process."""

    name = "bpiumEdit"
    inputs = EditInputs
    outputs = (Slot("output", "Nothing: `null`."),)

    def effect(self, inputs: EditInputs) -> Effect:
        """The change."""
        return Effect.RECORDS

    async def run(self, inputs: EditInputs, context: Context) -> RecordChange:
        """The change."""
        record_id = required_id("recordId", inputs.record_id)
        return RecordChange(catalog_id=inputs.catalog, record_id=record_id, values=inputs.values)


COMPONENT = EditRecord()
