"""What a process is at a moment (`State`), what may happen to it (inputs), and what it asks for (commands).

All of it is values: a state is saved as it is, inputs and commands cross the border between the engine and its runner.
Used by the engine and its elements; runners take these names from `engine`.
"""

from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec

from obmen.domain.processes.scenarios import Call

# --- the state ----------------------------------------------------------------------------------------------------

Status: TypeAlias = Literal["calling", "choosing", "sleeping"]
"""What a token waits for: the answer of a component, the values of conditions, a timer."""


class Token(msgspec.Struct, frozen=True):
    """A place where the process waits; ``timers`` are its deadlines, each with the id of the event that fires."""

    node: str
    status: Status
    timers: tuple[tuple[str, datetime], ...] = ()


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The process came to its end."""


class Broken(msgspec.Struct, frozen=True, tag="broken"):
    """The process failed at ``element``; ``code`` is stable, ``message`` is for people."""

    code: str
    message: str
    element: str


Outcome: TypeAlias = Done | Broken


class State(msgspec.Struct, frozen=True):
    """A process between two inputs; ``State()`` is one that has not begun.

    ``variables`` are JSON values. ``tokens`` go by number: a number is the step that made the token, so none is ever
    used twice and an answer that comes late finds nobody.
    """

    variables: dict[str, Any] = {}
    tokens: dict[int, Token] = {}
    steps: int = 0
    """Nodes entered so far."""
    outcome: Outcome | None = None


_STATE = msgspec.json.Decoder(State)


def save(state: State) -> bytes:
    """The state as bytes (JSON: unlike MessagePack it holds whole numbers of any length)."""
    return msgspec.json.encode(state)


def load(saved: bytes) -> State:
    """The state of `save`; ``msgspec.ValidationError`` for anything else."""
    return _STATE.decode(saved)


# --- inputs: what happened ----------------------------------------------------------------------------------------


class Start(msgspec.Struct, frozen=True):
    """The process begins with these variables."""

    variables: dict[str, Any] = {}


class Completed(msgspec.Struct, frozen=True):
    """A component is done; ``assignments`` are ``(dotted path, value)``, in order."""

    token: int
    assignments: tuple[tuple[str, Any], ...] = ()


class Failed(msgspec.Struct, frozen=True):
    """A component, or an expression of a condition, failed for good."""

    token: int
    code: str
    message: str


class Evaluated(msgspec.Struct, frozen=True):
    """The values of the expressions of an `Evaluate`, in its order."""

    token: int
    values: tuple[Any, ...]


class TimePassed(msgspec.Struct, frozen=True):
    """All timers that are due by ``now`` fire."""


class TimerFired(msgspec.Struct, frozen=True):
    """One timer of one token is due; the engine makes it out of `TimePassed`, a runner does not send it."""

    token: int
    event: str


Input: TypeAlias = Start | Completed | Failed | Evaluated | TimePassed

# --- commands: what is to be done ---------------------------------------------------------------------------------


class CallComponent(msgspec.Struct, frozen=True):
    """Run a component; answered by `Completed` or `Failed`."""

    token: int
    element: str
    call: Call


class Evaluate(msgspec.Struct, frozen=True):
    """Evaluate conditions; answered by `Evaluated` or `Failed`."""

    token: int
    element: str
    expressions: tuple[str, ...]


class Abandon(msgspec.Struct, frozen=True):
    """A timer interrupted the call of this token: nobody waits for its answer."""

    token: int


class Finish(msgspec.Struct, frozen=True):
    """The process is over, and whatever is still under way for it is abandoned."""

    outcome: Outcome


Command: TypeAlias = CallComponent | Evaluate | Abandon | Finish
