"""A turn: the working copy of a state while one input is worked off, and the form of a BPMN element's rules.

An element is a table: what it does when a token arrives, and one row for each (status, input) it understands. All that
a rule may do is a method of `Turn`; an input without a row does nothing. Used by the files of ``elements/`` and by
`engine`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import isnan
from typing import Any, Final, TypeAlias

import msgspec
from lxml import etree

from obmen import messages
from obmen.domain.json_values import Path
from obmen.domain.processes.scenarios import Const, Flow, Node, Scenario, Script
from obmen.domain.processes.states import (
    Abandon,
    AssignOutputs,
    Broken,
    CallComponent,
    Evaluate,
    Evaluated,
    Failed,
    Outcome,
    Postponed,
    Refused,
    State,
    Status,
    Token,
    TokenCommand,
)
from obmen.domain.processes.variables import assign

Resolve: TypeAlias = Callable[[str], str | None]
"""The component a connector id means, or ``None``."""
ERRORS: Final = "$errors"
"""The variable with the values that were refused: ``[{field, message}]``."""


class Turn:
    """One advance of a process under way; the state it began with stays as it is."""

    __slots__ = ("_now", "_variables", "arrivals", "commands", "outcome", "scenario", "steps", "tokens")

    def __init__(self, scenario: Scenario, state: State, now: datetime) -> None:
        self.scenario = scenario
        self.tokens = dict(state.tokens)
        self.steps = state.steps
        self.outcome: Outcome | None = None
        self.arrivals: deque[str] = deque()
        """Ids of the nodes that tokens are on their way to, first come first served."""
        self.commands: list[TokenCommand] = []
        self._variables = state.variables
        self._now = now

    def state(self) -> State:
        """The state after the turn."""
        return State(self._variables, self.tokens, self.steps, self.outcome)

    def begin(self, variables: dict[str, Any]) -> None:
        """Sends the first token to the start event."""
        self._variables = variables
        self.arrive(self.scenario.start)

    def arrive(self, node_id: str) -> None:
        """Sends a token to a node."""
        self.arrivals.append(node_id)

    def assign(self, assignments: Iterable[tuple[Path, Any]]) -> None:
        """Sets variables by path."""
        self._variables = assign(self._variables, assignments)

    def tell(self, errors: Sequence[Refused]) -> None:
        """Sets ``$errors`` to the values refused by the error that was caught; where there never was one it is not set."""
        if errors or ERRORS in self._variables:
            self.assign([((ERRORS,), [{"field": error.field, "message": error.message} for error in errors])])

    def wait(self, number: int, node: Node, status: Status, timers: Iterable[Node] = ()) -> None:
        """Leaves the token at its node until it is answered or one of the ``timers`` fires."""
        due = tuple((timer.id, self._now + timer.duration) for timer in timers if timer.duration is not None)
        self.put(number, Token(node.id, status, due))

    def put(self, number: int, token: Token) -> None:
        """Gives a token another state."""
        self.tokens[number] = token
        self.commands.extend(requests(self.scenario, number, token))

    def after(self, seconds: float) -> datetime:
        """The moment so long after now."""
        return self._now + timedelta(seconds=seconds)

    def drop(self, number: int) -> None:
        """Takes a token away, if it stands anywhere."""
        self.tokens.pop(number, None)

    def abandon(self, number: int) -> None:
        """Takes a token away whose call is still under way, or was to begin in this turn."""
        self.drop(number)
        others = [command for command in self.commands if command.token != number]
        if len(others) == len(self.commands):
            others.append(Abandon(number))
        self.commands = others

    def leave(self, number: int, node: Node) -> None:
        """Moves on along every flow without a condition or with one that holds, once the conditions are evaluated."""
        if expressions(node):
            self.wait(number, node, "choosing")
        else:
            self.take(number, node, matching(node, ()))

    def take(self, number: int, node: Node, flows: Iterable[Flow]) -> None:
        """Moves on along ``flows``, or the default where they are none; a process with nowhere to go fails."""
        taken = list(flows) or [flow for flow in node.outgoing if flow.is_default]
        if node.outgoing and not taken:
            self.break_off("no_branch", node)
            return
        self.drop(number)
        for flow in taken:
            self.arrive(flow.target)

    def finish(self, outcome: Outcome) -> None:
        """Ends the process with all its tokens."""
        self.outcome = outcome
        self.tokens = {}

    def break_off(self, problem: str, node: Node, **facts: Any) -> None:
        """Fails the process by a rule of the engine; ``problem`` is the failure's code and its message."""
        text = messages.text(f"scenario.{problem}", name=node.title, element=node.id, **facts)
        self.finish(Broken(problem, text, node.id))


def expressions(node: Node) -> tuple[str, ...]:
    """What has to be evaluated before it is known which way a token leaves ``node``."""
    return tuple(
        [flow.condition.source for flow in node.outgoing if type(flow.condition) is Script and not flow.is_default]
    )


def matching(node: Node, values: Iterable[Any]) -> list[Flow]:
    """The flows, default aside, that have no condition or one that holds; ``values`` are those of `expressions`."""
    remaining = iter(values)
    found = []
    for flow in node.outgoing:
        if flow.is_default:
            continue
        match flow.condition:
            case None:
                holds = True
            case Const(value=value):
                holds = is_true(value)
            case Script():
                holds = is_true(next(remaining))
        if holds:
            found.append(flow)
    return found


def is_true(value: Any) -> bool:
    """Whether JavaScript takes a JSON value for true: an empty list or object is."""
    if isinstance(value, float):
        return value != 0 and not isnan(value)
    return isinstance(value, list | dict) or bool(value)


def requests(scenario: Scenario, number: int, token: Token) -> tuple[TokenCommand, ...]:
    """What a waiting token asks of the runner: one command, or none where it sleeps."""
    node = scenario.nodes[token.node]
    if token.status == "choosing":
        return (Evaluate(number, node.id, expressions(node)),)
    if node.call is not None:
        if token.status == "calling":
            return (CallComponent(number, node.id, node.call),)
        if token.status == "assigning":
            return (AssignOutputs(number, node.id, node.call, token.results or {}),)
    return ()


# --- the form of an element ---------------------------------------------------------------------------------------

Parse: TypeAlias = Callable[[etree._Element, Node, Resolve], Node]
"""Completes a node by what its XML says; `InvalidScenario` where it says what cannot run."""
Arrive: TypeAlias = Callable[[Turn, int, Node], None]
Answer: TypeAlias = Callable[[Turn, Node, Any], None]


class Element(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of BPMN element: a file of ``elements/``."""

    tags: tuple[str, ...]
    """Its names in the XML."""
    parse: Parse
    arrive: Arrive
    answers: Mapping[tuple[Status, type], Answer] = {}
    has_incoming: bool = True
    has_outgoing: bool = True
    carries_events: bool = False
    """Whether boundary events may be attached to it."""


def _take_matching(turn: Turn, node: Node, evaluated: Evaluated) -> None:
    turn.take(evaluated.token, node, matching(node, evaluated.values))


def fail(turn: Turn, node: Node, failed: Failed | Postponed) -> None:
    """Row: what failed fails the process."""
    step = node.title if node.call is None else f"{node.title}, {node.call.component}"
    text = messages.text("scenario.step_failed", step=step, problem=failed.message)
    turn.finish(Broken(failed.code, text, node.id, failed.errors))


LEAVING: Mapping[tuple[Status, type], Answer] = {
    ("choosing", Evaluated): _take_matching,
    ("choosing", Failed): fail,
}
"""The rows of every element that tokens leave by `Turn.leave`."""
