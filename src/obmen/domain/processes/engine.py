"""The process engine: ``advance(scenario, state, input, now)`` says what follows from an input. It does nothing itself.

Laws:

1. No I/O, no clock, no randomness, no ``async``: the same arguments give the same state and commands, on any worker.
2. The state passed in is never changed; ``advance(load(save(state)))`` is ``advance(state)``.
3. What an element does is its table in ``elements/``; nothing here knows any element.
4. A waiting token has exactly one command under way, or waits for a timer; `outstanding` gives those commands again.
5. An input that nobody waits for (its token is gone or waits for something else, the process is over) changes nothing:
   answers come late, or twice, when workers die.
6. A process ends when no token is left, when a component fails that no boundary event watches, at an end event that
   terminates, or when it exceeds ``step_limit``, ``token_limit`` or `TURN_LIMIT`. The last command is then `Finish`, alone.
7. One call of `advance` takes bounded time and memory: a turn looks at no more than `TURN_LIMIT` nodes, flows and boundary
   events, a process has no more than ``token_limit`` tokens, those on their way included, and timers.

Called by the runners in ``services/processes``, which take all names of inputs, commands and outcomes from here.
"""

from datetime import datetime
from typing import Final

from obmen.domain.processes.scenarios import Scenario
from obmen.domain.processes.states import (
    Abandon,
    AssignOutputs,
    Broken,
    CallComponent,
    Command,
    Completed,
    Done,
    Evaluate,
    Evaluated,
    Failed,
    Finish,
    Input,
    Outcome,
    Postponed,
    Refused,
    Returned,
    Start,
    State,
    TimePassed,
    TimerFired,
    Token,
    load,
    save,
)
from obmen.domain.processes.turns import ERRORS, Turn, requests
from obmen.domain.processes.variables import assign

__all__ = [
    "ERRORS",
    "STEP_LIMIT",
    "TOKEN_LIMIT",
    "TURN_LIMIT",
    "Abandon",
    "AssignOutputs",
    "Broken",
    "CallComponent",
    "Command",
    "Completed",
    "Done",
    "Evaluate",
    "Evaluated",
    "Failed",
    "Finish",
    "Input",
    "Outcome",
    "Postponed",
    "Refused",
    "Returned",
    "Start",
    "State",
    "TimePassed",
    "Token",
    "advance",
    "assign",
    "load",
    "next_wake",
    "outstanding",
    "save",
]

STEP_LIMIT: Final = 1_000_000
"""Default limit of the nodes that a process enters."""
TURN_LIMIT: Final = 20_000
"""Nodes entered by one turn, with their flows and boundary events.

Nothing changes a variable within a turn, so more of them is a loop without a way out.
"""
TOKEN_LIMIT: Final = 1_000
"""Default limit of the tokens and timers of a process."""


def advance(
    scenario: Scenario,
    state: State,
    event: Input,
    now: datetime,
    *,
    step_limit: int = STEP_LIMIT,
    token_limit: int = TOKEN_LIMIT,
) -> tuple[State, tuple[Command, ...]]:
    """The state after ``event`` at ``now`` (aware), and what is to be done.

    Where nothing follows it is the same state and ``()``.
    """
    if state.outcome is not None:
        return state, ()
    turn = Turn(scenario, state, now)
    match event:
        case Start(variables=variables):
            happened = state.steps == 0
            if happened:
                turn.begin(variables)
        case TimePassed():
            answered = [_answer(turn, fired) for fired in _due(state, now)]
            happened = True in answered
        case _:
            happened = _answer(turn, event)
    if not happened:
        return state, ()
    _move(turn, step_limit, token_limit)
    after = turn.state()
    if after.outcome is not None:
        return after, (Finish(after.outcome),)
    return after, tuple(turn.commands)


def outstanding(scenario: Scenario, state: State) -> tuple[Command, ...]:
    """The commands that are under way: what a runner that has loaded a saved state must do."""
    if state.outcome is not None:
        return (Finish(state.outcome),)
    return tuple(command for number, token in state.tokens.items() for command in requests(scenario, number, token))


def next_wake(state: State) -> datetime | None:
    """When the next timer is due (then send `TimePassed`); ``None`` without timers."""
    return min((due for token in state.tokens.values() for _, due in token.timers), default=None)


def _due(state: State, now: datetime) -> list[TimerFired]:
    """The timers to fire, in the order they were due."""
    due = [
        (moment, number, TimerFired(number, event))
        for number, token in state.tokens.items()
        for event, moment in token.timers
        if moment <= now
    ]
    return [fired for _, _, fired in sorted(due, key=lambda timer: timer[:2])]


def _answer(turn: Turn, event: Completed | Returned | Failed | Postponed | Evaluated | TimerFired) -> bool:
    """Works off the row of the table; ``False`` where there is none."""
    if (token := turn.tokens.get(event.token)) is None:
        return False
    node = turn.scenario.nodes[token.node]
    row = node.element.answers.get((token.status, type(event)))
    if row is None:
        return False
    row(turn, node, event)
    return True


def _move(turn: Turn, step_limit: int, token_limit: int) -> None:
    """Lets every token go as far as it can without the world."""
    nodes, arrivals, looked_at = turn.scenario.nodes, turn.arrivals, 0
    timers = sum(len(token.timers) for token in turn.tokens.values())
    while arrivals and turn.outcome is None:
        node = nodes[arrivals.popleft()]
        turn.steps += 1
        looked_at += 1 + len(node.outgoing) + len(node.attached)
        if turn.steps > step_limit:
            turn.break_off("too_many_steps", node, limit=step_limit)
        elif looked_at > TURN_LIMIT:
            turn.break_off("endless_loop", node, limit=TURN_LIMIT)
        else:
            node.element.arrive(turn, turn.steps, node)
            if (made := turn.tokens.get(turn.steps)) is not None:
                timers += len(made.timers)
            if len(turn.tokens) + len(arrivals) + timers > token_limit:
                turn.break_off("too_many_tokens", node, limit=token_limit)
    if not turn.tokens and turn.outcome is None:
        turn.finish(Done())
