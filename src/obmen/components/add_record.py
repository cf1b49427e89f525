"""Creates a record."""

from collections.abc import Mapping
from typing import Any

from obmen.components import Component, Context, Effect
from obmen.domain.processes.catalog_choice import RecordValues


class AddRecord(Component[RecordValues]):
    """A new record, past the rights of who started the process (contract: create a record)."""

    name = "bpiumAdd"
    inputs = RecordValues
    outputs = ("output",)

    def effect(self, inputs: RecordValues) -> Effect:
        """The record."""
        return Effect.RECORDS

    async def run(self, inputs: RecordValues, context: Context) -> Mapping[str, Any]:
        """``output``: the id of the new record."""
        return {"output": await context.records.create(inputs.catalog, inputs.values)}


COMPONENT = AddRecord()
