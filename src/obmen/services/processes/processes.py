"""Processes: starting them, waiting for one, and carrying on those that were left.

A process that is waited for runs in the server process that got its request; any other is journaled first and taken by
whichever worker is free. Called by the API, by ``workers/processes`` and by the system catalogs.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import asyncpg
import msgspec
import structlog

from obmen.clients.clock import now
from obmen.domain.processes.engine import Broken, Start, State, advance, load
from obmen.domain.processes.scenarios import Scenario
from obmen.domain.raw_bodies import RAW_BODY
from obmen.errors import (
    InvalidScenario,
    ProcessFailed,
    ProcessTimedOut,
    StepFailed,
    TooLarge,
    Unavailable,
)
from obmen.services.processes.data_limit import DataLimit
from obmen.services.processes.journal import Held, Launch, Mode, Taken, load_launch
from obmen.services.processes.listeners import Listener
from obmen.services.processes.places import Places
from obmen.services.processes.runs import Run, World
from obmen.storage.database import Database
from obmen.storage.own_connection import FAULTS

CHANNEL: Final = "obmen_processes"
ABORTED_CHANNEL: Final = "obmen_aborted"
_SCENARIOS: Final = 500
_AGAIN_S: Final = 1.0
_ATTEMPTS: Final = 2
"""Servers that may die or fail at a process before it is set aside."""
_TRIED_S: Final = 1.0
_SHOWN: Final = 500

log = structlog.get_logger()


class Ended(msgspec.Struct, frozen=True):
    """A process that came to its end: its record in ``$processes``, and its variables."""

    record: int | None
    variables: Mapping[str, Any]


class Processes:
    """All processes of this server process."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._scenarios: OrderedDict[int, Scenario] = OrderedDict()
        self._running: dict[Run, asyncio.Task[Any]] = {}
        self._places = Places(world.settings)
        self._tried: Run | None = None
        self._tried_until = 0.0
        self._freed: Callable[[], None] = lambda: None

    @property
    def database(self) -> Database:
        """Where they are journaled."""
        return self._world.database

    def when_free(self, notify: Callable[[], None]) -> None:
        """Calls ``notify`` when a process can be taken that had to wait for its place."""
        self._freed = notify

    def set_holder(self, holder: int | None) -> None:
        """The lock that says this server process lives."""
        self._world.journal.holder = holder

    def launch(
        self,
        listener: Listener,
        mode: Mode,
        variables: Mapping[str, Any],
        initiator: int | None,
        secrets: Iterable[str] = (),
    ) -> Launch:
        """A start by an external request, whose ``secrets`` the journal hides; the event's own variables are added."""
        started = now()
        settings = self._world.settings
        seconds = settings.sync_timeout_s if mode == "$sync" else settings.timeout_s
        event = {"id": str(listener.id), "type": "$webRequest", "async": mode == "$async"}
        user = {"id": None if initiator is None else str(initiator)}
        return Launch(
            scenario_version=listener.scenario_version,
            started_at=started,
            deadline=started + timedelta(seconds=seconds),
            initiator=initiator,
            script=listener.script,
            event=listener.link,
            mode=mode,
            code=str(uuid4()),
            is_awaited=mode == "$sync",
            secrets=tuple(secrets),
            input={**variables, "event": event, "script": {"id": str(listener.script_id)}, "user": user},
        )

    async def run(self, launch: Launch) -> Ended:
        """A process at its end; `ProcessFailed`, `ProcessTimedOut`, or `Unavailable` where it was aborted.

        `TooLarge` and `TooManyRequests` where it did not start.
        """
        scenario = await self.scenario(launch.scenario_version)
        self._places.check(launch.share)  # nothing is waited for until its place is taken
        launch = _trimmed(launch, scenario)
        run = Run(self._world, launch, scenario, self._limited(launch))
        task = self._start(run, may_release=False)
        try:
            await asyncio.shield(task)  # a caller who hangs up does not end it
        except Taken:
            raise Unavailable("process.aborted") from None
        if run.aborted:
            raise ProcessTimedOut("process.timed_out", process=run.journal.record)
        if isinstance(run.state.outcome, Broken):
            raise ProcessFailed("process.failed", process=run.journal.record)
        return Ended(run.journal.record, run.state.variables)

    async def enqueue(self, launch: Launch) -> int:
        """The id of a process that any worker will run; it is journaled when this returns. `TooLarge` where it did not start."""
        scenario = await self.scenario(launch.scenario_version)
        launch = _trimmed(launch, scenario)
        self._limited(launch)
        bounds = self._world.settings
        state, _ = advance(
            scenario,
            State(),
            Start(dict(launch.input)),
            launch.started_at,
            step_limit=bounds.steps,
            token_limit=bounds.tokens,
        )
        journal = self._world.journal
        async with self._world.database.transaction() as connection:
            if state.outcome is not None:
                number = await journal.close_on(connection, launch, state)
            else:
                number = await journal.show(connection, launch)
                await journal.open(connection, launch, state, (), None, number)
                await connection.execute(self._world.database.queries["notify_processes"])
        journal.committed()
        return number

    def _limited(self, launch: Launch) -> DataLimit:
        """The limit of a process that begins; `TooLarge` where its input exceeds it."""
        try:
            return DataLimit(self._world.settings.data_bytes, launch.input)
        except StepFailed as error:
            raise TooLarge(error.message, **error.facts) from None

    async def carry_on(self, most: int) -> bool:
        """Takes up to ``most`` processes that are due and runs them in the background; whether there may be more to take."""
        found = 0
        if not self._is_trying():
            found = await self._take(1, after_failure=True)
        wanted = min(most, self._places.room())
        return wanted > 0 and await self._take(wanted, after_failure=False) + found >= wanted

    async def _take(self, most: int, *, after_failure: bool) -> int:
        """Takes processes that wait, or those that a server died or failed at; how many.

        The latter are taken one by one, a second apart: where one of them takes the server down again, it is known which.
        """
        holder = self._world.journal.holder
        if holder is None or self._places.room() < most:
            return 0
        rows = await self._world.database.fetch("claim_process_runs", holder, most, self._places.full, after_failure)
        for row in rows:
            try:
                await self._carry_on(row, holder)
            except Taken:
                continue
            except Exception as error:
                log.exception("process_not_carried_on", process=row["record_id"])
                self._world.background.start(self._release(row["id"], holder, error))
        return len(rows)

    async def _carry_on(self, row: asyncpg.Record, holder: int) -> None:
        held, launch, attempts = Held(row["id"], row["record_id"]), load_launch(row["launch"]), row["attempts"]
        state = State()
        try:
            if attempts <= _ATTEMPTS:  # beyond, it failed while its end was written: that is done without its variables
                state = load(row["state"])
            scenario = await self.scenario(launch.scenario_version)
            if attempts >= _ATTEMPTS:
                raise _set_aside(scenario, state)
            data = DataLimit(self._world.settings.data_bytes, state.variables)
        except (InvalidScenario, StepFailed, msgspec.DecodeError) as error:  # another version, or a lower limit
            await self._give_up(launch, held, holder, state, error)
            return
        run = Run(self._world, launch, scenario, data, state, held, row["calling"])
        if attempts:
            self._tried, self._tried_until = run, asyncio.get_running_loop().time() + _TRIED_S
        self._start(run, may_release=True)

    def _is_trying(self) -> bool:
        return self._tried in self._running and asyncio.get_running_loop().time() < self._tried_until

    async def _give_up(self, launch: Launch, held: Held, holder: int, state: State, error: Exception) -> None:
        """Ends a process that cannot be carried on."""
        log.warning("process_given_up", process=held.record, problem=str(error))
        code = error.code if isinstance(error, StepFailed) else InvalidScenario.code
        state = msgspec.structs.replace(state, outcome=Broken(code, str(error), ""))
        async with self._world.database.transaction() as connection:
            await self._world.journal.close_held(connection, launch, held, holder, state)
        self._world.journal.committed()

    async def next_wake(self) -> datetime | None:
        """When the next process that nobody holds is due."""
        seconds = await self._world.database.fetchval("read_next_wake", self._places.full)
        return None if seconds is None else now() + timedelta(seconds=seconds)

    def _start(self, run: Run, *, may_release: bool) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(self._execute(run, may_release=may_release))
        self._running[run] = task
        self._places.take(run.share)
        task.add_done_callback(lambda _: self._ended(run))
        return task

    def _ended(self, run: Run) -> None:
        del self._running[run]
        if self._places.leave(run.share) or run is self._tried:
            self._freed()

    async def _execute(self, run: Run, *, may_release: bool) -> None:
        try:
            await run.execute(may_release=may_release)
        except Taken:
            if not may_release:
                raise
        except BaseException as error:
            if not isinstance(error, asyncio.CancelledError):
                log.warning("process_released", process=run.journal.record, problem=repr(error))
            if (held := run.journal.held) is not None:
                self._world.background.start(self._release(held.run, run.journal.holder, error))
            if not may_release:
                raise

    async def _release(self, run: int, holder: int | None, error: BaseException) -> None:
        """Releases a process that this server could not bring to its end: it is carried on from its last journaled step.

        An ``error`` of its own counts as one of its attempts; the end of the server and an absent database do not.
        """
        has_failed = not isinstance(error, (asyncio.CancelledError, *FAULTS))
        while True:
            try:
                due = now() + timedelta(seconds=_AGAIN_S)
                await self._world.database.execute("release_process_run", run, holder, due, has_failed)
            except FAULTS:
                await asyncio.sleep(_AGAIN_S)
            else:
                return

    async def scenario(self, version: int) -> Scenario:
        """The scenario as it was saved then."""
        if version not in self._scenarios:
            source = await self._world.database.fetchval("read_scenario_version", version)
            self._scenarios[version] = self._world.scenarios.read(source)
            if len(self._scenarios) > _SCENARIOS:
                self._scenarios.popitem(last=False)
        return self._scenarios[version]

    def aborted(self, number: str) -> None:
        """The record of a process was removed: it stops where it is."""
        for run in self._running:
            if str(run.journal.record) == number:
                run.abort()

    async def drain(self, seconds: float) -> None:
        """Waits for what is under way, then lets it go: others carry on what is journaled."""
        tasks = list(self._running.values())
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._world.background.drain(seconds)


def _trimmed(launch: Launch, scenario: Scenario) -> Launch:
    """The start without the body as it came, which would double what the process carries, where its scenario does not read it."""
    if scenario.reads_raw_body or RAW_BODY not in launch.input:
        return launch
    kept = {name: value for name, value in launch.input.items() if name != RAW_BODY}
    return msgspec.structs.replace(launch, input=kept)


def _set_aside(scenario: Scenario, state: State) -> StepFailed:
    """The error of a process that has used up its attempts; it names where the process stood."""
    steps = ", ".join(dict.fromkeys(scenario.nodes[token.node].title for token in state.tokens.values()))
    return StepFailed("process.set_aside", attempts=_ATTEMPTS, steps=steps[:_SHOWN])
