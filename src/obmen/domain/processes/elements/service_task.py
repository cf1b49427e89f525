"""Task: calls its component and moves on when it is done; a task without a component is passed.

While the component works its boundary events watch: the first one for errors takes the token when it fails, a timer
that fires takes it away from the component, whose answer then finds nobody. A call that did nothing and may succeed later
is made again, `ATTEMPTS` times in all; the timers of the boundary go on meanwhile.
"""

from typing import Final

from lxml import etree
from msgspec.structs import replace

from obmen.domain.processes.dialect import read_call
from obmen.domain.processes.scenarios import Node
from obmen.domain.processes.states import Completed, Failed, Postponed, Returned, TimerFired, Token
from obmen.domain.processes.turns import LEAVING, Element, Resolve, Turn, fail

ATTEMPTS: Final = 3
"""Calls of a component until a failure that may pass is final."""


def parse(source: etree._Element, node: Node, resolve: Resolve) -> Node:
    """Its component with the templates of its parameters."""
    return replace(node, call=read_call(source, node, resolve))


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


def keep(turn: Turn, node: Node, returned: Returned) -> None:
    """Keeps what the component gave until its outputs are evaluated; the time limits of the component end here."""
    turn.put(returned.token, Token(node.id, "assigning", results=returned.results))


def postpone(turn: Turn, node: Node, postponed: Postponed) -> None:
    """Waits for the next attempt; the last one is a failure like any other."""
    token = turn.tokens[postponed.token]
    if token.attempts + 1 >= ATTEMPTS:
        catch(turn, node, postponed)
        return
    again = (node.id, turn.after(postponed.delay_s))
    turn.put(
        postponed.token,
        replace(token, status="postponed", timers=(*token.timers, again), attempts=token.attempts + 1),
    )


def wake(turn: Turn, node: Node, fired: TimerFired) -> None:
    """Calls the component again, or sends the token to a boundary timer."""
    if fired.event != node.id:
        turn.drop(fired.token)
        turn.arrive(fired.event)
        return
    token = turn.tokens[fired.token]
    timers = tuple(timer for timer in token.timers if timer[0] != node.id)
    turn.put(fired.token, replace(token, status="calling", timers=timers))


def catch(turn: Turn, node: Node, failed: Failed | Postponed) -> None:
    """Sends the token to the boundary event for errors; without one the process fails."""
    for event_id in node.attached:
        event = turn.scenario.nodes[event_id]
        if event.duration is None:
            facts = ((event.code_into, failed.code), (event.message_into, failed.message))
            turn.assign((path, text) for path, text in facts if path is not None)
            turn.tell(failed.errors)
            turn.drop(failed.token)
            turn.arrive(event_id)
            return
    fail(turn, node, failed)


def interrupt(turn: Turn, node: Node, fired: TimerFired) -> None:
    """Sends the token to the boundary timer."""
    turn.abandon(fired.token)
    turn.arrive(fired.event)


ELEMENT = Element(
    tags=("serviceTask", "task"),
    parse=parse,
    arrive=arrive,
    answers={
        ("calling", Completed): complete,
        ("calling", Returned): keep,
        ("calling", Failed): catch,
        ("calling", Postponed): postpone,
        ("calling", TimerFired): interrupt,
        ("postponed", TimerFired): wake,
        ("assigning", Completed): complete,
        ("assigning", Failed): catch,
        **LEAVING,
    },
    carries_events=True,
)
