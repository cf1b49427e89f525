"""What the OpenAPI document says of a handler beyond its signature: parameters and bodies whose shape depends on data.

Handlers read requests by hand (`wire`), since query strings come in three spellings; here stands how they are described.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    RequestBody,
    Schema,
)

JSON = "application/json"


def text(description: str, **more: Any) -> Schema:
    """A string."""
    return Schema(type=OpenAPIType.STRING, description=description, **more)


def number(description: str, **more: Any) -> Schema:
    """A whole number."""
    return Schema(type=OpenAPIType.INTEGER, description=description, **more)


def shape(description: str = "", required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """An object."""
    return Schema(
        type=OpenAPIType.OBJECT,
        description=description or None,
        properties=dict(properties),
        required=list(required) or None,
    )


def mapping(description: str) -> Schema:
    """An object whose keys depend on data."""
    return Schema(type=OpenAPIType.OBJECT, description=description, additional_properties=Schema())


def list_of(item: Schema, description: str = "") -> Schema:
    """An array."""
    return Schema(type=OpenAPIType.ARRAY, items=item, description=description or None)


def described(
    *, parameters: Mapping[str, Schema] | None = None, sent: Schema | None = None, answered: Schema | None = None
) -> type[Operation]:
    """An operation class for a handler: its query parameters, the JSON it takes and the JSON it answers."""

    @dataclass
    class Described(Operation):
        """The operation as the handler's module describes it."""

        def __post_init__(self) -> None:
            self.summary = (self.description or "").partition(".")[0]
            query = [
                Parameter(name=name, param_in="query", schema=schema) for name, schema in (parameters or {}).items()
            ]
            if query:
                self.parameters = [*(self.parameters or []), *query]
            if sent is not None:
                self.request_body = RequestBody(content={JSON: OpenAPIMediaType(schema=sent)}, required=True)
            content = {JSON: OpenAPIMediaType(schema=answered)} if answered is not None else None
            problem = {"application/problem+json": OpenAPIMediaType(schema=PROBLEM)}
            self.responses = {
                "200": OpenAPIResponse(description="Done", content=content),
                "default": OpenAPIResponse(description="A failure, in one shape (RFC 9457)", content=problem),
            }

    return Described


PROBLEM = shape(
    "RFC 9457",
    type=text("Address of the explanation"),
    title=text("Kind of failure"),
    status=number("HTTP status"),
    detail=text("What was wrong and what to do"),
    code=text("Stable code"),
    message=text("The same as detail"),
    errors=list_of(shape(field=text("Id of the field"), message=text("What is wrong with its value"))),
)
SAVED = shape("", ("id",), id=text("Its id"))
