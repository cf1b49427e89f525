"""Task: calls its component and moves on when it is done; a task without a component is passed.

While the component works its boundary events watch: the first one for errors takes the token when it fails, a timer
that fires takes it away from the component, whose answer then finds nobody.
"""

from lxml import etree
from msgspec.structs import replace

from obmen.domain.processes.dialect import read_call
from obmen.domain.processes.scenarios import Node
from obmen.domain.processes.states import Completed, Failed, TimerFired
from obmen.domain.processes.turns import LEAVING, Element, Resolve, Turn, fail


def parse(source: etree._Element, node: Node, resolve: Resolve) -> Node:
    """Its component with the templates of its parameters."""
    return replace(node, call=read_call(source, node.id, resolve))


def arrive(turn: Turn, number: int, node: Node) -> None:
    """Calls the component."""
    if node.call is None:
        turn.leave(number, node)
    else:
        turn.wait(number, node, "calling", [turn.scenario.nodes[event_id] for event_id in node.attached])


def complete(turn: Turn, node: Node, completed: Completed) -> None:
    """Keeps the results and moves on."""
    turn.assign(completed.assignments)
    turn.leave(completed.token, node)


def catch(turn: Turn, node: Node, failed: Failed) -> None:
    """Hands the token to the boundary event for errors; without one the process fails."""
    for event_id in node.attached:
        event = turn.scenario.nodes[event_id]
        if event.duration is None:
            facts = ((event.code_into, failed.code), (event.message_into, failed.message))
            turn.assign((variable, text) for variable, text in facts if variable is not None)
            turn.drop(failed.token)
            turn.arrive(event_id)
            return
    fail(turn, node, failed)


def interrupt(turn: Turn, node: Node, fired: TimerFired) -> None:
    """Hands the token to the boundary timer."""
    turn.abandon(fired.token)
    turn.arrive(fired.event)


ELEMENT = Element(
    tags=("serviceTask", "task"),
    parse=parse,
    arrive=arrive,
    answers={
        ("calling", Completed): complete,
        ("calling", Failed): catch,
        ("calling", TimerFired): interrupt,
        **LEAVING,
    },
    carries_events=True,
)
