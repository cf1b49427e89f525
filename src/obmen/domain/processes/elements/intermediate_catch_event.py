"""Intermediate event: a timer; the token sleeps for its duration and moves on."""

from lxml import etree
from msgspec.structs import replace

from obmen.domain.processes.dialect import event_definition, read_duration
from obmen.domain.processes.scenarios import Node
from obmen.domain.processes.states import TimerFired
from obmen.domain.processes.turns import LEAVING, Element, Resolve, Turn


def parse(source: etree._Element, node: Node, resolve: Resolve) -> Node:
    """How long it sleeps."""
    definition = event_definition(source, node, accepted=("timerEventDefinition",))
    return replace(node, duration=read_duration(definition, node))


def arrive(turn: Turn, number: int, node: Node) -> None:
    """Falls asleep."""
    turn.wait(number, node, "sleeping", (node,))


def wake(turn: Turn, node: Node, fired: TimerFired) -> None:
    """Moves on."""
    turn.leave(fired.token, node)


ELEMENT = Element(
    tags=("intermediateCatchEvent",),
    parse=parse,
    arrive=arrive,
    answers={("sleeping", TimerFired): wake, **LEAVING},
)
