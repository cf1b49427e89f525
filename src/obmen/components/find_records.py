"""Finds records."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from msgspec import Meta

from obmen.components import Component, Context, Slot
from obmen.domain.processes.catalog_choice import FieldsChoice, as_value
from obmen.errors import StepFailed
from obmen.ports import RecordsQuery

_FORMATS: Final = ("keyvalue", "json")
MOST_RECORDS: Final = 1_000
"""As many as the step gives at once, whatever its limit (docs/reference/components.md)."""


class FindInputs(FieldsChoice, frozen=True, kw_only=True, rename="camel"):
    """Which records, which of their fields, in which order."""

    view_id: Annotated[str | int, Meta(description="Views do not exist yet: nothing, or 0.")] = 0
    filters_format: Annotated[
        str, Meta(description="`keyvalue` takes the conditions of `filters`, `json` those of `filtersJson`.")
    ] = "keyvalue"
    filters: Annotated[Any, Meta(description="Conditions field by field.")] = None
    filters_json: Annotated[Any, Meta(description="Conditions as JSON text, an object or a list.")] = None
    sort_field: Annotated[
        str | int, Meta(description="Id of the field to sort by, or `id`; without one the newest come first.")
    ] = ""
    sort_type: Annotated[int, Meta(description="`1`, or `-1` for the newest or largest first.")] = 1
    limit: Annotated[int, Meta(description="Most records to give, 1000 at most.")] = 100
    offset: Annotated[int, Meta(description="Records to skip.")] = 0


class FindRecords(Component[FindInputs]):
    """Finds records, past the rights of who started the process."""

    name = "bpiumFindRecords"
    inputs = FindInputs
    outputs = (
        Slot("output", "List of the records."),
        Slot("outputCount", "How many match, whatever `limit` and `offset`."),
    )
    comma_lists = ("fieldsSpecified",)

    async def run(self, inputs: FindInputs, context: Context) -> Mapping[str, Any]:
        """``output`` and ``outputCount``, each where the scenario uses it."""
        if str(inputs.view_id) not in ("", "0"):
            raise StepFailed("component.no_views", view=inputs.view_id)
        query = RecordsQuery(
            filters=_filters(inputs),
            fields=inputs.fields,
            sort_field=str(inputs.sort_field),
            descending=inputs.sort_type < 0,
            limit=min(inputs.limit, MOST_RECORDS),
            offset=inputs.offset,
        )
        found: dict[str, Any] = {"output": await context.records.find(inputs.catalog, query)}
        if "outputCount" in context.wanted:
            found["outputCount"] = await context.records.count(inputs.catalog, query)
        return found


def _filters(inputs: FindInputs) -> Any:
    if (chosen := inputs.filters_format.lower()) not in _FORMATS:
        raise StepFailed("component.bad_format", sent=inputs.filters_format, known=", ".join(_FORMATS))
    if chosen == "keyvalue":
        return inputs.filters
    given = inputs.filters_json
    if isinstance(given, str):
        return as_value("filtersJson", given) if given.strip() else None
    return given


COMPONENT = FindRecords()
