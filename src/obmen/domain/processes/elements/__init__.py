"""The BPMN elements: one file each, found by their files; a node of a scenario holds its element."""

import sys
from collections.abc import Mapping

from obmen import discovery
from obmen.domain.processes.turns import Element
from obmen.errors import SetupError


def collect() -> Mapping[str, Element]:
    """The element for each tag of the XML; `SetupError` where two elements read one tag. Called once, at start."""
    found: dict[str, Element] = {}
    for name, element in discovery.things(sys.modules[__name__], "ELEMENT", Element).items():
        for tag in element.tags:
            if tag in found:
                raise SetupError("setup.duplicate", name=tag, module=name)
            found[tag] = element
    return found
