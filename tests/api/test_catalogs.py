"""Catalogs by the API: how they are described, changed and protected."""

from typing import Any

import pytest

from live_server import LiveServer
from problems import assert_problem

PATH = "/api/v1/catalogs"
SQL = "x'); drop table obmen.catalogs; --"
DOCUMENTED = [
    {"name": "Head", "hint": "", "type": "group", "config": {}},
    {"name": "Text", "hint": "A hint", "type": "text", "config": {"type": "text"}},
    {"name": "Number", "type": "number", "config": {"unit": "kg", "defaultEmptyValue": None}},
    {"name": "Date", "hint": "", "type": "date", "config": {"time": False, "notificationField": None}},
    {"name": "Boxes", "type": "checkboxes", "config": {"items": [{"name": "1"}, {"name": "2"}, {"name": "3"}]}},
    {"name": "Status", "type": "dropdown", "config": {"items": [{"name": "New", "color": "4fb2e3"}]}},
    {"name": "Radio", "type": "radiobutton", "config": {"items": [{"name": "Yes"}, {"name": "No"}]}},
    {"name": "Switch", "type": "switch", "config": {}},
    {"name": "Contact", "type": "contact", "config": {}},
    {"name": "Progress", "type": "progress", "config": {}},
    {"name": "Stars", "type": "stars", "config": {}},
    {"name": "User", "type": "user", "config": {"multiselect": False}},
    {"name": "File", "type": "file", "config": {"multiselect": False}},
]


@pytest.fixture(scope="module")
def section(server: LiveServer) -> str:
    return str(server.api("POST", "/sections", {"name": "Catalogs"})["id"])


def make(server: LiveServer, section: str, fields: list[Any], **more: Any) -> str:
    return str(server.api("POST", "/catalogs", {"name": "Made", "sectionId": section, "fields": fields, **more})["id"])


def described(server: LiveServer, catalog: str) -> dict[str, dict[str, Any]]:
    return {field["id"]: field for field in server.api("GET", f"/catalogs/{catalog}")["fields"]}


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_catalog_with_all_that_is_documented(server: LiveServer, section: str, slash: str) -> None:
    target = make(server, section, [{"name": "Name", "type": "text"}], name="Target", icon="users-10")
    link = {"name": "Link", "type": "object", "config": {"multiselect": False, "catalogs": [{"id": target}]}}
    fields = [*DOCUMENTED, link]

    made = server.ask("POST", PATH + slash, {"name": "New", "icon": "icon", "sectionId": section, "fields": fields})

    assert made.status == 200
    catalog = made.json["id"]
    read = server.ask("GET", f"{PATH}/{catalog}{slash}").json
    assert made.json["values"] == read
    assert {key: read[key] for key in ("id", "sectionId", "icon", "name", "privilegeCode")} == {
        "id": catalog,
        "sectionId": section,
        "icon": "icon",
        "name": "New",
        "privilegeCode": "admin",
    }
    assert [field["id"] for field in read["fields"]] == [str(number) for number in range(1, len(fields) + 1)]
    assert (read["fieldPrivilegeCodes"], read["history"]) == ({}, True)
    for sent, answered in zip(fields, read["fields"], strict=True):
        assert (answered["name"], answered["type"]) == (sent["name"], sent["type"])
        assert (answered["hint"], answered["required"], answered["apiOnly"]) == (sent.get("hint", ""), False, False)
        assert (answered["prevId"], answered["duplicateResultWithPrevId"]) == (answered["id"], False)
        assert (answered["isSystem"], answered["history"], answered["filterable"]) == (False, True, True)
        assert (answered["comment"], answered["visible"]) == ("", {})
        expected = dict(sent["config"])
        if "items" in expected:
            expected["items"] = [
                {"dbId": place, "prevId": str(place), **item, "id": str(place)}
                for place, item in enumerate(expected["items"], 1)
            ]
        if "catalogs" in expected:
            linked = {"dbId": int(target), "id": target, "title": "Target", "icon": "users-10", "removed": False}
            expected["catalogs"] = [linked]
        assert expected.items() <= answered["config"].items()
    assert read in server.ask("GET", f"{PATH}{slash}?sectionId={section}").json
    some = server.api("GET", f"/catalogs/{catalog}?fields=%5B%222%22,3%5D")
    assert [field["id"] for field in some["fields"]] == ["2", "3"]
    assert [field["id"] for field in server.api("GET", f"/catalogs/{catalog}?fields=2,3")["fields"]] == ["2", "3"]


