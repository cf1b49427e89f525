"""The journal of processes: ``$processes`` for people, ``process_runs`` for who carries a process on.

A run is a row of ``process_runs``: the state that a process goes on from. Its record in ``$processes`` is written when it has run for a
second, is released, or ends; that of an asynchronous one before its caller is answered. Called by `runs` and `processes`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec

from obmen.clients.clock import now
from obmen.domain.encoding import encode
from obmen.domain.json_values import json_text
from obmen.domain.numbers import decimal
from obmen.domain.processes import engine
from obmen.domain.processes.engine import Broken, State
from obmen.domain.rights.policies import Caller
from obmen.domain.schema import PROCESSES
from obmen.errors import NotFound
from obmen.services.processes.journal_batches import JournalBatches
from obmen.services.records.writing import RecordWriter
from obmen.settings import Process
from obmen.storage.database import Connection, Database, Executor

ERROR: Final = "$error"
"""The variable in the result of a process that did not reach its end: what went wrong."""
_MASK: Final = "********"
_SECRET_HEADERS: Final = ("authorization", "cookie", "proxy-authorization", "x-api-key")

Mode: TypeAlias = Literal["$sync", "$async"]


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """Why and how a process was started."""

    scenario_version: int
    started_at: datetime
    deadline: datetime
    initiator: int | None = None
    script: str = ""
    """Link to the record of ``$scripts``, as it is stored."""
    event: str | None = None
    """Link to the record that says when to start."""
    mode: Mode = "$async"
    code: str = ""
    input: Mapping[str, Any] = {}
    shown_input: str | None = None
    """The input as the journal shows it; ``None`` where it is made of ``input``."""
    is_awaited: bool = False
    """Whether somebody waits for its end."""

    @property
    def caller(self) -> Caller:
        """On whose behalf it acts: past the rights, as documented."""
        return Caller(user_id=self.initiator, past_rights=True)


class Held(msgspec.Struct, frozen=True):
    """What is journaled of a process under way: its run, and its record in ``$processes`` once there is one."""

    run: int
    record: int | None = None


_LAUNCH: Final = msgspec.json.Decoder(Launch)


def load_launch(saved: bytes) -> Launch:
    """The start of a process that is carried on; ``msgspec.ValidationError`` for anything else."""
    return _LAUNCH.decode(saved)


class Taken(Exception):
    """The process is not this server's any more: it was aborted, or another has taken it over."""


