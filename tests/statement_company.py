"""A company whose schema is made without any service: two catalogs, employees, and a few records of every shape."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from obmen.domain.encoding import encode
from obmen.domain.field_types import FieldType
from obmen.domain.schema import Catalog, Field, Schema, Section
from obmen.storage.statements import ddl
from obmen.storage.statements.compiler import Statements

NAMESPACE = "obmen"
ITEMS = {"items": [{"number": number, "id": str(number), "name": f"Item {number}"} for number in (1, 2, 3)]}


def company(types: Mapping[str, FieldType]) -> Schema:
    """``$users`` (3), towns (200) and clients (201)."""

    def field(number: int, kind: str, text_id: str, **config: Any) -> Field:
        settings = {**types[kind].settings, **config}
        return Field(number=number, type=types[kind], name=text_id, text_id=text_id, config=settings)

    users = Catalog(number=3, section=1, name="Employees", text_id="$users", fields=(field(1, "text", "name"),))
    towns = Catalog(
        number=200, section=10, name='Towns "and" more', fields=(field(1, "text", "name"), field(2, "number", "people"))
    )
    clients = Catalog(
        number=201,
        section=10,
        name="Clients",
        fields=(
            field(1, "text", "name"),
            field(2, "number", "amount"),
            field(3, "date", "day"),
            field(4, "dropdown", "status", **ITEMS),
            field(5, "checkboxes", "tags", **ITEMS),
            field(6, "radiobutton", "kind", **ITEMS),
            field(7, "switch", "paid"),
            field(8, "contact", "phone"),
            field(9, "object", "town", catalogs=[{"number": 200}], multiselect=True),
            field(10, "user", "owner", multiselect=True),
            field(11, "progress", "done"),
            field(12, "stars", "rating"),
        ),
    )
    return Schema(
        1, [Section(number=1, name="", text_id="$settings"), Section(number=10, name="Shop")], [users, towns, clients]
    )


async def make_tables(connection: asyncpg.Connection, schema: Schema) -> None:
    """The tables, in place of those there are."""
    for catalog in schema.catalogs.values():
        await connection.execute(f"drop table if exists {NAMESPACE}.c{catalog.number} cascade")
        await connection.execute(ddl.create_table(catalog, NAMESPACE))


async def add(
    connection: asyncpg.Connection, statements: Statements, catalog: int, rows: Sequence[Mapping[int, Any]]
) -> list[int]:
    """The numbers of records with these stored values."""
    found = statements.schema.catalogs[catalog]
    always = {field.number: False for field in found.value_fields if field.type.always}
    sent = [{f"f{number}": value for number, value in {**always, **row}.items()} for row in rows]
    statement = statements.insert(found, None, encode(sent).decode(), many=True)
    return sorted(row["id"] for row in await connection.fetch(statement.text, *statement.arguments))
