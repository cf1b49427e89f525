"""The BPMN elements: one file each, found by their files; a node's ``element`` is the name of the file."""

import sys
from collections.abc import Mapping
from functools import cache

from obmen import discovery
from obmen.domain.processes.turns import Element
from obmen.errors import SetupError


@cache
def elements() -> Mapping[str, Element]:
    """All elements by name."""
    return discovery.things(sys.modules[__name__], "ELEMENT", Element)


@cache
def names_by_tag() -> Mapping[str, str]:
    """The element's name for each tag of the XML; `SetupError` where two elements read one tag."""
    names: dict[str, str] = {}
    for name, element in elements().items():
        for tag in element.tags:
            if tag in names:
                raise SetupError("setup.duplicate", name=tag, module=name)
            names[tag] = name
    return names
