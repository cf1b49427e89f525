"""Every BPMN element: how it is read, what it does for each input, and how a process that waits at it is saved.

A new element has no sample here, and fails until it has.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from obmen.domain.processes import elements
from obmen.domain.processes.engine import (
    Completed,
    Evaluated,
    Failed,
    Input,
    Postponed,
    Returned,
    Start,
    State,
    TimePassed,
    advance,
    load,
    outstanding,
    save,
)
from obmen.domain.processes.reader import ScenarioReader
from obmen.domain.processes.scenarios import Scenario
from obmen.domain.processes.states import Status, TimerFired
from obmen.domain.processes.turns import Element

FOUND = elements.collect()
READER = ScenarioReader(FOUND, lambda name: name)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

CALL = "<extensionElements><c:connector><c:connectorId>x</c:connectorId></c:connector></extensionElements>"
TIMER = "<timerEventDefinition><timeDuration>PT5S</timeDuration></timerEventDefinition>"
GUARD = f'<boundaryEvent id="b" attachedToRef="n">{TIMER}</boundaryEvent>'
CATCH = '<boundaryEvent id="b" attachedToRef="n"><errorEventDefinition c:errorCodeVariable="code"/></boundaryEvent>'
CONDITION = "<conditionExpression>x</conditionExpression>"
TO_END = '<endEvent id="e"/><sequenceFlow id="f" sourceRef="n" targetRef="e">{}</sequenceFlow>'
CHOICE = TO_END.format(CONDITION)
FROM_START = '<startEvent id="s"/><sequenceFlow id="s-n" sourceRef="s" targetRef="n"/>'
TASK = FROM_START + f'<task id="n">{CALL}</task>' + GUARD + TO_END.format("")
TASK_CAUGHT = FROM_START + f'<task id="n">{CALL}</task>' + CATCH + CHOICE.replace('"n"', '"b"')


class Sample(msgspec.Struct, frozen=True):
    """A process that comes to wait at the element: the inputs that bring it there, and the state as it is saved."""

    process: str
    inputs: tuple[Input, ...]
    golden: bytes


WAITING: Mapping[tuple[str, Status], Sample] = {
    ("start_event", "choosing"): Sample(
        '<startEvent id="n"/>' + CHOICE,
        (),
        b'{"variables":{},"tokens":{"1":{"node":"n","status":"choosing"}},"steps":1,"outcome":null}',
    ),
    ("service_task", "calling"): Sample(
        TASK,
        (),
        b'{"variables":{},"tokens":{"2":{"node":"n","status":"calling","timers":[["b","2026-03-01T12:00:05Z"]]}},'
        b'"steps":2,"outcome":null}',
    ),
    ("service_task", "assigning"): Sample(
        TASK,
        (Returned(2, {"output": "7"}),),
        b'{"variables":{},"tokens":{"2":{"node":"n","status":"assigning","results":{"output":"7"}}},"steps":2,'
        b'"outcome":null}',
    ),
    ("service_task", "postponed"): Sample(
        TASK,
        (Postponed(2, "c", "m", 3),),
        b'{"variables":{},"tokens":{"2":{"node":"n","status":"postponed","timers":[["b","2026-03-01T12:00:05Z"],'
        b'["n","2026-03-01T12:00:03Z"]],"attempts":1}},"steps":2,"outcome":null}',
    ),
    ("service_task", "choosing"): Sample(
        FROM_START + f'<task id="n">{CALL}</task>' + CHOICE,
        (Completed(2, ((("d",), NOW), (("t",), "2026-03-01T12:00:00.000Z"))),),
        b'{"variables":{"d":"2026-03-01T12:00:00.000Z","t":"2026-03-01T12:00:00.000Z"},'
        b'"tokens":{"2":{"node":"n","status":"choosing"}},"steps":2,"outcome":null,"dates":[[0,"d"]]}',
    ),
    ("exclusive_gateway", "choosing"): Sample(
        FROM_START + '<exclusiveGateway id="n"/>' + CHOICE,
        (),
        b'{"variables":{},"tokens":{"2":{"node":"n","status":"choosing"}},"steps":2,"outcome":null}',
    ),
    ("intermediate_catch_event", "sleeping"): Sample(
        FROM_START + f'<intermediateCatchEvent id="n">{TIMER}</intermediateCatchEvent>' + TO_END.format(""),
        (),
        b'{"variables":{},"tokens":{"2":{"node":"n","status":"sleeping","timers":[["n","2026-03-01T12:00:05Z"]]}},'
        b'"steps":2,"outcome":null}',
    ),
    ("intermediate_catch_event", "choosing"): Sample(
        FROM_START
        + '<intermediateCatchEvent id="n"><timerEventDefinition><timeDuration>PT0S</timeDuration></timerEventDefinition>'
        "</intermediateCatchEvent>" + CHOICE,
        (TimePassed(),),
        b'{"variables":{},"tokens":{"2":{"node":"n","status":"choosing"}},"steps":2,"outcome":null}',
    ),
    ("boundary_event", "choosing"): Sample(
        TASK_CAUGHT,
        (Failed(2, "c", "m"),),
        b'{"variables":{"code":"c"},"tokens":{"3":{"node":"b","status":"choosing"}},"steps":3,"outcome":null}',
    ),
}
"""Where a token can wait: each element with each status that one of its rows answers."""
PASSED = ("end_event",)
"""Elements at which no token waits."""
ANSWERS: Mapping[type, Any] = {
    Completed: Completed(0),
    Returned: Returned(0, {}),
    Failed: Failed(0, "c", "m"),
    Postponed: Postponed(0, "c", "m", 1),
    Evaluated: Evaluated(0, (True,)),
}


def names() -> dict[str, Element]:
    """The elements by the names of their files."""
    return {_file(element): element for element in FOUND.values()}


def _file(element: Element) -> str:
    return str(element.arrive.__module__).rpartition(".")[2]


def waiting(sample: Sample) -> tuple[Scenario, State]:
    scenario = READER.read(
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:c="http://camunda.org/schema/1.0/bpmn">'
        f'<process id="P">{sample.process}</process></definitions>'.encode()
    )
    state, _ = advance(scenario, State(), Start(), NOW)
    for happened in sample.inputs:
        state, _ = advance(scenario, state, happened, NOW)
    return scenario, state


def test_every_element_has_samples() -> None:
    rows = {(name, status) for name, element in names().items() for status, _ in element.answers}
    assert rows == set(WAITING)
    assert set(names()) == {name for name, _ in WAITING} | set(PASSED)


@pytest.mark.parametrize("tag", sorted(FOUND))
def test_an_element_is_described(tag: str) -> None:
    element = FOUND[tag]
    assert tag in element.tags
    assert (element.parse.__doc__ or "").strip()
    assert (element.arrive.__doc__ or "").strip()
    assert all((row.__doc__ or "").strip() or row.__name__.startswith("_") for row in element.answers.values())


@pytest.mark.parametrize(("name", "status"), sorted(WAITING))
def test_a_waiting_process_is_saved_as_it_was_before(name: str, status: Status) -> None:
    sample = WAITING[name, status]
    scenario, state = waiting(sample)

    (token,) = state.tokens.values()
    assert (_file(scenario.nodes[token.node].element), token.status) == (name, status)
    assert save(state) == sample.golden
    assert load(sample.golden) == state
    assert outstanding(scenario, load(sample.golden)) == outstanding(scenario, state)


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    sorted(
        (name, status, kind.__name__)
        for name, element in names().items()
        for status, kind in element.answers
        if kind is not TimerFired
    ),
)
def test_every_row_leads_on(name: str, status: Status, kind: str) -> None:
    scenario, state = waiting(WAITING[name, status])
    (number,) = state.tokens
    happened = next(answer for answer in ANSWERS.values() if type(answer).__name__ == kind)
    after, commands = advance(scenario, state, msgspec.structs.replace(happened, token=number), NOW)
    assert after is not state
    assert load(save(after)) == after
    assert after.outcome is not None or after.tokens
    assert commands or not outstanding(scenario, after)


@pytest.mark.parametrize(("name", "status"), sorted(WAITING))
def test_an_input_without_a_row_changes_nothing(name: str, status: Status) -> None:
    scenario, state = waiting(WAITING[name, status])
    ((number, token),) = state.tokens.items()
    rows = scenario.nodes[token.node].element.answers
    for kind, answer in ANSWERS.items():
        if (status, kind) not in rows:
            assert advance(scenario, state, msgspec.structs.replace(answer, token=number), NOW) == (state, ())


@pytest.mark.parametrize(("name", "status"), sorted(WAITING))
def test_a_timer_fires_where_there_is_one(name: str, status: Status) -> None:
    scenario, state = waiting(WAITING[name, status])
    ((number, token),) = state.tokens.items()
    for _, due in token.timers:
        after, _ = advance(scenario, state, TimePassed(), due)
        assert after.tokens.get(number) != token