def test_a_description_is_sent_back_as_it_was_read(server: LiveServer, section: str) -> None:
    target = make(server, section, [{"id": "name", "name": "Name", "type": "text"}], id="sent-back")
    shown = {"catalogs": [{"id": target}, {"id": "$users"}], "fields": {target: ["name"], "3": ["$email"]}}
    link = {"id": "link", "name": "Link", "type": "object", "config": shown}
    make(server, section, [*DOCUMENTED, link], id="sends-back", history=False)
    before = server.api("GET", "/catalogs")
    for catalog in before:  # those of the system too, with their twins
        for path in (f"/catalogs/{catalog['id']}", f"/catalogs/{catalog['prevId']}"):
            server.api("PATCH", path, catalog)
        server.api(
            "PATCH", f"/catalogs/{catalog['id']}", server.api("GET", f"/catalogs/{catalog['id']}?skipPrevId=true")
        )
    assert server.api("GET", "/catalogs") == before


@pytest.mark.parametrize("own", [{}, {"id": "own"}])
def test_a_description_is_sent_back_when_a_field_is_gone(server: LiveServer, section: str, own: dict[str, str]) -> None:
    fields = [{"name": "a", "type": "text"}, {"name": "b", "type": "number", **own}, {"name": "c", "type": "date"}]
    catalog = make(server, section, fields)
    before = server.api("GET", f"/catalogs/{catalog}")
    kept = [before["fields"][0], before["fields"][2]]
    server.api("PATCH", f"/catalogs/{catalog}", {"fields": kept})
    server.api("PATCH", f"/catalogs/{catalog}", before)
    assert server.api("GET", f"/catalogs/{catalog}") == {**before, "fields": kept}
    again = {"name": "b", "type": "number", **own}
    server.api("PATCH", f"/catalogs/{catalog}", {"fields": [*kept, again]})  # a new one, under a number of its own
    assert [field["prevId"] for field in server.api("GET", f"/catalogs/{catalog}")["fields"]] == ["1", "3", "4"]


def test_a_description_is_sent_back_when_what_it_links_to_is_gone(server: LiveServer, section: str) -> None:
    target = make(server, section, [{"id": "name", "name": "Name", "type": "text"}], id="leaves")
    config = {"catalogs": [{"id": target}], "fields": {target: ["name"]}, "multiselect": True}
    catalog = make(server, section, [{"id": "link", "name": "Link", "type": "object", "config": config}])
    before = server.api("GET", f"/catalogs/{catalog}")
    (number,) = [one["dbId"] for one in before["fields"][0]["config"]["catalogs"]]
    server.api("DELETE", f"/catalogs/{target}")
    gone = server.api("GET", f"/catalogs/{catalog}")
    assert gone["fields"][0]["config"]["catalogs"] == [
        {"dbId": number, "id": str(number), "title": "", "icon": "", "removed": True}
    ]
    for sent in (gone, before):  # read before and after
        server.api("PATCH", f"/catalogs/{catalog}", sent)
        assert server.api("GET", f"/catalogs/{catalog}") == gone


@pytest.mark.parametrize("history", [True, False])
def test_the_history_of_a_catalog_is_kept_or_not(server: LiveServer, section: str, history: bool) -> None:
    catalog = make(server, section, [], history=history)
    assert server.api("GET", f"/catalogs/{catalog}")["history"] is history
    server.api("PATCH", f"/catalogs/{catalog}", {"history": not history})
    server.api("PATCH", f"/catalogs/{catalog}", {"name": "Named"})
    assert server.api("GET", f"/catalogs/{catalog}")["history"] is not history
    for bad in ("yes", 1, [], {}):
        assert_problem(server.ask("PATCH", f"{PATH}/{catalog}", {"history": bad}), 400, "invalid_catalog")


DEFAULTS: dict[str, dict[str, Any]] = {
    "text": {"type": "text", "mask": ""},
    "number": {"unit": "", "defaultEmptyValue": None},
    "date": {"time": False, "defaultValue": False},
    "dropdown": {"multiselect": False, "items": [], "defaultValue": False},
    "file": {"multiselect": False, "mimeType": "", "defaultEmptyValue": []},
    "object": {"mode": "cards", "type": "object", "catalogs": [], "views": [], "fields": {}, "defaultEmptyValue": []},
}


