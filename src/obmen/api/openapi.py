"""The OpenAPI document: answers from the annotations of handlers, parameters and bodies from the structs named here.

Handlers read requests by hand (`wire`), since query strings come in three spellings and bodies have limits of their own;
``described`` says which struct describes what they read; `require_understood` checks what holds for every question.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import msgspec
from litestar import Litestar, Request
from litestar.openapi.spec import Operation, PathItem
from litestar.routes import HTTPRoute

from obmen.api.access import OPEN
from obmen.api.errors import MEDIA_TYPE, Problem
from obmen.api.wire import ApiRequest
from obmen.domain.requests.questions import Question, require_known, zone_of

_REFERENCE: Final = "#/components/schemas/{name}"
_METHODS: Final = ("get", "post", "put", "patch", "delete")


@dataclass
class Described(Operation):
    """An operation of the document, with what its handler reads by hand."""

    question: ClassVar[type[Question] | None] = Question
    sent: ClassVar[type[msgspec.Struct] | None] = None

    def to_schema(self) -> dict[str, Any]:
        """The operation as the document has it."""
        schema = super().to_schema()
        schema["summary"] = schema.get("description", "").partition(".")[0]
        asked = () if self.question is None else _parameters(self.question)
        schema["parameters"] = [*schema.get("parameters", ()), *asked]
        if self.sent is not None:
            schema["requestBody"] = {
                "content": {"application/json": {"schema": _reference(self.sent)}},
                "required": True,
            }
        problem = {"content": {MEDIA_TYPE: {"schema": _reference(Problem)}}, "description": Problem.__doc__}
        answers = {status: answer for status, answer in schema["responses"].items() if status < "400"}
        schema["responses"] = {**answers, "default": problem}
        return schema


def described(question: type[Question] | None = Question, sent: type[msgspec.Struct] | None = None) -> type[Operation]:
    """The operation class of a handler: the parameters it takes, if it takes any, and the JSON body."""
    return type("Described", (Described,), {"question": question, "sent": sent})


async def require_understood(request: Request[Any, Any, Any]) -> None:
    """`InvalidFilter` where a question has a time zone that is none, or a misspelled parameter that would narrow the answer."""
    operation = getattr(request.route_handler, "operation_class", None)
    question = getattr(operation, "question", None)
    if question is not None and request.scope["query_string"]:
        assert isinstance(request, ApiRequest)
        require_known(question, request.parameters)
        zone_of(request.parameters)


def document(app: Litestar) -> dict[str, Any]:
    """The whole document."""
    schema = app.openapi_schema.to_schema()
    sent = {operation.sent for operation in _operations(app) if operation.sent is not None}
    _, components = msgspec.json.schema_components([*sent, Problem], ref_template=_REFERENCE)
    schema["components"].setdefault("schemas", {}).update(components)
    for operation in _open_operations(app, schema["paths"]):
        operation["security"] = []
    return schema


def _open_operations(app: Litestar, paths: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Those that need no sign-in."""
    for route in app.routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            if handler.opt.get(OPEN):
                for method in handler.http_methods:
                    if operation := paths.get(route.path_format, {}).get(method.lower()):
                        yield operation


def _operations(app: Litestar) -> Iterator[Described]:
    for item in (app.openapi_schema.paths or {}).values():
        assert isinstance(item, PathItem)
        for method in _METHODS:
            operation = getattr(item, method)
            if isinstance(operation, Described):
                yield operation


def _parameters(question: type[Question]) -> list[dict[str, Any]]:
    """The query parameters that a struct describes."""
    schema = msgspec.json.schema(question)["$defs"][question.__name__]
    found = []
    for name, described_by in schema["properties"].items():
        value = {key: item for key, item in described_by.items() if key not in ("description", "default")}
        parameter = {"name": name, "in": "query", "required": False, "schema": value}
        found.append({**parameter, "description": described_by.get("description", "")})
    return found


def _reference(struct: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(name=struct.__name__)}
