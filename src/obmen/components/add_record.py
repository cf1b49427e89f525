"""Creates a record."""

from obmen.components import Component, Context, Effect, Slot
from obmen.domain.processes.catalog_choice import RecordValues
from obmen.ports import RecordChange


class AddRecord(Component[RecordValues]):
    """Creates a record, past the rights of who started the process."""

    name = "bpiumAdd"
    inputs = RecordValues
    outputs = (Slot("output", "Id of the new record."),)

    def effect(self, inputs: RecordValues) -> Effect:
        """The record."""
        return Effect.RECORDS

    async def run(self, inputs: RecordValues, context: Context) -> RecordChange:
        """The new record."""
        return RecordChange(catalog_id=inputs.catalog, values=inputs.values, id_slot="output")


COMPONENT = AddRecord()
