"""Process components: one file each, found by its file, and those of installed packages (entry points ``obmen.components``).

A component reaches the world only through its `Context`. Used by ``services/processes`` (running) and, by `Components.resolve`,
by the reader of scenarios.
"""

import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Final, Generic, TypeVar

import msgspec

from obmen import discovery, messages
from obmen.domain.dates import iso
from obmen.domain.processes.scenarios import Parameter, Script
from obmen.errors import SetupError, StepFailed
from obmen.ports import Http, JavaScript, RecordChange, Records

Inputs = TypeVar("Inputs", bound=msgspec.Struct)

GROUP: Final = "obmen.components"
ALIASES: Final = {
    "setVar": "setvar",
    "setVariables": "setvar",
    "bpiumFind": "bpiumFindRecords",
    "webrequest": "webRequest",
}
"""Other spellings of connector ids that scenario files use."""


class Effect(Enum):
    """What a step that was cut off in the middle may have done."""

    NONE = "none"
    """Nothing that stays: it is simply done again."""
    RECORDS = "records"
    """A change of a record: it is committed together with the journal of the step, or not at all."""
    OUTSIDE = "outside"
    """Something in another system: it is not done again, the step fails as interrupted."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The world as a component may reach it."""

    records: Records
    http: Http
    javascript: JavaScript
    later: Callable[[Coroutine[Any, Any, Any]], None]
    """Does something without waiting for it."""
    download_bytes: int
    wanted: frozenset[str]
    """The output slots that the scenario uses; others may be left out."""


class Slot(msgspec.Struct, frozen=True):
    """A result of a component, which a scenario may keep in a variable."""

    name: str
    description: str


class Component(Generic[Inputs]):
    """A kind of step. ``inputs`` is the struct its parameters are read into; their wire names are the scenario file's."""

    name: ClassVar[str]
    """Its connector id (docs/reference/components.md)."""
    inputs: type[Inputs]
    outputs: ClassVar[tuple[Slot, ...]] = ()
    """The slots of what `run` returns."""
    comma_lists: ClassVar[tuple[str, ...]] = ()
    """Inputs whose expression is a list of items with commas between them; they come as a list."""

    def title(self, language: str = messages.DEFAULT_LANGUAGE) -> str:
        """What people call it; a component of another package says it itself."""
        return messages.text(f"component.title_{self.name}", language)

    def effect(self, inputs: Inputs) -> Effect:
        """What it may have done when it is cut off."""
        return Effect.NONE

    async def run(self, inputs: Inputs, context: Context) -> Mapping[str, Any] | RecordChange:
        """``{slot: JSON value or date}``, or a change that is written together with the journal of the step.

        Raises `StepFailed` or another `ObmenError`; `Temporary` where it may succeed later.
        """
        raise NotImplementedError

    def template(self, name: str, parameter: Parameter) -> Parameter:
        """The template of an input as it is evaluated."""
        if name in self.comma_lists and isinstance(parameter, Script):
            return Script(f"[{parameter.source}\n]")
        return parameter

    def read(self, parameters: Mapping[str, Any]) -> Inputs:
        """``parameters`` as its inputs; `StepFailed` says which of them does not fit, or is none.

        Nothing, or an empty text for what is no text, stands for the default.
        """
        known, takes_anything = _names(self.inputs)
        given = {
            key: iso(value) if isinstance(value, datetime) and key not in takes_anything else value
            for key, value in parameters.items()
            if value is not None and (value != "" or key in takes_anything)
        }
        for key, value in given.items():
            if key not in known and value not in ([], {}):
                accepted = ", ".join(known) or "–"
                raise StepFailed("component.unknown_input", component=self.name, sent=key, known=accepted)
        try:
            return msgspec.convert(given, self.inputs, strict=False)
        except msgspec.ValidationError as error:
            raise StepFailed("component.bad_input", component=self.name, problem=error) from error


class Components(Mapping[str, Component[Any]]):
    """The components of an installation by connector id."""

    def __init__(self, found: Mapping[str, Component[Any]]) -> None:
        """`SetupError` for a component whose id is another spelling of one."""
        for name in sorted(ALIASES.keys() & found.keys()):
            raise SetupError("setup.duplicate", name=name, module=type(found[name]).__module__)
        self._found = found

    def __getitem__(self, name: str) -> Component[Any]:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def resolve(self, connector_id: str) -> str | None:
        """The name of the component that a scenario file calls ``connector_id``; ``None`` for one there is not."""
        name = ALIASES.get(connector_id, connector_id)
        return name if name in self._found else None


def collect() -> Components:
    """All components, those of installed packages included; `SetupError` for two of one name. Called once, at start."""
    own = discovery.things(sys.modules[__name__], "COMPONENT", Component)
    return Components(discovery.by_name({**own, **discovery.installed(GROUP, Component)}))


@cache
def _names(inputs: type[msgspec.Struct]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The inputs, and those of them that take any value."""
    fields = msgspec.structs.fields(inputs)
    return tuple(field.encode_name for field in fields), frozenset(
        field.encode_name for field in fields if field.type is Any or getattr(field.type, "__origin__", None) is Any
    )
