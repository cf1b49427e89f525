"""Changes a record."""

from collections.abc import Mapping
from typing import Any

from obmen.components import Component, Context, Effect
from obmen.domain.processes.catalog_choice import RecordValues, required_id


class EditInputs(RecordValues, frozen=True, kw_only=True, rename="camel"):
    """The record and its new values."""

    record_id: Any = None


class EditRecord(Component[EditInputs]):
    """Changes the values named, past the rights of who started the process (contract: change a record)."""

    name = "bpiumEdit"
    inputs = EditInputs
    outputs = ("output",)

    def effect(self, inputs: EditInputs) -> Effect:
        """The change."""
        return Effect.RECORDS

    async def run(self, inputs: EditInputs, context: Context) -> Mapping[str, Any]:
        """Nothing is returned, as documented."""
        await context.records.edit(inputs.catalog, required_id("recordId", inputs.record_id), inputs.values)
        return {"output": None}


COMPONENT = EditRecord()