@pytest.mark.parametrize("kind", sorted(DEFAULTS))
@pytest.mark.parametrize("sent", [{}, {"config": {}}, {"config": None}])
def test_settings_are_answered_with_their_defaults(
    server: LiveServer, section: str, kind: str, sent: dict[str, Any]
) -> None:
    catalog = make(server, section, [{"name": kind, "type": kind, **sent}])
    (field,) = server.api("GET", f"/catalogs/{catalog}")["fields"]
    assert DEFAULTS[kind].items() <= field["config"].items()


def test_fields_are_renamed_added_dropped_and_ordered_and_ids_stay(server: LiveServer, section: str) -> None:
    texts = [{"name": name, "type": "text"} for name in ("a", "b", "c")]
    catalog = make(server, section, texts)
    record = server.api("POST", f"/catalogs/{catalog}/records", {"values": {"1": "A", "2": "B", "3": "C"}})["id"]

    changed = [{"id": "3"}, {"name": "d", "type": "number"}, {"id": "1", "name": "A!"}]
    server.api("PATCH", f"/catalogs/{catalog}", {"name": "Renamed", "fields": changed})

    assert [(field["id"], field["name"]) for field in described(server, catalog).values()] == [
        ("3", "c"),
        ("4", "d"),
        ("1", "A!"),
    ]
    read = server.api("GET", f"/catalogs/{catalog}/records/{record}")
    assert read["values"] == {"3": "C", "4": None, "1": "A"}
    assert read["title"] == "C"  # the first field that names a record is another one now
    path = f"{PATH}/{catalog}/records/{record}"
    assert server.ask("PATCH", path, {"values": {"2": "x"}}).status == 200  # read before the field was removed
    assert_problem(server.ask("PATCH", path, {"values": {"9": "x"}}), 400, "invalid_value", "9")

    server.api("PATCH", f"/catalogs/{catalog}", {"fields": [{"id": "1"}, {"name": "e", "type": "text"}]})
    assert list(described(server, catalog)) == ["1", "5"]  # a number is never handed out twice
    assert server.api("GET", f"/catalogs/{catalog}")["name"] == "Renamed"
    assert server.api("GET", f"/catalogs/{catalog}/records/{record}")["values"] == {"1": "A", "5": ""}


def test_what_is_not_named_stays(server: LiveServer, section: str) -> None:
    field = {"name": "n", "type": "number", "hint": "h", "required": True, "apiOnly": True, "config": {"min": 1}}
    catalog = make(server, section, [{**field, "comment": "c", "history": True, "filterable": True}], icon="i")
    before = server.api("GET", f"/catalogs/{catalog}")
    server.api("PATCH", f"/catalogs/{catalog}", {"fields": [{"id": "1"}]})
    server.api("PATCH", f"/catalogs/{catalog}", {})
    assert server.api("GET", f"/catalogs/{catalog}") == before
    server.api("PATCH", f"/catalogs/{catalog}", {"icon": "j", "fields": [{"id": "1", "required": False, "hint": ""}]})
    after = server.api("GET", f"/catalogs/{catalog}")
    assert (after["icon"], after["fields"][0]) == ("j", {**before["fields"][0], "required": False, "hint": ""})


def test_items_keep_their_ids(server: LiveServer, section: str) -> None:
    items = [{"name": "a"}, {"id": "$own", "name": "b"}, {"name": "c"}]
    catalog = make(server, section, [{"name": "s", "type": "dropdown", "config": {"items": items}}])
    given = described(server, catalog)["1"]["config"]["items"]
    assert [item["id"] for item in given] == ["1", "$own", "3"]
    assert [item["dbId"] for item in given] == [1, 2, 3]
    kept = [{"name": "new"}, given[2], given[1]]
    server.api("PATCH", f"/catalogs/{catalog}", {"fields": [{"id": "1", "config": {"items": kept[1:]}}]})
    server.api("PATCH", f"/catalogs/{catalog}", {"fields": [{"id": "1", "config": {"items": kept}}]})
    assert [item["id"] for item in described(server, catalog)["1"]["config"]["items"]] == ["4", "3", "$own"]


