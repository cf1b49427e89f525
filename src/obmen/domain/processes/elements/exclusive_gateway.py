"""Exclusive gateway: each token that comes leaves along one flow, the first in the file whose condition holds.

Where there is a choice every flow but the default has a condition: a process that meets one without fails, as
docs/reference/scenarios.md says.
"""

from lxml import etree

from obmen.domain.processes.scenarios import Node
from obmen.domain.processes.states import Evaluated, Failed
from obmen.domain.processes.turns import Element, Resolve, Turn, expressions, fail, matching


def parse(source: etree._Element, node: Node, resolve: Resolve) -> Node:
    """The node as it is: what it knows stands in its flows."""
    return node


def arrive(turn: Turn, number: int, node: Node) -> None:
    """Asks for the values of the conditions, or moves on where there is nothing to ask."""
    if len(node.outgoing) > 1:
        for flow in node.outgoing:
            if flow.condition is None and not flow.is_default:
                turn.break_off("no_condition", node, flow=flow.id)
                return
    if expressions(node):
        turn.wait(number, node, "choosing")
    else:
        turn.take(number, node, matching(node, ())[:1])


def choose(turn: Turn, node: Node, evaluated: Evaluated) -> None:
    """Moves on along the first flow that matches, or the default."""
    turn.take(evaluated.token, node, matching(node, evaluated.values)[:1])


ELEMENT = Element(
    tags=("exclusiveGateway",),
    parse=parse,
    arrive=arrive,
    answers={("choosing", Evaluated): choose, ("choosing", Failed): fail},
)
