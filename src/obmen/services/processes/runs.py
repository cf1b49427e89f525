"""One process under way in this server process: does what the engine asks for and journals what came of it (law 4).

A short process that touches nothing outside is journaled once, at its end. Before a call of another system, when a
second has passed, and together with every change of a record the state is saved: a process that was cut off goes on
from there, on any server. Called by `processes`.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import msgspec
import structlog

from obmen import messages
from obmen.clients.clock import now
from obmen.components import Component, Context, Effect, components
from obmen.domain.processes.engine import (
    Abandon,
    Broken,
    CallComponent,
    Command,
    Completed,
    Evaluate,
    Evaluated,
    Failed,
    Finish,
    Input,
    Start,
    State,
    TimePassed,
    advance,
    assign,
    next_wake,
    outstanding,
)
from obmen.domain.processes.scenarios import Call, Output, Scenario, expression, fill, scripts
from obmen.errors import ObmenError, ProcessTimedOut, StepFailed
from obmen.ports import Expression, Http, JavaScript
from obmen.services.catalogs.catalogs import Catalogs
from obmen.services.processes.background import Background
from obmen.services.processes.journal import Launch, ProcessJournal, Taken
from obmen.services.processes.process_records import ProcessRecords
from obmen.services.records.reading import Records
from obmen.settings import Process
from obmen.storage.database import Connection, Database
from obmen.storage.own_connection import FAULTS

_SAVE_S: Final = 1.0
_PARK: Final = timedelta(seconds=5)
"""A process that only waits, and longer than this, is let go until then."""
_ATTEMPTS: Final = 3

log = structlog.get_logger()


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What runs share."""

    database: Database
    records: Records
    catalogs: Catalogs
    javascript: JavaScript
    http: Http
    journal: ProcessJournal
    background: Background
    settings: Process