def test_text_ids(server: LiveServer, section: str) -> None:
    ids = ["email", "Email", "$own", "_x", "a" * 64, "select", "id", "title"]
    catalog = make(server, section, [{"id": own, "name": own, "type": "text"} for own in ids])
    assert list(described(server, catalog)) == ids
    record = server.api("POST", f"/catalogs/{catalog}/records", {"values": {own: own for own in ids}})["id"]
    assert server.api("GET", f"/catalogs/{catalog}/records/{record}")["values"] == {own: own for own in ids}
    assert len(server.api("GET", f"/catalogs/{catalog}/records?filters%5Bemail%5D=ema&filters%5BEmail%5D=EMA")) == 1
    assert_problem(
        server.ask("POST", f"{PATH}/{catalog}/records", {"values": {"EMAIL": "x"}}), 400, "invalid_value", "EMAIL"
    )


@pytest.mark.parametrize(
    "field",
    [
        "x",
        5,
        [],
        None,
        {},
        {"name": "x"},
        {"type": "text"},
        {"name": "", "type": "text"},
        {"name": 5, "type": "text"},
        {"name": "a\x00", "type": "text"},
        {"name": "x" * 1_001, "type": "text"},
        {"name": "x", "type": "nothing"},
        {"name": "x", "type": ["text"]},
        {"name": "x", "type": None},
        {"name": "x", "type": "text", "hint": 5},
        {"name": "x", "type": "text", "required": "yes"},
        {"name": "x", "type": "text", "apiOnly": 1},
        {"name": "x", "type": "text", "config": "x"},
        {"name": "x", "type": "text", "config": [1]},
        {"name": "x", "type": "text", "config": {"type": 5}},
        {"name": "x", "type": "text", "config": {"unit": "a\x00b"}},
        {"name": "x", "type": "text", "config": {"deep": {"a\x00": [1]}}},
        {"name": "x", "type": "text", "visible": {"a": "\x00"}},
        {"id": "7", "name": "x", "type": "text"},
        {"id": "1.x", "name": "x", "type": "text"},
        {"id": "a b", "name": "x", "type": "text"},
        {"id": "a" * 65, "name": "x", "type": "text"},
        {"id": "é", "name": "x", "type": "text"},
        {"id": SQL, "name": "x", "type": "text"},
        {"id": "x\n", "name": "x", "type": "text"},
        {"id": {"a": 1}, "name": "x", "type": "text"},
        {"id": True, "name": "x", "type": "text"},
        {"name": "x", "type": "dropdown", "config": {"items": "x"}},
        {"name": "x", "type": "dropdown", "config": {"items": ["x"]}},
        {"name": "x", "type": "dropdown", "config": {"items": [{"id": "1"}]}},
        {"name": "x", "type": "dropdown", "config": {"items": [{"id": "1", "name": "a"}, {"id": "1", "name": "b"}]}},
        {"name": "x", "type": "dropdown", "config": {"items": [{"id": "a\x00", "name": "a"}]}},
        {"name": "x", "type": "dropdown", "config": {"items": [{"id": {"a": 1}, "name": "a"}]}},
        {"name": "x", "type": "dropdown", "config": {"items": [{"name": {"a": 1}}]}},
        {"name": "x", "type": "number", "config": {"min": "many"}},
        {"name": "x", "type": "number", "config": {"max": [1]}},
        {"name": "x", "type": "object", "config": {"catalogs": "5"}},
        {"name": "x", "type": "object", "config": {"catalogs": ["5"]}},
        {"name": "x", "type": "object", "config": {"catalogs": [{"id": None}]}},
    ],
)
def test_a_bad_field_is_refused_and_nothing_is_made(server: LiveServer, section: str, field: object) -> None:
    known = {"id": "known", "name": "Known", "type": "text"}
    catalog = make(server, section, [known])
    before = server.api("GET", "/catalogs")
    sent = {"name": "Bad", "sectionId": section, "fields": [known, field]}
    assert_problem(server.ask("POST", PATH, sent), 400, "invalid_catalog")
    assert_problem(
        server.ask("PATCH", f"{PATH}/{catalog}", {"name": "Bad", "fields": [known, field]}), 400, "invalid_catalog"
    )
    assert server.api("GET", "/catalogs") == before


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"name": "x"}, 404),
        ({"name": "x", "sectionId": "999"}, 404),
        ({"name": "x", "sectionId": SQL}, 404),
        ({"name": "x", "sectionId": {"a": 1}}, 404),
        ({"name": ""}, 400),
        ({}, 400),
        ({"name": ["x"]}, 400),
        ({"name": "x", "icon": 5}, 400),
        ({"name": "x", "fields": "x"}, 400),
        ({"name": "x", "fields": {"1": {"name": "x", "type": "text"}}}, 400),
    ],
)
def test_a_bad_catalog_is_refused(server: LiveServer, section: str, sent: dict[str, Any], status: int) -> None:
    before = server.api("GET", "/catalogs")
    if status == 400:
        sent = {"sectionId": section, **sent}
    assert_problem(server.ask("POST", PATH, sent), status, {400: "invalid_catalog", 404: "not_found"}[status])
    assert server.api("GET", "/catalogs") == before


