"""What a process is at a moment (`State`), what may happen to it (inputs), and what it asks for (commands).

All of it is values: a state is saved as it is, inputs and commands cross the border between the engine and its runner.
Used by the engine and its elements; runners take these names from `engine`.
"""

from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec

from obmen.domain.json_values import Path, as_json, dates, has_dates, with_dates
from obmen.domain.processes.scenarios import Call

# --- the state ----------------------------------------------------------------------------------------------------

Status: TypeAlias = Literal["calling", "assigning", "choosing", "sleeping", "postponed"]
"""What a token waits for.

The answer of a component, the values of its outputs, the values of conditions, a timer, another attempt.
"""


class Token(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place where the process waits; ``timers`` are its deadlines, each with the id of the event that fires."""

    node: str
    status: Status
    timers: tuple[tuple[str, datetime], ...] = ()
    attempts: int = 0
    """Calls of the component that failed and are made again."""
    results: dict[str, Any] | None = None
    """What the component gave, while its outputs are evaluated."""


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The process came to its end."""


class Refused(msgspec.Struct, frozen=True):
    """A value that was refused: its field, and why."""

    field: str
    message: str


class Broken(msgspec.Struct, frozen=True, tag="broken", omit_defaults=True):
    """The process failed at ``element``; ``code`` is stable, ``message`` is for people; ``errors`` are the values refused."""

    code: str
    message: str
    element: str
    errors: tuple[Refused, ...] = ()


Outcome: TypeAlias = Done | Broken


class State(msgspec.Struct, frozen=True):
    """A process between two inputs; ``State()`` is one that has not begun.

    ``variables`` are JSON values and dates. ``tokens`` go by number: a number is the step that made the token, so none is ever
    used twice and an answer that comes late finds nobody.
    """

    variables: dict[str, Any] = {}
    tokens: dict[int, Token] = {}
    steps: int = 0
    """Nodes entered so far."""
    outcome: Outcome | None = None


class _Saved(msgspec.Struct):
    """A state as JSON; ``dates`` are the paths to the texts in it that are dates, so that no text can pass for one."""

    variables: dict[str, Any] = {}
    tokens: dict[int, Token] = {}
    steps: int = 0
    outcome: Outcome | None = None
    dates: tuple[Path, ...] | msgspec.UnsetType = msgspec.UNSET


_SAVED = msgspec.json.Decoder(_Saved)


def save(state: State) -> bytes:
    """The state as bytes (JSON: unlike MessagePack it holds whole numbers of any length)."""
    saved = msgspec.json.encode(state)
    if b'Z"' not in saved:  # every date ends so
        return saved
    results = {number: token.results for number, token in state.tokens.items()}
    values = [state.variables, results]
    if not has_dates(values):
        return saved
    variables, plain = as_json(values)
    tokens = {number: msgspec.structs.replace(token, results=plain[number]) for number, token in state.tokens.items()}
    return msgspec.json.encode(_Saved(variables, tokens, state.steps, state.outcome, tuple(dates(values))))


def load(saved: bytes) -> State:
    """The state of `save`; ``msgspec.ValidationError`` for anything else."""
    found = _SAVED.decode(saved)
    if found.dates is not msgspec.UNSET:
        with_dates([found.variables, {number: token.results for number, token in found.tokens.items()}], found.dates)
    return State(found.variables, found.tokens, found.steps, found.outcome)


# --- inputs: what happened ----------------------------------------------------------------------------------------


class Start(msgspec.Struct, frozen=True):
    """The process begins with these variables."""

    variables: dict[str, Any] = {}


class Completed(msgspec.Struct, frozen=True):
    """A component is done and its outputs are evaluated; ``assignments`` are ``(path, value)``, in order."""

    token: int
    assignments: tuple[tuple[Path, Any], ...] = ()


class Returned(msgspec.Struct, frozen=True):
    """A component is done, its outputs are not evaluated yet."""

    token: int
    results: dict[str, Any]


class Failed(msgspec.Struct, frozen=True):
    """A component, or an expression of a condition, failed for good; ``errors`` are the values that were refused."""

    token: int
    code: str
    message: str
    errors: tuple[Refused, ...] = ()


class Postponed(msgspec.Struct, frozen=True):
    """A component failed and did nothing; it may succeed after ``delay_s`` seconds."""

    token: int
    code: str
    message: str
    delay_s: float

    @property
    def errors(self) -> tuple[Refused, ...]:
        """No value was refused."""
        return ()


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


Input: TypeAlias = Start | Completed | Returned | Failed | Postponed | Evaluated | TimePassed

# --- commands: what is to be done ---------------------------------------------------------------------------------


class CallComponent(msgspec.Struct, frozen=True):
    """Run a component; answered by `Completed`, `Returned`, `Postponed` or `Failed`."""

    token: int
    element: str
    call: Call


class AssignOutputs(msgspec.Struct, frozen=True):
    """Evaluate the outputs of a component that is done; answered by `Completed` or `Failed`."""

    token: int
    element: str
    call: Call
    results: dict[str, Any]


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


TokenCommand: TypeAlias = CallComponent | AssignOutputs | Evaluate | Abandon
Command: TypeAlias = TokenCommand | Finish
