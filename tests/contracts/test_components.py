"""Every component of processes: what it declares, how it is documented, and what bad input comes to.

A new component has no bad input here, and fails until it has. Components of installed packages are held to the same.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from live_server import LiveServer
from obmen import components, messages
from obmen.components import ALIASES, Component, Effect, Slot
from obmen.errors import StepFailed
from scenario_files import ScenarioFile, js, listen

FOUND = components.collect()
REFERENCE = (Path(__file__).parents[2] / "docs" / "reference" / "components.md").read_text("utf-8")
BAD_INPUTS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "setvar": ({}, "nothing_there"),
    "code": ({"source": js("({a: 1})")}, "code"),
    "bpiumGetCatalog": ({"catalogId": "999"}, "999"),
    "bpiumAdd": ({"catalogId": "$users", "format": "json", "values2": js("'no object'")}, "values2"),
    "bpiumGetRecord": ({"catalogId": "$users", "recordId": js("[1]")}, "recordId"),
    "bpiumFindRecords": ({"catalogId": "$users", "limit": "many"}, "limit"),
    "bpiumEdit": ({"catalogId": "$users", "recordId": "1", "values1": {"nothing": "x"}}, "nothing"),
    "webRequest": ({"query": "http://127.0.0.1:1/", "method": "STEAL"}, "STEAL"),
}
"""What is given, and a word that the message in the journal must name."""
HOSTILE = (5, True, "'); drop table obmen.c1; --", [[1]], {"a": {"b": 1}}, 10**40, -1, 0.5, "\x00", [None])


def test_every_component_has_bad_input() -> None:
    assert set(FOUND) == set(BAD_INPUTS)


@pytest.mark.parametrize("name", sorted(FOUND))
def test_a_component_declares_what_it_takes_and_gives(name: str) -> None:
    component: Component[Any] = FOUND[name]
    assert component.name == name
    assert issubclass(component.inputs, msgspec.Struct)
    assert component.inputs.__struct_config__.frozen
    assert all(isinstance(slot, Slot) and slot.name and slot.description for slot in component.outputs)
    assert (type(component).__doc__ or "").strip()
    assert component.run.__func__ is not Component.run  # type: ignore[attr-defined]
    if all(not field.required for field in msgspec.structs.fields(component.inputs)):
        assert isinstance(component.effect(component.read({})), Effect)


@pytest.mark.parametrize("name", sorted(FOUND))
def test_a_component_is_described_to_people(name: str) -> None:
    component = FOUND[name]
    titles = {component.title(language) for language in messages.LANGUAGES}
    assert len(titles) == len(messages.LANGUAGES)
    assert all(titles)
    for field in msgspec.structs.fields(component.inputs):
        assert msgspec.json.schema(field.type).get("description"), field.encode_name
    _, _, section = REFERENCE.partition(f"\n## {name}\n")
    section = section.partition("\n## ")[0]
    assert component.title() in section
    assert all(f"| `{field.encode_name}` |" in section for field in msgspec.structs.fields(component.inputs))
    assert all(f"| `{slot.name}` |" in section for slot in component.outputs)


@pytest.mark.parametrize("name", sorted(FOUND))
def test_an_empty_text_is_no_value_for_what_is_no_text(name: str) -> None:
    component = FOUND[name]
    given = {field.encode_name: "" for field in msgspec.structs.fields(component.inputs)}
    assert isinstance(component.read(given), component.inputs)


@pytest.mark.parametrize("name", sorted(FOUND))
def test_a_parameter_that_there_is_not_is_refused(name: str) -> None:
    component = FOUND[name]
    for field in msgspec.structs.fields(component.inputs):
        near = field.encode_name + "s"
        with pytest.raises(StepFailed) as refused:
            component.read({near: "x"})
        assert near in str(refused.value)
        assert field.encode_name in str(refused.value)
    for empty in (None, "", [], {}):
        assert isinstance(component.read({"anything": empty}), component.inputs)


@pytest.mark.parametrize("name", sorted(FOUND))
def test_a_parameter_of_a_wrong_type_is_named(name: str) -> None:
    component = FOUND[name]
    for field in msgspec.structs.fields(component.inputs):
        for value in HOSTILE:
            try:
                component.read({field.encode_name: value})
            except StepFailed as error:
                assert name in str(error)  # noqa: PT017
                assert field.encode_name in str(error)  # noqa: PT017
    component.read({field.encode_name: None for field in msgspec.structs.fields(component.inputs)})


def test_other_spellings_lead_to_components_that_exist() -> None:
    assert set(ALIASES.values()) <= set(FOUND)
    assert not set(ALIASES) & set(FOUND)
    assert [FOUND.resolve(name) for name in ALIASES] == list(ALIASES.values())
    assert FOUND.resolve("__init__") is None
    assert FOUND.resolve("") is None


@pytest.mark.parametrize("name", sorted(BAD_INPUTS))
def test_bad_input_ends_the_process_with_a_message_in_the_journal(server: LiveServer, name: str) -> None:
    inputs, named = BAD_INPUTS[name]
    outputs = {"x": ("output", "nothing_there.x")} if name == "setvar" else None
    xml = ScenarioFile().start("step").call("step", name, inputs, outputs).flow("step", "end").end().xml
    users = server.api("GET", "/catalogs/$users/records")

    answer = server.ask("GET", listen(server, f"bad-{name}", xml), auth=None)

    assert (answer.status, answer.json["code"]) == (500, "process_failed")
    process = server.api("GET", "/catalogs/$processes/records?limit=1")[0]["values"]
    assert process["$status"] == ["$error"]
    assert named in process["$result"]
    assert process["$result"].startswith(f'{{"$error":"Step step, {name}: ')
    assert server.api("GET", "/catalogs/$users/records") == users


@pytest.mark.parametrize("name", sorted(BAD_INPUTS))
def test_bad_input_can_be_caught(server: LiveServer, name: str) -> None:
    inputs, named = BAD_INPUTS[name]
    outputs = {"x": ("output", "nothing_there.x")} if name == "setvar" else None
    scenario = ScenarioFile().start("step").call("step", name, inputs, outputs).flow("step", "end").end()
    scenario.on_error("caught", "step").set("tell", _body="({code, message})").flow("caught", "tell")

    answer = server.ask("GET", listen(server, f"caught-{name}", scenario.flow("tell", "end").xml), auth=None)

    assert answer.status == 200
    assert named in answer.json["message"]
    assert answer.json["code"]
