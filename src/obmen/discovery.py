"""One module, one thing: finds what a package holds by its files, and what other packages add by entry points.

A package that grows by files (``components``, ``domain.fields``, …) holds one module per thing; the module's name is the
thing's name, and the module defines exactly one attribute of the asked name (``COMPONENT``, ``FIELD_TYPE``, …). What is
found is collected once, at start, and passed on as a value; two things of one name refuse to start.
"""

import importlib
import pkgutil
from importlib.metadata import entry_points
from types import ModuleType
from typing import TypeVar

from obmen.errors import SetupError

Thing = TypeVar("Thing")


def things(package: ModuleType, attribute: str, kind: type[Thing]) -> dict[str, Thing]:
    """``{module name: thing}`` of all modules in ``package``, sorted by name; `SetupError` where one is missing or of another kind."""
    found: dict[str, Thing] = {}
    for module_info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        thing = getattr(module, attribute, None)
        if not isinstance(thing, kind):
            raise SetupError("setup.not_a_thing", module=module.__name__, attribute=attribute, kind=kind.__name__)
        found[module_info.name] = thing
    return found


def installed(group: str, kind: type[Thing]) -> dict[str, Thing]:
    """``{entry point: thing}`` of all installed packages, sorted; `SetupError` where one cannot be loaded or is of another kind."""
    found: dict[str, Thing] = {}
    for point in sorted(entry_points(group=group), key=lambda point: (point.name, point.value)):
        name = f"{point.name} = {point.value}"
        try:
            thing = point.load()
        except Exception as error:  # whatever a module of another package raises
            raise SetupError("setup.not_loaded", group=group, name=name, problem=error) from error
        if not isinstance(thing, kind):
            raise SetupError("setup.not_a_thing", module=point.module, attribute=point.attr, kind=kind.__name__)
        found[name] = thing
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