def test_the_type_of_a_field_stays(server: LiveServer, section: str) -> None:
    catalog = make(server, section, [{"id": "a", "name": "a", "type": "text"}])
    before = server.api("GET", f"/catalogs/{catalog}")
    for kind in ("number", "", None, "nothing"):
        sent = {"name": "Changed", "fields": [{"id": "a", "name": "a", "type": kind}]}
        problem = assert_problem(server.ask("PATCH", f"{PATH}/{catalog}", sent), 400, "invalid_catalog")
        assert "type" in problem["detail"]
    twice = {"fields": [{"id": "a"}, {"id": "a"}]}
    assert_problem(server.ask("PATCH", f"{PATH}/{catalog}", twice), 400, "invalid_catalog")
    assert server.api("GET", f"/catalogs/{catalog}") == before


def test_the_number_of_fields_is_limited(server: LiveServer, section: str) -> None:
    fields = [{"name": f"f{number}", "type": "text"} for number in range(501)]
    problem = assert_problem(
        server.ask("POST", PATH, {"name": "Wide", "sectionId": section, "fields": fields}), 400, "invalid_catalog"
    )
    assert "500" in problem["detail"]
    catalog = make(server, section, fields[:500])
    values = {str(number): f"v{number}" for number in range(1, 501)}
    record = server.api("POST", f"/catalogs/{catalog}/records", {"values": values})["id"]
    assert server.api("GET", f"/catalogs/{catalog}/records/{record}")["values"] == values


def test_links_to_a_catalog_there_is_not(server: LiveServer, section: str) -> None:
    before = server.api("GET", "/catalogs")
    for target in ("999", "$nothing", SQL):
        link = {"name": "x", "type": "object", "config": {"catalogs": [{"id": target}]}}
        sent = {"name": "Bad", "sectionId": section, "fields": [link]}
        assert_problem(server.ask("POST", PATH, sent), 404, "not_found")
    assert server.api("GET", "/catalogs") == before


def test_what_links_to_a_removed_catalog(server: LiveServer, section: str) -> None:
    target = make(server, section, [{"name": "Name", "type": "text"}], name="Target")
    record = server.api("POST", f"/catalogs/{target}/records", {"values": {"1": "Anna"}})["id"]
    config = {"catalogs": [{"id": target}]}
    catalog = make(server, section, [{"id": "link", "name": "Link", "type": "object", "config": config}])
    link = [{"catalogId": target, "recordId": record}]
    linking = server.api("POST", f"/catalogs/{catalog}/records", {"values": {"link": link}})["id"]

    server.api("DELETE", f"/catalogs/{target}")

    assert_problem(server.ask("GET", f"{PATH}/{target}"), 404, "not_found")
    assert_problem(server.ask("DELETE", f"{PATH}/{target}"), 404, "not_found")
    assert described(server, catalog)["link"]["config"]["catalogs"][0]["removed"] is True
    (value,) = server.api("GET", f"/catalogs/{catalog}/records/{linking}")["values"]["link"]
    assert (value["catalogId"], value["recordId"], value["isRemoved"]) == (target, record, True)
    server.api("PATCH", f"/catalogs/{catalog}", server.api("GET", f"/catalogs/{catalog}"))  # nothing hinders a change


def test_a_link_to_itself(server: LiveServer, section: str) -> None:
    catalog = make(server, section, [{"id": "name", "name": "Name", "type": "text"}])
    parent = {"id": "parent", "name": "Parent", "type": "object", "config": {"catalogs": [{"id": catalog}]}}
    server.api("PATCH", f"/catalogs/{catalog}", {"fields": [{"id": "name"}, parent]})
    root = server.api("POST", f"/catalogs/{catalog}/records", {"values": {"name": "root"}})["id"]
    link = {"catalogId": catalog, "recordId": root}
    child = server.api("POST", f"/catalogs/{catalog}/records", {"values": {"name": "child", "parent": link}})["id"]
    (value,) = server.api("GET", f"/catalogs/{catalog}/records/{child}")["values"]["parent"]
    assert value["recordTitle"] == "root"


