"""What a process component may ask of the world.

Components get these in their ``Context`` and reach nothing else; ``clients`` and ``services`` implement them, ``bootstrap``
joins the two. Values that cross a port are JSON (``None``, ``bool``, ``int``, ``float``, ``str``, ``list``, ``dict``) and
aware ``datetime`` in UTC, which is a ``Date`` in JavaScript and ISO 8601 text in records.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec


class Expression(msgspec.Struct, frozen=True):
    """A JavaScript expression and the variable (a dotted path) its value is stored in before the next one is evaluated."""

    source: str
    into: str | None = None


class JavaScript(Protocol):
    """Expressions and code of scenarios, run without any way out, within limits of time, memory and stack.

    Variables and results are JSON values, and at any depth `datetime.datetime`: aware, in a result in UTC with milliseconds. Each is a
    ``Date`` in JavaScript; a ``Date`` or moment comes back as one, an invalid one and ``undefined`` as ``None``. A date outside the
    years 1 to 9999 comes as text in the form of ISO 8601.
    """

    async def evaluate(self, expressions: Sequence[Expression], variables: Mapping[str, Any]) -> list[Any]:
        """The values of ``expressions``, in order. `ScriptFailed` names the one that failed."""
        ...

    async def run(self, code: str, variables: Mapping[str, Any]) -> Any:
        """What ``code`` returns, the body of a function that sees ``variables``; `ScriptFailed` where it throws."""
        ...


class Scripts(Protocol):
    """JavaScript in fair shares."""

    def share(self, name: str) -> JavaScript:
        """JavaScript of a share: what is slow in one share does not make another wait."""
        ...


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to another system; a header with several values is sent so many times."""

    method: str
    url: str
    headers: Mapping[str, str | Sequence[str]] = {}
    body: bytes | None = None
    timeout_s: float = 60.0
    follow_redirects: bool = True
    limit_bytes: int = 1_048_576


class HttpResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What the other system answered; header names are lower case, a repeated header keeps every value."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    url: str


class Http(Protocol):
    """Requests to other systems: every address is checked against the egress policy as it is connected to."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The answer; `EgressRefused` for a closed address, `Temporary` where nothing was answered, `TooLarge` past ``limit_bytes``."""
        ...


class Records(Protocol):
    """Catalogs and records as processes see them: past the rights, as documented. Ids are strings, values as in the API."""

    async def describe_catalog(self, catalog_id: str) -> dict[str, Any]:
        """The catalog with its fields, as ``GET /catalogs/{id}`` answers; `NotFound` without one."""
        ...

    async def read(self, catalog_id: str, record_id: str, fields: Any = None) -> dict[str, Any]:
        """One record as ``GET …/records/{id}`` answers; `NotFound` without one."""
        ...

    async def find(self, catalog_id: str, query: "RecordsQuery") -> list[dict[str, Any]]:
        """A page of records."""
        ...

    async def count(self, catalog_id: str, query: "RecordsQuery") -> int:
        """How many records match, whatever the page."""
        ...


class RecordChange(msgspec.Struct, frozen=True, kw_only=True):
    """A record to create, or with ``record_id`` to change; ``values`` by field id, those of a change are the values named.

    A component gives it back, and it is written in one transaction with the journal of the step: `InvalidValue` where
    the values do not fit and `NotFound` without the record or its catalog fail the step.
    """

    catalog_id: str
    values: Mapping[str, Any]
    record_id: str | None = None
    id_slot: str = ""
    """The output slot that takes the record's id."""


class RecordsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which records: the parameters of ``GET …/records``, already decoded from their spelling."""

    filters: Any = None
    fields: Any = None
    search_text: str = ""
    ids: Sequence[str] = ()
    sort_field: str = ""
    descending: bool = False
    limit: int = 100
    offset: int = 0
