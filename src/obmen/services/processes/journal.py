"""The journal of processes: ``$processes`` for people, ``process_runs`` for who carries a process on.

Both are written in one transaction, with the record a step has changed where it changed one. Called by `runs` and
`processes`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec

from obmen.clients.clock import now
from obmen.domain.catalogs.schema import PROCESSES
from obmen.domain.numbers import decimal
from obmen.domain.processes import engine
from obmen.domain.processes.engine import Broken, State
from obmen.domain.processes.variables import json_text
from obmen.domain.rights.policies import Caller
from obmen.errors import NotFound
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

    @property
    def caller(self) -> Caller:
        """On whose behalf it acts: past the rights, as documented."""
        return Caller(user_id=self.initiator, past_rights=True)


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
        self.holder: int | None = None

    async def open(
        self, on: Connection, launch: Launch, state: State, calling: Iterable[int], holder: int | None
    ) -> int:
        """The id of a process from here on; one that nobody holds is due at once."""
        values = {**self._opened(launch), "$status": ["$running"]}
        number = await self._records.journal(on, PROCESSES, values, launch.initiator)
        await on.execute(
            self._database.queries["create_process_run"],
            number,
            launch.scenario_version,
            launch.initiator,
            engine.save(state),
            list(calling),
            launch.started_at,
            launch.deadline,
            launch.started_at,
            holder,
        )
        return number

    async def save(
        self,
        on: Connection,
        number: int,
        holder: int | None,
        state: State,
        calling: Iterable[int],
        wake: datetime | None = None,
    ) -> None:
        """The state after a step; with ``wake`` the process is released until then. `Taken` where it is not ours."""
        kept = await on.fetchval(
            self._database.queries["save_process_run"],
            number,
            holder,
            engine.save(state),
            list(calling),
            wake or now(),
            None if wake else holder,
        )
        if not kept:
            raise Taken

    async def close(
        self, on: Executor, launch: Launch, number: int | None, holder: int | None, state: State, aborted: str = ""
    ) -> int:
        """Writes how a process ended, ``aborted`` saying why it was broken off; its id. `Taken` where it is not ours."""
        finished = now()
        status, problem = _ending(state, aborted)
        variables = _masked(state.variables)
        values = {
            "$finishedAt": finished,
            "$duration": decimal(round((finished - launch.started_at).total_seconds(), 3)),
            "$status": [status],
            "$result": self._shown({ERROR: problem, **variables} if problem else variables),
        }
        if number is None:
            return await self._records.journal(on, PROCESSES, {**self._opened(launch), **values}, launch.initiator)
        try:  # the record first, as who removes it does: two orders would lock each other out
            await self._records.journal_change(on, PROCESSES, number, values, launch.initiator)
        except NotFound:
            raise Taken from None
        if not await on.fetchval(self._database.queries["finish_process_run"], number, holder):
            raise Taken
        return number

    def _opened(self, launch: Launch) -> dict[str, Any]:
        return {
            "$startedAt": launch.started_at,
            "$script": [launch.script],
            "$mode": [launch.mode],
            "$code": launch.code,
            "$event": [launch.event] if launch.event else None,
            "$input": self._shown(_masked(launch.input)),
            "$initiator": None if launch.initiator is None else [launch.initiator],
        }

    def committed(self) -> None:
        """What was written is committed: the events of its records can be put in order."""
        self._records.wrote()

    def _shown(self, variables: Mapping[str, Any]) -> str:
        """Variables as people read them, cut at the setting; what would be cut is not written out first."""
        limit, size = self._settings.journal_bytes, 1
        parts: list[bytes] = []
        for name, value in variables.items():
            parts.append(json_text(name) + b":" + json_text(value))
            size += len(parts[-1]) + 1
            if size > limit:
                break
        text = b"{" + b",".join(parts) + b"}"
        return text.decode() if len(text) <= limit else text[:limit].decode("utf-8", "ignore") + "…"


def _ending(state: State, aborted: str) -> tuple[str, str]:
    """The status of a process that has ended, and what went wrong, if anything did."""
    if aborted:
        return "$aborted", aborted
    if not isinstance(state.outcome, Broken):
        return "$done", ""
    text = f"{state.outcome.message} [{state.outcome.code}]"
    return "$error", text.encode("utf-8", "replace").decode()


def _masked(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """Variables without what signs somebody in."""
    masked = dict(variables)
    if isinstance(headers := variables.get("headers"), Mapping):
        masked["headers"] = {
            name: _MASK if name.lower() in _SECRET_HEADERS else value for name, value in headers.items()
        }
    if isinstance(cookies := variables.get("cookies"), Mapping):
        masked["cookies"] = dict.fromkeys(cookies, _MASK)
    return masked