def test_the_catalogs_of_the_system_are_protected(server: LiveServer) -> None:
    keys = [catalog["id"] for catalog in server.api("GET", "/catalogs") if catalog["id"].startswith("$")]
    assert {"$users", "$catalogs", "$sections", "$scripts", "$webRequests", "$processes", "$webhooks"} <= set(keys)
    for key in keys:
        before = server.api("GET", f"/catalogs/{key}")
        assert_problem(server.ask("DELETE", f"{PATH}/{key}"), 403, "forbidden")
        assert_problem(server.ask("PATCH", f"{PATH}/{key}", {"fields": []}), 400, "invalid_catalog")
        assert server.api("GET", f"/catalogs/{key}") == before
        own = {"id": "ours", "name": "Ours", "type": "text"}
        if key in ("$catalogs", "$sections"):  # they show descriptions
            assert_problem(server.ask("PATCH", f"{PATH}/{key}", {"fields": [*before["fields"], own]}), 403, "forbidden")
            continue
        server.api("PATCH", f"/catalogs/{key}", {"fields": [*before["fields"], own]})
        assert [field["id"] for field in server.api("GET", f"/catalogs/{key}")["fields"]][-1] == "ours"
        server.api("PATCH", f"/catalogs/{key}", {"fields": before["fields"]})
        assert server.api("GET", f"/catalogs/{key}") == before


def test_catalogs_by_their_number_and_by_their_text_id(server: LiveServer) -> None:
    users = server.api("GET", "/catalogs/3")
    assert users["id"] == "$users"
    assert users == server.api("GET", "/catalogs/$users") == server.api("GET", "/catalogs/%24users")
    assert server.api("GET", "/catalogs/3/records") == server.api("GET", "/catalogs/$users/records")


def test_every_catalog_is_a_record_of_catalogs(server: LiveServer, section: str) -> None:
    catalog = make(server, section, [], name="Shown elsewhere")
    assert server.api("GET", f"/catalogs/$catalogs/records/{catalog}")["title"] == "Shown elsewhere"
    server.api("PATCH", f"/catalogs/{catalog}", {"name": "Called otherwise"})
    found = server.api("GET", "/catalogs/$catalogs/records?searchText=otherwise")
    assert [(record["id"], record["values"]) for record in found] == [
        (catalog, {"1": "Called otherwise", "$name": "Called otherwise"})
    ]
    for method, path, body in (
        ("POST", "$catalogs/records", {"values": {"$name": "x"}}),
        ("PATCH", f"$catalogs/records/{catalog}", {"values": {"$name": "x"}}),
        ("DELETE", f"$catalogs/records/{catalog}", None),
    ):
        assert_problem(server.ask(method, f"{PATH}/{path}", body), 403, "forbidden")
    server.api("DELETE", f"/catalogs/{catalog}")
    assert_problem(server.ask("GET", f"{PATH}/$catalogs/records/{catalog}"), 404, "not_found")


@pytest.mark.parametrize("catalog", ["0", "-1", "999999", "9" * 40, "$nothing", "1%27%20or%201=1", "%00", "1.0", " 1"])
def test_an_unknown_catalog(server: LiveServer, catalog: str) -> None:
    catalog = catalog.replace(" ", "%20")
    for path in (catalog, f"{catalog}/records", f"{catalog}/records/1"):
        assert_problem(server.ask("GET", f"{PATH}/{path}"), 404, "not_found")
    for method, path, body in (
        ("PATCH", catalog, {"name": "x"}),
        ("DELETE", catalog, None),
        ("POST", f"{catalog}/records", {"values": {}}),
        ("PATCH", f"{catalog}/records/1", {"values": {}}),
        ("DELETE", f"{catalog}/records/1", None),
    ):
        assert_problem(server.ask(method, f"{PATH}/{path}", body), 404, "not_found")


@pytest.mark.parametrize("fields", ["9", '["9"]', "{}", '"x"', "[[1]]", '[{"a":1}]', "[", "5.5"])
def test_bad_fields_of_a_catalog(server: LiveServer, fields: str) -> None:
    answer = server.ask("GET", f"{PATH}/$users?fields=" + "".join(f"%{byte:02X}" for byte in fields.encode()))
    assert answer.status in (400, 404)
    assert_problem(answer, answer.status, answer.json["code"])
