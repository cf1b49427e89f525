"""Reads how a catalog is built."""

from collections.abc import Mapping
from typing import Any

from obmen.components import Component, Context, Slot
from obmen.domain.processes.catalog_choice import CatalogChoice


class GetCatalog(Component[CatalogChoice]):
    """Reads how a catalog is built."""

    name = "bpiumGetCatalog"
    inputs = CatalogChoice
    outputs = (
        Slot(
            "output",
            "The catalog as the API answers it, but its fields and their items are objects by id, each with its "
            "`orderIndex`.",
        ),
    )

    async def run(self, inputs: CatalogChoice, context: Context) -> Mapping[str, Any]:
        """``output``: the catalog; `NotFound` without one."""
        catalog = await context.records.describe_catalog(inputs.catalog)
        fields = _by_id(catalog["fields"])
        for field in fields.values():
            if "items" in field["config"]:
                field["config"] = {**field["config"], "items": _by_id(field["config"]["items"])}
        return {"output": {**catalog, "fields": fields}}


def _by_id(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item["id"]: {"orderIndex": place, **item} for place, item in enumerate(items, 1)}


COMPONENT = GetCatalog()