class Run:
    """A process in the hands of this server; ``number`` is its record once it is journaled."""

    def __init__(
        self,
        world: World,
        launch: Launch,
        scenario: Scenario,
        state: State | None = None,
        number: int | None = None,
        interrupted: Iterable[int] = (),
    ) -> None:
        self.number = number
        self.holder = world.journal.holder
        self.state = state or State()
        self.aborted = ""
        self._world = world
        self._launch = launch
        self._scenario = scenario
        self._interrupted = tuple(interrupted)
        self._calling: set[int] = set()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._fault: BaseException | None = None
        self._saved: tuple[State | None, frozenset[int]] = (state, frozenset(self._interrupted))

    async def execute(self, *, may_park: bool) -> bool:
        """Runs to the end, or with ``may_park`` until nothing is left but to wait; whether it has ended.

        `Taken` where the process is not ours any more; a database that does not answer passes its error on.
        """
        try:
            await self._begin()
            while self.state.outcome is None:
                if await self._rest(may_park=may_park):
                    return False
        except (Taken, *FAULTS):
            raise
        except ObmenError as error:  # the process itself cannot go on: it has grown too large
            await self._break_off(error.code, str(error))
        except Exception:  # a fault of Obmen: the process must not stay under way for ever
            log.exception("process_failed_unexpectedly", process=self.number)
            await self._break_off("unexpected", messages.text("process.unexpected"))
        finally:
            await self._drop_tasks()
        return True

    async def _break_off(self, code: str, text: str) -> None:
        await self._drop_tasks()
        state = msgspec.structs.replace(self.state, outcome=Broken(code, text, ""))
        await self._close(state)
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

    async def _rest(self, *, may_park: bool) -> bool:
        """Waits for the next thing to happen; whether the process was let go."""
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
        if may_park and due is not None and not self._tasks and due - moment > _PARK:
            await self._let_go(min(due, self._launch.deadline))
            return True
        until = min(due or self._launch.deadline, self._launch.deadline)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min((until - moment).total_seconds(), _SAVE_S)):
                await self._changed.wait()
        if self._fault is not None:
            raise self._fault
        if not self._changed.is_set():
            await self._keep()
        return False

    # what happened

    async def _happened(self, event: Input) -> None:
        async with self._lock:
            state, commands = self._advance(event)
            if state.outcome is not None:
                await self._close(state)
            self.state = state
        self._perform(commands)

    def _advance(self, event: Input) -> tuple[State, tuple[Command, ...]]:
        return advance(self._scenario, self.state, event, now(), step_limit=self._world.settings.steps)

    def _perform(self, commands: Iterable[Command]) -> None:
        self._changed.set()
        for command in commands:
            match command:
                case CallComponent() | Evaluate():
                    task = asyncio.get_running_loop().create_task(self._work(command))
                    self._tasks[command.token] = task
                case Abandon(token=token):
                    if (abandoned := self._tasks.pop(token, None)) is not None:
                        abandoned.cancel()
                case Finish():
                    pass

    async def _work(self, command: CallComponent | Evaluate) -> None:
        """Does one thing and tells the engine; a fault that is not the scenario's stops the run."""
        token = command.token
        try:
            try:
                await (self._call(command) if isinstance(command, CallComponent) else self._evaluate(command))
            except ObmenError as error:
                await self._failed(token, error.code, str(error))
            except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
                await self._failed(token, StepFailed.code, str(error))
        except Exception as error:  # noqa: BLE001 (it is raised again in `execute`)
            self._stop(error)
        finally:
            if self._tasks.get(token) is asyncio.current_task():
                del self._tasks[token]
                self._changed.set()

    async def _failed(self, token: int, code: str, text: str) -> None:
        await self._answered(token, Failed(token, code, text))

    async def _answered(self, token: int, answer: Completed | Failed) -> None:
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

    async def _evaluate(self, command: Evaluate) -> None:
        expressions = [Expression(source) for source in command.expressions]
        values = await self._world.javascript.evaluate(expressions, self.state.variables)
        await self._happened(Evaluated(command.token, tuple(values)))

    async def _call(self, command: CallComponent) -> None:
        component = components()[command.call.component]
        inputs = await self._inputs(component, command.call)
        match component.effect(inputs):
            case Effect.RECORDS:
                await self._change_records(command, component, inputs)
                return
            case Effect.OUTSIDE:
                self._calling.add(command.token)
                await self._keep()
            case Effect.NONE:
                pass
        outputs = await component.run(inputs, self._context())
        assignments = await self._assignments(command.call.outputs, outputs)
        await self._answered(command.token, Completed(command.token, assignments))

    async def _change_records(self, command: CallComponent, component: Component[Any], inputs: Any) -> None:
        """The change, the journal of its step and, where it was the last, the end of the process: all or nothing."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with self._world.database.pool.acquire() as connection:
                    await self._change_on(connection, command, component, inputs)
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                if attempt == _ATTEMPTS:
                    raise
            else:
                return

    async def _change_on(
        self, connection: Connection, command: CallComponent, component: Component[Any], inputs: Any
    ) -> None:
        transaction = connection.transaction()
        await transaction.start()
        journaled = self.number
        try:
            outputs = await component.run(inputs, self._context(connection))
            assignments = await self._assignments(command.call.outputs, outputs)
            async with self._lock:
                state, commands = self._advance(Completed(command.token, assignments))
                if state is self.state:  # a timer was faster: nobody waits for this step any more
                    await transaction.rollback()
                    return
                if state.outcome is not None:
                    number = await self._world.journal.close(connection, self._launch, self.number, self.holder, state)
                else:
                    number = await self._save(connection, state)
                self.number = number  # before: where the answer to the commit is lost, it must be let go all the same
                await transaction.commit()
                self.state = state
                self._saved = (state, frozenset(self._calling))
        except BaseException as error:
            if not isinstance(error, FAULTS):
                self.number = journaled
            with contextlib.suppress(*FAULTS, asyncpg.PostgresError):
                await transaction.rollback()
            raise
        self._world.records.wrote()
        self._perform(commands)

    async def _inputs(self, component: Component[Any], call: Call) -> Any:
        expressions = [Expression(source) for _, parameter in call.inputs for source in scripts(parameter)]
        values = iter(await self._world.javascript.evaluate(expressions, self.state.variables) if expressions else ())
        return component.read({name: fill(parameter, values) for name, parameter in call.inputs})

    async def _assignments(self, outputs: Sequence[Output], results: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
        """What goes into which variable; an expression sees the variables assigned before it."""
        slots = tuple((output.into, results.get(output.slot)) for output in outputs if output.value is None)
        computed = [Expression(expression(output.value), output.into) for output in outputs if output.value is not None]
        if not computed:
            return slots
        values = await self._world.javascript.evaluate(computed, assign(self.state.variables, slots))
        return slots + tuple((output.into or "", value) for output, value in zip(computed, values, strict=True))

    def _context(self, connection: Connection | None = None) -> Context:
        world = self._world
        return Context(
            records=ProcessRecords(world.records, world.catalogs, self._launch.caller, connection),
            http=world.http,
            javascript=world.javascript,
            later=world.background.start,
            download_bytes=world.settings.download_bytes,
        )

    # the journal

    async def _keep(self) -> None:
        """Saves what has changed since it was saved."""
        async with self._lock:
            current = (self.state, frozenset(self._calling))
            if self.state.outcome is not None or (current[0] is self._saved[0] and current[1] == self._saved[1]):
                return
            async with self._transaction() as connection:
                self.number = await self._save(connection, self.state)
            self._saved = current
        self._world.records.wrote()

    def _transaction(self) -> AbstractAsyncContextManager[Connection]:
        """For who has this run's lock: a step that holds a connection may be waiting for it."""
        return self._world.database.transaction(self._world.database.reserve)

    async def _save(self, connection: Connection, state: State) -> int:
        journal = self._world.journal
        if self.number is None:
            return await journal.open(connection, self._launch, state, self._calling, self.holder)
        await journal.save(connection, self.number, self.holder, state, self._calling)
        return self.number

    async def _let_go(self, wake: datetime) -> None:
        async with self._lock, self._transaction() as connection:
            number = await self._save(connection, self.state)
            await self._world.journal.save(connection, number, self.holder, self.state, (), wake)

    async def _close(self, state: State) -> None:
        close, launch = self._world.journal.close, self._launch
        if self.number is None:  # one statement: it needs no transaction around it
            pool = self._world.database.reserve
            self.number = await close(pool, launch, None, self.holder, state, self.aborted)
        else:
            async with self._transaction() as connection:
                await close(connection, launch, self.number, self.holder, state, self.aborted)
        self._world.records.wrote()

    async def _abort_late(self) -> None:
        """The deadline has passed: what is under way is dropped."""
        async with self._lock:
            seconds = int((self._launch.deadline - self._launch.started_at).total_seconds())
            self.aborted = messages.text("process.late", seconds=seconds)
            await self._close(self.state)
            self.state = msgspec.structs.replace(self.state, outcome=Broken(ProcessTimedOut.code, self.aborted, ""))
