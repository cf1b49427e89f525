"""The OpenAPI document says what is answered: real answers of all routes fit their schemas, and hold nothing beyond them."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from live_server import Answer, LiveServer

SCENARIO_FIELD = {"multiselect": False, "mimeType": "application/bpmn+xml", "defaultEmptyValue": []}


class Document:
    """The document, and what it says of one operation."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._components = _strict(document["components"])
        self._paths = {path.rstrip("/") or "/": item for path, item in document["paths"].items()}
        self.checked: set[tuple[str, str]] = set()

    @property
    def operations(self) -> set[tuple[str, str]]:
        methods = ("get", "post", "patch", "delete")
        return {(method, path) for path, item in self._paths.items() for method in methods if method in item}

    def check(self, method: str, path: str, answer: Answer) -> None:
        """``answer`` is what the document says; ``path`` as it stands there."""
        responses = self._paths[path][method]["responses"]
        described = responses.get(str(answer.status), responses["default"])
        content = described.get("content")
        if content is None:
            assert answer.body == b""
        else:
            ((media_type, schema),) = content.items()
            assert answer.headers["Content-Type"] == media_type, (method, path, answer.status, answer.body)
            whole = {**_strict(schema["schema"]), "components": self._components}
            Draft202012Validator(whole).validate(answer.json)
        if answer.status < 400:
            self.checked.add((method, path))