class ProcessJournal:
    """Writes what becomes of processes; ``holder`` is the lock that says this server process lives just now.

    A run keeps to the lock it began under: when that was lost for a moment, another may have taken the process over.
    """

    def __init__(self, database: Database, records: RecordWriter, settings: Process) -> None:
        self._database = database
        self._records = records
        self._settings = settings
        self._batches = JournalBatches(database, records)
        self.holder: int | None = None

    async def open(
        self,
        on: Executor,
        launch: Launch,
        state: State,
        calling: Iterable[int],
        holder: int | None,
        record: int | None = None,
    ) -> Held:
        """Journals a process from here on; one that nobody holds is due at once. One statement."""
        opening = msgspec.structs.replace(launch, input={}, shown_input=self._input(launch, {}), is_awaited=False)
        run = await on.fetchval(
            self._database.queries["create_process_run"],
            record,
            launch.scenario_version,
            msgspec.json.encode(opening),
            engine.save(state),
            list(calling),
            launch.started_at,
            holder,
        )
        return Held(run, record)

    async def show(self, on: Connection, launch: Launch) -> int:
        """The number of a new record of a process under way."""
        values = {**self._opened(launch, {}), "$status": ["$running"]}
        (record,) = await self._records.journal(on, PROCESSES, [values], launch.initiator)
        return record

    async def show_held(self, on: Connection, launch: Launch, held: Held, holder: int | None) -> Held:
        """The same for a process that is journaled already. `Taken` where it is not ours."""
        record = await self.show(on, launch)
        if not await on.fetchval(self._database.queries["show_process_run"], held.run, holder, record):
            raise Taken
        return Held(held.run, record)

    async def save(
        self,
        on: Executor,
        held: Held,
        holder: int | None,
        state: State,
        calling: Iterable[int],
        wake: datetime | None = None,
    ) -> None:
        """The state after a step; with ``wake`` the process is released until then. `Taken` where it is not ours. One statement."""
        kept = await on.fetchval(
            self._database.queries["save_process_run"],
            held.run,
            holder,
            engine.save(state),
            list(calling),
            wake or now(),
            None if wake else holder,
        )
        if not kept:
            raise Taken

    async def close(self, launch: Launch, state: State, aborted: str = "") -> int:
        """Writes how a process ended of which nothing is journaled yet, ``aborted`` saying why it was broken off; its record.

        One statement, together with those that end at the same time.
        """
        return await self._batches.write(self._whole(launch, state, aborted), launch.initiator)

    async def close_on(self, on: Connection, launch: Launch, state: State, aborted: str = "") -> int:
        """The same in a transaction of the caller's."""
        (record,) = await self._records.journal(on, PROCESSES, [self._whole(launch, state, aborted)], launch.initiator)
        return record

    async def close_held(
        self, on: Connection, launch: Launch, held: Held, holder: int | None, state: State, aborted: str = ""
    ) -> int:
        """The same for a process that is journaled. `Taken` where it is not ours."""
        record = held.record
        if record is None:
            await self._finish(on, held, holder)
            return await self.close_on(on, launch, state, aborted)
        try:  # the record first, as who removes it does: two orders would lock each other out
            values = self._closed(launch, state, aborted, {})
            await self._records.journal_change(on, PROCESSES, record, values, launch.initiator)
        except NotFound:
            raise Taken from None
        await self._finish(on, held, holder)
        return record

    async def _finish(self, on: Connection, held: Held, holder: int | None) -> None:
        if not await on.fetchval(self._database.queries["finish_process_run"], held.run, holder):
            raise Taken

    def _whole(self, launch: Launch, state: State, aborted: str) -> dict[str, Any]:
        known: _Parts = {}
        return {**self._opened(launch, known), **self._closed(launch, state, aborted, known)}

    def _closed(self, launch: Launch, state: State, aborted: str, known: "_Parts") -> dict[str, Any]:
        finished = now()
        status, problem = _ending(state, aborted)
        variables = state.variables
        return {
            "$finishedAt": finished,
            "$duration": decimal(round((finished - launch.started_at).total_seconds(), 3)),
            "$status": [status],
            "$result": self._shown({ERROR: problem, **variables} if problem else variables, known),
        }

    def _opened(self, launch: Launch, known: "_Parts") -> dict[str, Any]:
        return {
            "$startedAt": launch.started_at,
            "$script": [launch.script],
            "$mode": [launch.mode],
            "$code": launch.code,
            "$event": [launch.event] if launch.event else None,
            "$input": self._input(launch, known),
            "$initiator": None if launch.initiator is None else [launch.initiator],
        }

    def _input(self, launch: Launch, known: "_Parts") -> str:
        return self._shown(launch.input, known) if launch.shown_input is None else launch.shown_input

    def committed(self) -> None:
        """What was written is committed: the events of its records can be put in order."""
        self._records.wrote()

    def _shown(self, variables: Mapping[str, Any], known: "_Parts") -> str:
        """Variables as people read them, cut at the setting; what would be cut is not written out first.

        ``known`` has what was written out before, and takes what is written out now: most variables of a short process are its input.
        """
        limit, size = self._settings.journal_bytes, 1
        parts: list[bytes] = []
        for name, value in variables.items():
            found = known.get(name)
            if found is None or found[0] is not value:
                found = known[name] = (value, encode(name) + b":" + json_text(_masked(name, value)))
            parts.append(found[1])
            size += len(found[1]) + 1
            if size > limit:
                break
        text = b"{" + b",".join(parts) + b"}"
        return text.decode() if len(text) <= limit else text[:limit].decode("utf-8", "ignore") + "…"


_Parts: TypeAlias = dict[str, tuple[Any, bytes]]
"""Variables by name, each with its text."""


def _ending(state: State, aborted: str) -> tuple[str, str]:
    """The status of a process that has ended, and what went wrong, if anything did."""
    if aborted:
        return "$aborted", aborted
    if not isinstance(state.outcome, Broken):
        return "$done", ""
    text = f"{state.outcome.message} [{state.outcome.code}]"
    return "$error", text.encode("utf-8", "replace").decode()


def _masked(name: str, value: Any) -> Any:
    """The value of a variable without what signs somebody in."""
    if name == "headers" and isinstance(value, Mapping):
        return {header: _MASK if header.lower() in _SECRET_HEADERS else text for header, text in value.items()}
    if name == "cookies" and isinstance(value, Mapping):
        return dict.fromkeys(value, _MASK)
    return value
