"""Start event: where the process begins; a token leaves along each of its flows."""

from lxml import etree

from obmen.domain.processes.dialect import event_definition
from obmen.domain.processes.scenarios import Node
from obmen.domain.processes.turns import LEAVING, Element, Resolve, Turn


def parse(source: etree._Element, node: Node, resolve: Resolve) -> Node:
    """The node as it is; a start event that waits for something is refused."""
    event_definition(source, node, accepted=())
    return node


def arrive(turn: Turn, number: int, node: Node) -> None:
    """Moves on."""
    turn.leave(number, node)


ELEMENT = Element(tags=("startEvent",), parse=parse, arrive=arrive, answers=LEAVING, has_incoming=False)