def _strict(schema: Any) -> Any:
    """Objects whose properties are listed have no others."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    more = {"additionalProperties": False} if "properties" in schema and "additionalProperties" not in schema else {}
    return {**{key: _strict(item) for key, item in schema.items()}, **more}


@pytest.fixture(scope="module")
def document(server: LiveServer) -> Document:
    return Document(server.ask("GET", "/openapi.json", auth=None).json)


def test_real_answers_fit_the_document(server: LiveServer, document: Document) -> None:
    def ask(method: str, path: str, body: Any = None, **filled: str) -> Any:
        address = path
        for name, value in filled.items():
            address = address.replace(f"{{{name}}}", value)
        answer = server.ask(method, address, body)
        document.check(method.lower(), path.partition("?")[0], answer)
        return answer.json if answer.body else None

    api = "/api/v1"
    sections, section = f"{api}/sections", f"{api}/sections/{{section_id}}"
    made = ask("POST", sections, {"id": "answers", "name": "Answers", "icon": "content-3"})["id"]
    ask("GET", sections)
    ask("GET", section, section_id=made)
    ask("PATCH", section, {"name": "Answered", "priority": 3, "catalogsPriorities": []}, section_id=made)
    ask("PATCH", section, {"name": ""}, section_id=made)

    catalogs, catalog = f"{api}/catalogs", f"{api}/catalogs/{{catalog_id}}"
    items = [{"name": "New", "color": "C9FDE5"}, {"id": "$old", "name": "Old"}]
    shown = {"multiselect": True, "catalogs": [{"id": "$users"}], "fields": {"$users": ["$name", "4"]}}
    fields = [
        {"name": "Tab", "type": "group", "config": {"tab": True}},
        {"id": "name", "name": "Name", "type": "text"},
        {"name": "Status", "type": "dropdown", "config": {"items": items}},
        {"id": "who", "name": "Who", "type": "object", "config": shown},
        {"id": "file", "name": "File", "type": "file"},
        *(
            {"name": kind, "type": kind}
            for kind in ("number", "date", "switch", "contact", "progress", "stars", "user")
        ),
    ]
    own = ask("POST", catalogs, {"id": "answered", "name": "Answered", "sectionId": made, "fields": fields})["id"]
    ask("GET", catalogs)
    ask("GET", catalog, catalog_id=own)
    ask("GET", catalog, catalog_id="$users")
    ask("GET", catalog, catalog_id="999")
    ask("PATCH", catalog, {"name": "Answered!", "history": False}, catalog_id=own)

    records, record = f"{catalog}/records", f"{catalog}/records/{{record_id}}"
    user = ask("GET", f"{api}/profile/me")["id"]
    values = {
        "name": "Anna",
        "3": ["$old"],
        "who": [{"catalogId": "$users", "recordId": user}],
        "file": [{"title": "a.txt", "src": "data:text/plain;base64,aGVsbG8="}],
    }
    first = ask("POST", records, {"values": values}, catalog_id=own)["id"]
    second = ask("POST", records, {"id": "own", "values": {}}, catalog_id=own)["id"]
    ask("GET", records, catalog_id=own)
    ask("GET", records, catalog_id="$users")
    for one in (first, second):
        read = ask("GET", record, catalog_id=own, record_id=one)
    ask("PATCH", record, {"values": {"name": "Bella"}}, catalog_id=own, record_id=second)
    ask("PATCH", record, {"values": {"name": 5, "nothing": 1}}, catalog_id=own, record_id=second)
    file = ask("GET", record, catalog_id=own, record_id=first)["values"]["file"][0]["id"]
    ask("GET", f"{api}/files/{{file_id}}", file_id=file)
    ask("GET", f"{api}/files/{{file_id}}", file_id="999")
    ask("DELETE", record, catalog_id=own, record_id=first)
    ask("DELETE", record, catalog_id=own, record_id=first)
    ask("DELETE", catalog, catalog_id=own)
    ask("DELETE", section, section_id=made)

    for path in ("/health", "/health/live", "/health/ready"):
        ask("GET", path)
    ask("POST", "/auth/login", {"login": "admin@obmen.local", "password": "correct horse"})
    ask("POST", "/auth/login", {"login": "admin@obmen.local", "password": "wrong"})
    ask("POST", "/auth/logout")

    assert read["id"] == "own"
    assert document.operations - document.checked == set()


def test_questions_and_bodies_are_described(server: LiveServer) -> None:
    document = server.ask("GET", "/openapi.json", auth=None).json
    paths = {path.rstrip("/"): item for path, item in document["paths"].items()}
    asked = {item["name"]: item for item in paths["/api/v1/catalogs/{catalog_id}/records"]["get"]["parameters"]}
    assert set(asked) == {
        *("catalog_id", "filters", "fields", "searchText", "id", "viewId", "sortField", "sortType", "limit", "offset"),
        *("after", "withTotal", "withFieldsAdditional", "skipPrevId", "timezoneOffset"),
    }
    assert all(item["description"] for name, item in asked.items() if item["in"] == "query")
    assert asked["id"]["schema"]["type"] == "array"
    bodies = {
        (method, path): operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for path, item in paths.items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "requestBody" in operation
    }
    assert bodies[("post", "/api/v1/catalogs")] == "NewCatalog"
    schemas = document["components"]["schemas"]
    assert set(bodies.values()) <= set(schemas)
    assert set(schemas["SentRecord"]["required"]) == {"values"}
    assert "$ref" in json.dumps(schemas["NewCatalog"]["properties"]["fields"])


def test_the_structure_of_scenarios_as_documented(server: LiveServer) -> None:
    """The answer that the documentation of the wire format shows, whole."""
    described = server.api("GET", "/catalogs/6")
    common = {"isSystem": True, "history": True, "filterable": True, "apiOnly": False, "comment": "", "visible": {}}

    def field(number: int, text_id: str, name: str, kind: str, config: Any, *, required: bool) -> list[dict[str, Any]]:
        shown = {"prevId": str(number), "duplicateResultWithPrevId": True, "name": name, "required": required}
        whole = {**shown, "type": kind, "hint": "", **common, "config": config}
        return [{"id": str(number), "isDuplicated": True, **whole}, {"id": text_id, **whole}]

    assert {key: described[key] for key in ("id", "sectionId", "icon", "history", "privilegeCode")} == {
        "id": "$scripts",
        "sectionId": "$settings",
        "icon": "content-34",
        "history": True,
        "privilegeCode": "admin",
    }
    assert described["fieldPrivilegeCodes"] == {}
    assert described["fields"] == [
        *field(1, "$name", "Name", "text", {"type": "text", "mask": ""}, required=True),
        *field(2, "$description", "Description", "text", {"type": "multiline", "mask": ""}, required=False),
        *field(3, "$file", "Scenario", "file", SCENARIO_FIELD, required=False),
    ]


def test_the_structure_of_a_linked_field_as_documented(server: LiveServer) -> None:
    section = server.api("POST", "/sections", {"name": "Linked"})["id"]
    config = {"catalogs": [{"id": "3"}], "fields": {"3": ["1", {"id": "$email"}]}}
    fields = [{"name": "Employee", "type": "object", "config": config}]
    catalog = server.api("POST", "/catalogs", {"name": "Linked", "sectionId": section, "fields": fields})["id"]
    (described,) = server.api("GET", f"/catalogs/{catalog}")["fields"]
    found = described["config"]
    assert {key: value for key, value in found.items() if key not in ("catalogs", "fields")} == {
        "multiselect": False,
        "accessOnly": False,
        "enableCreate": True,
        "enableUnsaved": False,
        "enableSelect": True,
        "mode": "cards",
        "defaultEmptyValue": [],
        "type": "object",
        "views": [],
    }
    assert found["catalogs"] == [{"dbId": 3, "id": "$users", "title": "Employees", "icon": "users-1", "removed": False}]
    assert [one["id"] for one in found["fields"]["$users"]] == ["$name", "$email"]
    assert found["fields"]["$users"][0] == {
        "dbId": 1,
        "id": "$name",
        "prevId": "1",
        "name": "Name",
        "columnName": "f1",
        "required": False,
        "type": "text",
        "hint": "",
        "position": 1,
        "isSystem": True,
        "history": True,
        "filterable": True,
        "apiOnly": False,
        "duplicateResultWithPrevId": True,
        "comment": "",
        "config": {"type": "text", "mask": ""},
        "visible": {},
        "_catalogId": "$users",
    }
    for sent in (described, {**described, "config": {**found, "fields": {"$users": [{"id": "1"}, "2"]}}}):
        server.api("PATCH", f"/catalogs/{catalog}", {"fields": [sent]})  # as it was read, or by ids alone
        assert server.api("GET", f"/catalogs/{catalog}")["fields"] == [described]
