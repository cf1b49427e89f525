"""A scenario as a graph of values that never change, and the templates its components take their parameters from.

Made by `reader`, walked by `engine`; runners call `scripts` and `fill` so that all expressions of a component are
evaluated in one round trip to JavaScript.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from obmen.domain.json_values import Path
from obmen.domain.processes.targets import Target

if TYPE_CHECKING:
    from obmen.domain.processes.turns import Element

# --- templates of parameters --------------------------------------------------------------------------------------


class Const(msgspec.Struct, frozen=True, tag=True):
    """A JSON value as it stands."""

    value: Any


class Script(msgspec.Struct, frozen=True, tag=True):
    """A JavaScript expression, never empty (an empty one is ``Const(None)``)."""

    source: str


class ListOf(msgspec.Struct, frozen=True, tag=True):
    """A list, item by item."""

    items: tuple["Parameter", ...]


class MapOf(msgspec.Struct, frozen=True, tag=True):
    """An object, key by key; a key that contains ``${…}`` is a `Script`, any other a `Const` text."""

    entries: tuple[tuple["Parameter", "Parameter"], ...]


Parameter: TypeAlias = Const | Script | ListOf | MapOf


def scripts(parameter: Parameter) -> list[str]:
    """The expressions of a template in the order `fill` asks for their values."""
    match parameter:
        case Const():
            return []
        case Script(source=source):
            return [source]
        case ListOf(items=items):
            return [source for item in items for source in scripts(item)]
        case MapOf(entries=entries):
            return [source for entry in entries for part in entry for source in scripts(part)]


def fill(parameter: Parameter, values: Iterator[Any]) -> Any:
    """The JSON value of a template; takes from ``values`` one for each of its `scripts` and leaves the rest there."""
    match parameter:
        case Const(value=value):
            return value
        case Script():
            return next(values)
        case ListOf(items=items):
            return [fill(item, values) for item in items]
        case MapOf(entries=entries):
            return {str(fill(key, values)): fill(item, values) for key, item in entries}


def expression(parameter: Parameter) -> str:
    """The template as one JavaScript expression."""
    match parameter:
        case Const(value=value):
            return msgspec.json.encode(value).decode()
        case Script(source=source):
            return source
        case ListOf(items=items):
            return f"[{', '.join(_enclosed(item) for item in items)}]"
        case MapOf(entries=entries):
            return f"{{{', '.join(f'[{_enclosed(key)}]: {_enclosed(item)}' for key, item in entries)}}}"


def _enclosed(parameter: Parameter) -> str:
    return f"({expression(parameter)}\n)"  # the line ends a comment the expression may end with


# --- what a component is called with ------------------------------------------------------------------------------


class Output(msgspec.Struct, frozen=True):
    """Where a result goes. ``value`` is what is assigned; without one it is the component's output ``slot``."""

    into: Target
    slot: str
    value: Parameter | None = None


class Call(msgspec.Struct, frozen=True):
    """A component with the templates of its inputs, and the places for its outputs, both in the order of the file."""

    component: str
    inputs: tuple[tuple[str, Parameter], ...] = ()
    outputs: tuple[Output, ...] = ()


# --- the graph ----------------------------------------------------------------------------------------------------


class Flow(msgspec.Struct, frozen=True):
    """A line to another node; a default flow is taken when no other is, whatever its condition."""

    id: str
    target: str
    condition: Const | Script | None = None
    is_default: bool = False


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the graph; its ``element`` knows what the fields below mean."""

    id: str
    name: str
    element: "Element"
    outgoing: tuple[Flow, ...] = ()
    """In the order of the file."""
    attached: tuple[str, ...] = ()
    """Ids of its boundary events, in the order of the file."""
    attached_to: str | None = None
    """Of a boundary event: the node it stands on."""
    call: Call | None = None
    duration: timedelta | None = None
    """Of a timer; a boundary event without one catches errors."""
    code_into: Path | None = None
    """Of a boundary event for errors: the variable that takes the error's code."""
    message_into: Path | None = None
    """The same for the error's text."""
    terminates: bool = False
    """Of an end event: it ends the process whatever else is under way."""

    @property
    def title(self) -> str:
        """The node as messages name it: what people call it, and its id."""
        return f'"{self.name}" ({self.id})' if self.name.strip() else self.id


class Scenario(msgspec.Struct, frozen=True):
    """The graph: the id of the start event, and all nodes by id."""

    start: str
    nodes: dict[str, Node]
    reads_raw_body: bool = True
    """Whether the body of an external request as it came is read anywhere."""
