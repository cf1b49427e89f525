"""One module, one thing: finds what a room holds by its files.

A room (``components``, ``domain.fields``, …) holds one module per thing; the module's name is the thing's name, and the
module defines exactly one attribute of the asked name (``COMPONENT``, ``FIELD_TYPE``, …). Two things of one name refuse to start.
Used by every room that grows by adding files.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

from obmen.errors import SetupError

Thing = TypeVar("Thing")


def things(room: ModuleType, attribute: str, kind: type[Thing]) -> dict[str, Thing]:
    """``{module name: thing}`` of all modules in ``room``, sorted by name; `SetupError` where one is missing or of another kind."""
    found: dict[str, Thing] = {}
    for module_info in sorted(pkgutil.iter_modules(room.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{room.__name__}.{module_info.name}")
        thing = getattr(module, attribute, None)
        if not isinstance(thing, kind):
            raise SetupError("setup.not_a_thing", module=module.__name__, attribute=attribute, kind=kind.__name__)
        found[module_info.name] = thing
    return found


def by_name(found: dict[str, Thing], name_attribute: str = "name") -> dict[str, Thing]:
    """The same things keyed by their own name; `SetupError` where two carry one name."""
    named: dict[str, Thing] = {}
    for module_name, thing in found.items():
        name = getattr(thing, name_attribute)
        if name in named:
            raise SetupError("setup.duplicate", name=name, module=module_name)
        named[name] = thing
    return named
