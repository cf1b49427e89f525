"""Requests that schemathesis makes of the OpenAPI document, valid and not: no failure of the server, no answer outside its schema.

``make fuzz`` sends 10,000 of them.
"""

import os
from collections.abc import Mapping
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from live_server import EMAIL, PASSWORD, LiveServer

REQUESTS = int(os.environ.get("OBMEN_FUZZ_REQUESTS", "300"))
CHECKS = [content_type_conformance, response_headers_conformance, response_schema_conformance, status_code_conformance]
METHODS = {"GET", "POST", "PATCH", "DELETE"}
UNIMPLEMENTED = {("PATCH", "/api/v1/files/{file_id}")}
"""Documented, answered 501, and not in the document."""


@pytest.fixture(scope="module")
def document(server: LiveServer) -> Any:
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


@pytest.fixture(scope="module")
def ids(server: LiveServer) -> Mapping[str, list[str]]:
    """Ids that there are, or were until a request removed them, by parameter of the path."""
    section = server.api("POST", "/sections", {"id": "fuzzed", "name": "Fuzzed"})["id"]
    kinds = ("text", "number", "date", "switch", "dropdown", "contact", "progress", "stars", "user", "object", "file")
    fields = [{"id": kind, "name": kind, "type": kind, "config": CONFIGS.get(kind, {})} for kind in kinds]
    catalogs = [
        server.api(
            "POST", "/catalogs", {"id": f"fuzzed{number}", "name": "Fuzzed", "sectionId": section, "fields": fields}
        )
        for number in range(3)
    ]
    values = {"text": "a", "number": 5, "file": [{"title": "a.txt", "src": "data:text/plain;base64,aGVsbG8="}]}
    records = [
        server.api("POST", f"/catalogs/{catalog['id']}/records", {"values": values})["id"]
        for catalog in catalogs
        for _ in range(5)
    ]
    return {
        "section_id": [section, "$settings", "10"],
        "catalog_id": [*(catalog["id"] for catalog in catalogs), "$users", "$scripts", "$processes", "100"],
        "record_id": [*dict.fromkeys(records)],
        "file_id": ["1", "2"],
    }


CONFIGS: dict[str, Any] = {
    "dropdown": {"items": [{"name": "New", "color": "C9FDE5"}]},
    "object": {"catalogs": [{"id": "$users"}]},
}


def test_requests_of_every_kind(server: LiveServer, document: Any, ids: Mapping[str, list[str]]) -> None:
    operations = [result.ok() for result in document.get_all_operations()]
    assert len(operations) > 20
    session = requests.Session()
    session.auth = (EMAIL, PASSWORD)
    for operation in operations:
        for mode in (
            list(schemathesis.GenerationMode) if _can_be_wrong(operation) else [schemathesis.GenerationMode.POSITIVE]
        ):

            @given(case=operation.as_strategy(mode), data=st.data())
            @settings(
                max_examples=max(1, REQUESTS // (2 * len(operations))),
                derandomize=REQUESTS < 1_000,
                database=None,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            )
            def ask(case: Any, data: st.DataObject) -> None:
                known = {name: st.sampled_from(ids[name]) for name in case.path_parameters or {} if name in ids}
                chosen = data.draw(st.fixed_dictionaries({name: st.none() | one for name, one in known.items()}))
                case.path_parameters.update({name: one for name, one in chosen.items() if one is not None})
                response = case.call(base_url=server.url, session=session, allow_redirects=False)
                assert response.status_code < 500, response.content
                case.validate_response(response, checks=CHECKS)

            ask()
    assert server.ask("GET", "/health/ready", auth=None).status == 200


def _can_be_wrong(operation: Any) -> bool:
    return bool([*operation.iter_parameters(), *operation.body])


def test_allowed_methods_are_those_of_the_document(server: LiveServer, document: Any) -> None:
    described: dict[str, set[str]] = {}
    for result in document.get_all_operations():
        operation = result.ok()
        described.setdefault(operation.path.rstrip("/"), set()).add(operation.method.upper())
    for method, path in UNIMPLEMENTED:
        described[path].add(method)
    for path, methods in described.items():
        whole = methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
        address = path.translate({ord("{"): None, ord("}"): None})
        for method in {"OPTIONS", "PUT", "TRACE", "BREW", *METHODS} - methods:
            answer = server.ask(method, address)
            assert answer.status == (204 if method == "OPTIONS" else 405)
            assert set(answer.headers["Allow"].split(", ")) == whole, (method, path)
