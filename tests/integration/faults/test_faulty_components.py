"""What a component, or another system, raises that nobody expected fails its step, and a boundary event catches it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from at_work import make_listener, process

from obmen import bootstrap
from obmen.components import Component, Components, Context, Effect
from obmen.errors import ProcessFailed
from obmen.ports import HttpRequest, HttpResponse
from obmen.services.processes.own_api import ProcessHttp
from obmen.settings import Settings
from scenario_files import ScenarioFile

ODD = [
    ValueError("odd"),
    KeyError("odd"),
    UnicodeDecodeError("idna", b"x", 0, 1, "odd"),
    RecursionError(),
    MemoryError(),
    ZeroDivisionError(),
    AssertionError(),
    StopIteration(),
    ExceptionGroup("odd", [ValueError()]),
]


class Inputs(msgspec.Struct, frozen=True):
    """Which of the errors."""

    which: int = 0
    where: str = "run"


class Faulty(Component[Inputs]):
    """Raises errors that no component should."""

    name = "faulty"
    inputs = Inputs

    def effect(self, inputs: Inputs) -> Effect:
        if inputs.where == "effect":
            raise ODD[inputs.which]
        return Effect.OUTSIDE if inputs.where == "outside" else Effect.NONE

    async def run(self, inputs: Inputs, context: Context) -> Mapping[str, Any]:
        raise ODD[inputs.which]


@pytest.fixture(autouse=True)
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The component, as an installed package adds one."""
    found = bootstrap.registered()
    components = Components({**found.components, "faulty": Faulty()})
    monkeypatch.setattr(bootstrap, "registered", lambda: msgspec.structs.replace(found, components=components))


def scenario(which: int, where: str, caught: bool) -> ScenarioFile:
    made = (
        ScenarioFile()
        .start("before")
        .set("before", kept="1 + 1")
        .flow("before", "odd")
        .call("odd", "faulty", {"which": which, "where": where})
        .flow("odd", "end")
        .end()
    )
    if caught:
        made.on_error("caught", "odd").flow("caught", "after").set("after", after="kept + 1").flow("after", "end")
    return made


@pytest.mark.parametrize("where", ["run", "outside", "effect"])
async def test_a_boundary_event_catches_what_a_component_raises(test_settings: Settings, where: str) -> None:
    async with bootstrap.serving(test_settings) as app:
        for which in range(len(ODD)):
            listener = await make_listener(app, scenario(which, where, caught=True), f"{where}-{which}")
            variables = (await app.processes.run(app.processes.launch(listener, "$sync", {}, None))).variables
            assert (variables["kept"], variables["after"], variables["code"]) == (2, 3, "unexpected"), ODD[which]


async def test_without_one_the_process_ends_and_names_the_step(test_settings: Settings) -> None:
    async with bootstrap.serving(test_settings) as app:
        listener = await make_listener(app, scenario(0, "run", caught=False))
        with pytest.raises(ProcessFailed) as failed:
            await app.processes.run(app.processes.launch(listener, "$sync", {}, None))
        values = await process(app, failed.value.facts["process"])
    assert values["$status"] == ["$error"]
    assert all(part in values["$result"] for part in ("Step odd, faulty", "[unexpected]", '"kept":2'))


@pytest.mark.parametrize("error", [OSError("odd"), TimeoutError(), *ODD[:3]])
async def test_what_a_request_raises_is_no_fault_of_the_database(
    test_settings: Settings, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """These are taken for a database that is gone where they come from anywhere else, and the process is tried again."""

    async def send(self: ProcessHttp, request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0)
        raise error

    monkeypatch.setattr(ProcessHttp, "_send", send)
    asking = (
        ScenarioFile()
        .start("ask")
        .call("ask", "webRequest", {"method": "GET", "query": "http://127.0.0.1/"})
        .flow("ask", "end")
        .end()
        .on_error("caught", "ask")
        .flow("caught", "end")
    )
    async with bootstrap.serving(test_settings) as app:
        listener = await make_listener(app, asking)
        variables = (await app.processes.run(app.processes.launch(listener, "$sync", {}, None))).variables
    assert variables["code"] == "unexpected"
