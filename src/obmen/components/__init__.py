"""Process components: one file each, found by its file. A component reaches the world only through its `Context`.

Used by ``services/processes`` (running) and by the reader of scenarios (`resolve`).
"""

import sys
from collections.abc import Callable, Coroutine, Mapping
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Final, Generic, TypeVar

import msgspec

from obmen import discovery
from obmen.errors import StepFailed
from obmen.ports import Http, JavaScript, Records

Inputs = TypeVar("Inputs", bound=msgspec.Struct)

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
    """Changes of records: they are committed together with the journal of the step, or not at all."""
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


class Component(Generic[Inputs]):
    """A kind of step. ``inputs`` is the struct its parameters are read into; their wire names are the scenario file's."""

    name: ClassVar[str]
    """Its connector id (contract: scenario files)."""
    inputs: type[Inputs]
    outputs: ClassVar[tuple[str, ...]] = ()
    """The slots of what `run` returns."""

    def effect(self, inputs: Inputs) -> Effect:
        """What it may have done when it is cut off."""
        return Effect.NONE

    async def run(self, inputs: Inputs, context: Context) -> Mapping[str, Any]:
        """``{slot: JSON value}``; raises `StepFailed` or another `ObmenError`."""
        raise NotImplementedError

    def read(self, parameters: Mapping[str, Any]) -> Inputs:
        """``parameters`` as its inputs; `StepFailed` says which of them does not fit."""
        given = {key: value for key, value in parameters.items() if value is not None}
        try:
            return msgspec.convert(given, self.inputs, strict=False)
        except msgspec.ValidationError as error:
            raise StepFailed("component.bad_input", component=self.name, problem=error) from error


@cache
def components() -> Mapping[str, Component[Any]]:
    """All components by connector id."""
    return discovery.by_name(discovery.things(sys.modules[__name__], "COMPONENT", Component))


def resolve(connector_id: str) -> str | None:
    """The name of the component that a scenario file calls ``connector_id``; ``None`` for one there is not."""
    name = ALIASES.get(connector_id, connector_id)
    return name if name in components() else None
