"""One process under way in this server process: does what the engine asks for and journals what came of it.

A short process that touches nothing outside is journaled once, at its end. Before a call of another system, when a
second has passed, and together with every change of a record the state is saved: a process that was cut off goes on
from there, on any server. No JavaScript, file or network access happens while a transaction is open. Called by
`processes`.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import msgspec
import structlog

from obmen import messages
from obmen.clients.clock import now
from obmen.components import Components, Context, Effect
from obmen.domain.processes.engine import (
    Abandon,
    AssignOutputs,
    Broken,
    CallComponent,
    Command,
    Completed,
    Evaluate,
    Evaluated,
    Failed,
    Finish,
    Input,
    Postponed,
    Returned,
    Start,
    State,
    TimePassed,
    advance,
    next_wake,
    outstanding,
)
from obmen.domain.processes.reader import ScenarioReader
from obmen.domain.processes.scenarios import Scenario
from obmen.errors import InvalidValue, ObmenError, ProcessTimedOut, StepFailed, Temporary
from obmen.ports import Expression, Http, JavaScript, RecordChange
from obmen.services.catalogs.catalogs import Catalogs
from obmen.services.processes.background import Background
from obmen.services.processes.data_limit import DataLimit
from obmen.services.processes.journal import Held, Launch, ProcessJournal, Taken
from obmen.services.processes.own_api import OwnApi, ProcessHttp
from obmen.services.processes.process_records import PreparedChange, ProcessRecords
from obmen.services.processes.run_journals import RunJournal
from obmen.services.processes.steps import assignments_of, inputs_of, needs_javascript, plain_assignments, wanted_of
from obmen.services.records.reading import RecordReader
from obmen.services.records.writing import RecordWriter
from obmen.settings import Process
from obmen.storage.database import Connection, Database
from obmen.storage.own_connection import FAULTS

_SAVE_S: Final = 1.0
_RELEASE_AFTER: Final = timedelta(seconds=5)
"""A process that only waits, and longer than this, is released until then: any worker may take it."""
_ATTEMPTS: Final = 3

log = structlog.get_logger()


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What runs share."""

    database: Database
    reader: RecordReader
    writer: RecordWriter
    catalogs: Catalogs
    components: Components
    scenarios: ScenarioReader
    javascript: JavaScript
    http: Http
    own_api: OwnApi
    journal: ProcessJournal
    background: Background
    settings: Process


