"""Boundary event: the way on when a component fails (error) or takes too long (timer).

It watches through the task it stands on, which sends the token here; then it is passed like any other node.
"""

from lxml import etree
from msgspec.structs import replace

from obmen.domain.processes.dialect import CAMUNDA, event_definition, read_duration, read_fixed_target
from obmen.domain.processes.scenarios import Node
from obmen.domain.processes.turns import LEAVING, Element, Resolve, Turn
from obmen.errors import InvalidScenario


def parse(source: etree._Element, node: Node, resolve: Resolve) -> Node:
    """What it stands on and what it waits for; one that would not interrupt its component is refused."""
    definition = event_definition(source, node, accepted=("errorEventDefinition", "timerEventDefinition"))
    if source.get("cancelActivity") == "false":
        raise InvalidScenario("scenario.non_interrupting", element=node.id, name=node.name)
    node = replace(node, attached_to=source.get("attachedToRef", ""))
    if definition is None or etree.QName(definition).localname == "timerEventDefinition":
        return replace(node, duration=read_duration(definition, node))
    return replace(
        node,
        code_into=read_fixed_target(definition.get(f"{CAMUNDA}errorCodeVariable"), node),
        message_into=read_fixed_target(definition.get(f"{CAMUNDA}errorMessageVariable"), node),
    )


def arrive(turn: Turn, number: int, node: Node) -> None:
    """Moves on."""
    turn.leave(number, node)


ELEMENT = Element(tags=("boundaryEvent",), parse=parse, arrive=arrive, answers=LEAVING, has_incoming=False)
