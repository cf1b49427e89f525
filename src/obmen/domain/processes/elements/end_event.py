"""End event: takes its token; with a terminate definition inside, ends the process at once.

An error definition only says how people mean this end: the process counts as finished.
"""

from lxml import etree
from msgspec.structs import replace

from obmen.domain.processes.dialect import event_definition
from obmen.domain.processes.scenarios import Node
from obmen.domain.processes.states import Done
from obmen.domain.processes.turns import Element, Resolve, Turn


def parse(source: etree._Element, node: Node, resolve: Resolve) -> Node:
    """Whether it terminates."""
    accepted = ("errorEventDefinition", "terminateEventDefinition")
    definition = event_definition(source, node, accepted=accepted)
    return replace(
        node, terminates=definition is not None and etree.QName(definition).localname == "terminateEventDefinition"
    )


def arrive(turn: Turn, number: int, node: Node) -> None:
    """The token is gone; the process ends when it was the last one, or now."""
    if node.terminates:
        turn.finish(Done())


ELEMENT = Element(tags=("endEvent",), parse=parse, arrive=arrive, has_outgoing=False)