class Run:
    """A process that this server runs; ``journal`` says what is journaled of it."""

    def __init__(
        self,
        world: World,
        launch: Launch,
        scenario: Scenario,
        data: DataLimit,
        state: State | None = None,
        held: Held | None = None,
        interrupted: Iterable[int] = (),
    ) -> None:
        self.state = state or State()
        self.aborted = ""
        self.journal = RunJournal(world.journal, world.database, launch, state, held, interrupted)
        self._world = world
        self._launch = launch
        self._scenario = scenario
        self._data = data
        self._interrupted = tuple(interrupted)
        self._calling: set[int] = set()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._fault: BaseException | None = None

    async def execute(self, *, may_release: bool) -> bool:
        """Runs to the end, or with ``may_release`` until nothing is left but to wait; whether it has ended.

        `Taken` where the process is not ours any more; a database that does not answer passes its error on.
        """
        try:
            await self._begin()
            while self.state.outcome is None:
                if await self._rest(may_release=may_release):
                    return False
        except (Taken, *FAULTS):
            raise
        except ObmenError as error:  # the process itself cannot go on: it has grown too large
            await self._break_off(error.code, str(error))
        except Exception:  # a fault of Obmen: the process must not stay under way for ever
            log.exception("process_failed_unexpectedly", process=self.journal.record)
            await self._break_off("unexpected", messages.text("process.unexpected"))
        finally:
            await self._drop_tasks()
        return True

    async def _break_off(self, code: str, text: str) -> None:
        await self._drop_tasks()
        state = msgspec.structs.replace(self.state, outcome=Broken(code, text, ""))
        await self.journal.close(state, self.aborted)
        self.state = state

    async def _drop_tasks(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def abort(self) -> None:
        """Stops a process whose record was removed."""
        self._stop(Taken())

    async def _begin(self) -> None:
        if self.state.steps == 0:
            await self._happened(Start(dict(self._launch.input)))
            return
        for token in self._interrupted:
            text = messages.text("process.interrupted")
            await self._happened(Failed(token, StepFailed.code, text))
        under_way = set(self._tasks)  # what has just followed from the interrupted ones
        for command in outstanding(self._scenario, self.state):
            if not isinstance(command, Finish) and command.token not in under_way:
                self._perform((command,))

    async def _rest(self, *, may_release: bool) -> bool:
        """Waits for the next thing to happen; whether the process was released."""
        self._changed.clear()
        if self.state.outcome is not None:
            return False
        moment, due = now(), next_wake(self.state)
        if moment >= self._launch.deadline:
            await self._abort_late()
            return False
        if due is not None and due <= moment:
            await self._happened(TimePassed())
            return False
        if may_release and due is not None and not self._tasks and due - moment > _RELEASE_AFTER:
            await self._release(min(due, self._launch.deadline))
            return True
        until = min(due or self._launch.deadline, self._launch.deadline)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min((until - moment).total_seconds(), _SAVE_S)):
                await self._changed.wait()
        if self._fault is not None:
            raise self._fault
        if not self._changed.is_set():
            await self._show()
        return False

    # what happened

    async def _happened(self, event: Input) -> None:
        async with self._lock:
            state, commands = self._advance(event)
            if state.outcome is not None:
                await self.journal.close(state, self.aborted)
            self.state = state
        self._perform(commands)

    def _advance(self, event: Input) -> tuple[State, tuple[Command, ...]]:
        """What follows; `StepFailed` where the variables have grown too large."""
        found = advance(self._scenario, self.state, event, now(), step_limit=self._world.settings.steps)
        if isinstance(event, Completed):
            self._data.check((value for _, value in event.assignments), found[0].variables)
        return found

    def _perform(self, commands: Iterable[Command]) -> None:
        for command in commands:
            match command:
                case CallComponent() | AssignOutputs() | Evaluate():
                    task = asyncio.get_running_loop().create_task(self._work(command))
                    self._tasks[command.token] = task
                case Abandon(token=token):
                    if (abandoned := self._tasks.pop(token, None)) is not None:
                        abandoned.cancel()
                case Finish():
                    pass
        self._wake()

    def _wake(self) -> None:
        """Wakes `_rest` where there is something for it: the end, a timer, or nothing under way."""
        if self.state.outcome is not None or not self._tasks or next_wake(self.state) is not None:
            self._changed.set()

    async def _work(self, command: CallComponent | AssignOutputs | Evaluate) -> None:
        """Does one thing and tells the engine; a fault that is not the scenario's stops the run."""
        token = command.token
        try:
            try:
                await self._do(command)
            except ObmenError as error:
                await self._answered(token, self._failure(token, error))
            except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
                await self._answered(token, Failed(token, StepFailed.code, str(error)))
        except Exception as error:  # noqa: BLE001 (it is raised again in `execute`)
            self._stop(error)
        finally:
            if self._tasks.get(token) is asyncio.current_task():
                del self._tasks[token]
                self._wake()

    def _failure(self, token: int, error: ObmenError) -> Failed | Postponed:
        """What the engine is told of a step that failed.

        It may be done again later where it certainly did nothing, unless a caller waits for the process.
        """
        text = error.full_text() if isinstance(error, InvalidValue) else str(error)
        did_nothing = token not in self._calling or (isinstance(error, Temporary) and error.did_nothing)
        if isinstance(error, Temporary) and did_nothing and not self._launch.is_awaited:
            return Postponed(token, error.code, text, error.delay_s)
        return Failed(token, error.code, text)

    async def _answered(self, token: int, answer: Completed | Returned | Failed | Postponed) -> None:
        """Tells the engine; that a call of another system is over is journaled at once."""
        if token not in self._calling:
            await self._happened(answer)
            return
        self._calling.discard(token)
        await self._happened(answer)
        await self._keep()

    def _stop(self, fault: BaseException) -> None:
        self._fault = self._fault or fault
        self._changed.set()

    # steps

    async def _do(self, command: CallComponent | AssignOutputs | Evaluate) -> None:
        match command:
            case Evaluate(token=token, expressions=expressions):
                asked = [Expression(source) for source in expressions]
                values = await self._world.javascript.evaluate(asked, self.state.variables)
                await self._happened(Evaluated(token, tuple(values)))
            case AssignOutputs(token=token, call=call, results=results):
                variables, javascript = self.state.variables, self._world.javascript
                await self._happened(Completed(token, await assignments_of(call, results, variables, javascript)))
            case CallComponent():
                await self._call(command)

    async def _call(self, command: CallComponent) -> None:
        component, javascript = self._world.components[command.call.component], self._world.javascript
        inputs = await inputs_of(component, command.call, self.state.variables, javascript)
        if component.effect(inputs) is Effect.OUTSIDE:
            self._calling.add(command.token)
            await self._keep()
        results = await component.run(inputs, self._context(command))
        if isinstance(results, RecordChange):
            await self._change_record(command, results)
            return
        assignments = await assignments_of(command.call, results, self.state.variables, javascript)
        await self._answered(command.token, Completed(command.token, assignments))

    async def _change_record(self, command: CallComponent, change: RecordChange) -> None:
        """The change, the journal of its step and, where it was the last, the end of the process: all or nothing."""
        prepared = await self._records.prepare(change)
        is_written = False
        try:
            is_written = await self._write(command, change, prepared)
        except (*FAULTS, asyncio.CancelledError):  # it may have been committed
            is_written = True
            raise
        finally:
            if not is_written:
                await prepared.discard()

    async def _write(self, command: CallComponent, change: RecordChange, prepared: PreparedChange) -> bool:
        """Whether the change was made: a step that was interrupted meanwhile makes none."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with self._world.database.pool.acquire() as connection:
                    return await self._change_on(connection, command, change, prepared)
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                if attempt == _ATTEMPTS:
                    raise
        return False

    async def _change_on(
        self, connection: Connection, command: CallComponent, change: RecordChange, prepared: PreparedChange
    ) -> bool:
        transaction = connection.transaction()
        await transaction.start()
        journal, held = self.journal, self.journal.held
        try:
            answer = _written(command, change, str((await prepared.write(connection))[0]))
            async with self._lock:
                state, commands = self._advance(answer)
                if state is self.state:
                    await transaction.rollback()
                    return False
                calling, record = frozenset(self._calling - {command.token}), journal.record
                if state.outcome is not None:
                    record = await journal.end(connection, state)
                else:  # before the commit: where its answer is lost, the run must be released all the same
                    journal.held = await journal.save(connection, state, calling)
                await transaction.commit()
                self.state, journal.record = state, record
                self._calling.discard(command.token)
                journal.saved(state, calling)
        except BaseException as error:
            if not isinstance(error, FAULTS):
                journal.held = held
            with contextlib.suppress(*FAULTS, asyncpg.PostgresError):
                await transaction.rollback()
            raise
        self._world.journal.committed()
        self._perform(commands)
        return True

    def _context(self, command: CallComponent) -> Context:
        world = self._world
        return Context(
            records=self._records,
            http=ProcessHttp(world.http, world.own_api, self._launch.initiator),
            javascript=world.javascript,
            later=world.background.start,
            download_bytes=world.settings.download_bytes,
            wanted=wanted_of(command.call),
        )

    @property
    def _records(self) -> ProcessRecords:
        world = self._world
        return ProcessRecords(world.reader, world.writer, world.catalogs, self._launch.caller)

    # the journal

    async def _keep(self) -> None:
        """Saves what has changed since it was saved."""
        async with self._lock:
            if self.state.outcome is None:
                await self.journal.keep(self.state, frozenset(self._calling))

    async def _show(self) -> None:
        """The same, for people to see too."""
        async with self._lock:
            if self.state.outcome is None:
                await self.journal.show(self.state, frozenset(self._calling))

    async def _release(self, wake: datetime) -> None:
        async with self._lock:
            await self.journal.release(self.state, frozenset(self._calling), wake)

    async def _abort_late(self) -> None:
        """The deadline has passed: what is under way is dropped."""
        async with self._lock:
            seconds = int((self._launch.deadline - self._launch.started_at).total_seconds())
            self.aborted = messages.text("process.late", seconds=seconds)
            await self.journal.close(self.state, self.aborted)
            self.state = msgspec.structs.replace(self.state, outcome=Broken(ProcessTimedOut.code, self.aborted, ""))


def _written(command: CallComponent, change: RecordChange, record_id: str) -> Completed | Returned:
    """The answer of a step whose record is written; outputs that need JavaScript are evaluated after the commit."""
    results = {change.id_slot: record_id} if change.id_slot else {}
    if needs_javascript(command.call):
        return Returned(command.token, results)
    return Completed(command.token, plain_assignments(command.call, results))
