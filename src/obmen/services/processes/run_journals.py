"""What is journaled of one process under way: which state, under which lock, with or without a record in ``$processes``.

Whoever calls has the lock of the run: two at once would write an older state over a newer one. Called by `runs`.
"""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from obmen.domain.processes.engine import State
from obmen.services.processes.journal import Held, Launch, ProcessJournal
from obmen.storage.database import Connection, Database, Executor


class RunJournal:
    """``held`` is the run, once there is one, and ``record`` its record; ``holder`` is the lock the process began under."""

    def __init__(
        self,
        journal: ProcessJournal,
        database: Database,
        launch: Launch,
        state: State | None,
        held: Held | None,
        calling: Iterable[int],
    ) -> None:
        self.held = held
        self.record = None if held is None else held.record
        self.holder = journal.holder
        self._journal = journal
        self._database = database
        self._launch = launch
        self._saved: tuple[State | None, frozenset[int]] = (state, frozenset(calling))

    def is_saved(self, state: State, calling: frozenset[int]) -> bool:
        """Whether the journal says the same."""
        saved, saved_calling = self._saved
        return saved is state and saved_calling == calling

    async def keep(self, state: State, calling: frozenset[int]) -> None:
        """Saves the state, where it has changed."""
        if not self.is_saved(state, calling):
            self.held = await self.save(self._database.reserve, state, calling)
            self.saved(state, calling)

    async def show(self, state: State, calling: frozenset[int]) -> None:
        """The same, and the process gets its record."""
        if self.record is not None:
            await self.keep(state, calling)
            return
        async with self._transaction() as connection:
            held = await self._shown(connection, state, calling)
        self.held, self.record = held, held.record
        self.saved(state, calling)
        self._journal.committed()

    async def release(self, state: State, calling: frozenset[int], wake: datetime) -> None:
        """The same, and from ``wake`` on any worker may take the process."""
        async with self._transaction() as connection:
            held = await self._shown(connection, state, calling)
            await self._journal.save(connection, held, self.holder, state, (), wake)
        self._journal.committed()

    async def close(self, state: State, aborted: str) -> None:
        """The end of the process."""
        if self.held is None:
            self.record = await self._journal.close(self._launch, state, aborted)
        else:
            async with self._transaction() as connection:
                self.record = await self.end(connection, state, aborted)
        self._journal.committed()

    # inside a transaction of the caller's, who keeps what comes back once it is committed

    async def save(self, on: Executor, state: State, calling: frozenset[int]) -> Held:
        """Journals the state; the run. One statement."""
        if self.held is None:
            return await self._journal.open(on, self._launch, state, calling, self.holder)
        await self._journal.save(on, self.held, self.holder, state, calling)
        return self.held

    async def end(self, on: Connection, state: State, aborted: str = "") -> int:
        """Journals the end; the record."""
        if self.held is None:
            return await self._journal.close_on(on, self._launch, state, aborted)
        return await self._journal.close_held(on, self._launch, self.held, self.holder, state, aborted)

    def saved(self, state: State, calling: frozenset[int]) -> None:
        """What was saved is committed."""
        self._saved = (state, calling)

    async def _shown(self, connection: Connection, state: State, calling: frozenset[int]) -> Held:
        held = await self.save(connection, state, calling)
        if held.record is not None:
            return held
        return await self._journal.show_held(connection, self._launch, held, self.holder)

    def _transaction(self) -> AbstractAsyncContextManager[Connection]:
        """On a pool of its own: a step that holds a connection of the other one may be waiting for the lock of the run."""
        return self._database.transaction(self._database.reserve)
