"""Everything that can be set: one frozen struct per area, every key explained.

Defaults < ``obmen.toml`` (in the data folder; a table per area) < environment (``OBMEN_<AREA>_<KEY>``, lists comma-separated).
``docs/reference/settings.md`` is written from this module.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from obmen.errors import SetupError

Key = TypeVar("Key", bound=msgspec.Struct)

_ADDRESS: Final = re.compile(r"https?://(?:[^\s/?#@:\[\]]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[^\s?#]*)?")


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """The server for API, external requests and pages."""

    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(description="Port to listen on.", ge=0, le=65535)] = 8080
    workers: Annotated[int, Meta(description="Processes that serve requests.", ge=1, le=64)] = 1
    url: Annotated[
        str, Meta(description="The address people and systems use, with its scheme; empty: made of host and port.")
    ] = ""
    http2: Annotated[
        bool,
        Meta(
            description="HTTP/2 without TLS beside HTTP/1.1, for a reverse proxy that speaks it; then http.idle_s does not hold."
        ),
    ] = False
    idle_s: Annotated[
        float,
        Meta(
            description="A connection on which no complete head of a request comes for so long is closed: one that is "
            "silent, one that is kept open between requests, one that sends its headers slowly.",
            ge=1,
            le=3600,
        ),
    ] = 30.0
    cookie: Annotated[str, Meta(description="Name of the session cookie.")] = "connect.sid"
    sign_in_by_get: Annotated[
        bool, Meta(description="GET /auth/login signs in too; the password then stands in addresses and their logs.")
    ] = False
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Networks of reverse proxies whose X-Forwarded-For, Forwarded and X-Forwarded-Proto are believed."
        ),
    ] = ()
    session_days: Annotated[int, Meta(description="A session ends after so many days without use.", ge=1)] = 14

    def __post_init__(self) -> None:
        if self.url and not _ADDRESS.fullmatch(self.url):
            raise SetupError("setup.bad_url", sent=self.url)


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """The PostgreSQL that holds everything (law 1)."""

    url: Annotated[
        str, Meta(description="An external PostgreSQL 14 or newer; empty: the embedded server in the data folder.")
    ] = ""
    schema: Annotated[str, Meta(description="Schema of Obmen's tables.", pattern="^[a-z_][a-z0-9_]{0,47}$")] = "obmen"
    connections: Annotated[
        int,
        Meta(
            description="Connections of each process for its work, at most; up to 8 of its own come on top.",
            ge=2,
            le=200,
        ),
    ] = 12
    index_from: Annotated[
        int,
        Meta(description="Catalogs with so many records get indexes; PostgreSQL reads smaller ones whole.", ge=1),
    ] = 2_000
    sql_port: Annotated[
        int, Meta(description="TCP port of the embedded server, with passwords; 0: socket only.", ge=0, le=65535)
    ] = 0


class Admin(msgspec.Struct, frozen=True, kw_only=True):
    """The first administrator, made on first start."""

    email: Annotated[str, Meta(description="Sign-in of the first administrator.")] = "admin@obmen.local"
    password: Annotated[str, Meta(description="Their password; empty: made and printed once.")] = ""


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """Encryption of secrets at rest."""

    key: Annotated[
        str, Meta(description="32 bytes in base64; empty: the file secret.key in the data folder, made on first start.")
    ] = ""


class Egress(msgspec.Struct, frozen=True, kw_only=True):
    """Where Obmen may connect to (law 6)."""

    allow: Annotated[
        tuple[str, ...],
        Meta(description="Networks (10.0.0.0/8) and names (crm.local, *.corp) opened beside the public internet."),
    ] = ()


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """TLS to other systems: web requests, webhooks."""

    ca: Annotated[
        str,
        Meta(
            description="A PEM file (or a folder of OpenSSL) with certificates of authorities of your own, trusted beside the system's."
        ),
    ] = ""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What is refused for its size; exceeding one is a 413, 431 or 400 that names the key."""

    body_bytes: Annotated[int, Meta(description="Body of a request.", ge=1024)] = 16_777_216
    bodies_bytes: Annotated[
        int, Meta(description="Bodies of all requests that one server process has under way.", ge=1024)
    ] = 67_108_864
    body_s: Annotated[float, Meta(description="Time for the body of a request to arrive.", gt=0)] = 60.0
    header_count: Annotated[
        int, Meta(description="Headers of a request, and of the answer of a process.", ge=16, le=100)
    ] = 80
    header_bytes: Annotated[int, Meta(description="One of these headers, name and value.", ge=1024)] = 8_192
    headers_bytes: Annotated[int, Meta(description="All of them together.", ge=4096)] = 32_768
    depth: Annotated[int, Meta(description="Nesting of JSON, XML and bracketed parameters.", ge=4)] = 100
    values: Annotated[
        int, Meta(description="Values of a JSON body; elements and attributes of an XML body.", ge=1_000)
    ] = 1_000_000
    parameters: Annotated[
        int, Meta(description="Parameters of a query or form, with the levels that their brackets make.", ge=100)
    ] = 100_000
    page: Annotated[int, Meta(description="Records in one answer.", ge=1)] = 1_000
    count: Annotated[int, Meta(description="Matching records that withTotal=true counts.", ge=1)] = 10_000
    filter_conditions: Annotated[int, Meta(description="Conditions in one filter.", ge=1)] = 200


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """Stored files."""

    link_days: Annotated[
        int, Meta(description="An address of a stored file can be fetched for at least so many days.", ge=1, le=3650)
    ] = 30


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """How often one may ask; 0 switches a limit off. Each server process counts requests for itself; failed sign-ins count in all."""

    user_requests: Annotated[int, Meta(description="Requests of one user in the window.", ge=0)] = 100
    address_requests: Annotated[int, Meta(description="Requests of one address in the window.", ge=0)] = 1_000
    window_s: Annotated[int, Meta(description="The window, in seconds.", ge=1)] = 30
    sign_in_attempts: Annotated[
        int,
        Meta(
            description="Failed sign-ins of an account from one address in 15 minutes; five times as many slow the address down.",
            ge=0,
        ),
    ] = 20


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """Scenarios and their processes."""

    sync_timeout_s: Annotated[int, Meta(description="A synchronous process is ended after.", ge=1)] = 60
    timeout_s: Annotated[int, Meta(description="An asynchronous process is ended after.", ge=1)] = 604_800
    data_bytes: Annotated[int, Meta(description="Variables of one process.", ge=1024)] = 5_242_880
    steps: Annotated[int, Meta(description="Steps of one process.", ge=1)] = 1_000_000
    running: Annotated[int, Meta(description="Processes run at once by one server process.", ge=1)] = 100
    share_percent: Annotated[
        int,
        Meta(description="Part of process.running that the processes of one external request may take.", ge=1, le=100),
    ] = 80
    tokens: Annotated[
        int, Meta(description="Places of one process: where it waits, and timers that it waits for.", ge=1)
    ] = 1_000
    journal_bytes: Annotated[
        int, Meta(description="Input, and result, kept in the journal; longer ones are cut.", ge=256)
    ] = 10_240
    download_bytes: Annotated[int, Meta(description="An answer taken by a web request.", ge=1024)] = 1_048_576


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """JavaScript of expressions and code."""

    workers: Annotated[int, Meta(description="Sandbox processes of each server process.", ge=1, le=64)] = 2
    time_s: Annotated[float, Meta(description="Time of one piece of code.", gt=0)] = 5.0
    slow_s: Annotated[
        float,
        Meta(
            description="A piece of code that takes longer makes its external request or scenario slow for 10 s; slow ones "
            "leave one sandbox process, of two and more, to the others.",
            gt=0,
        ),
    ] = 0.25
    memory_bytes: Annotated[int, Meta(description="Memory of one piece of code.", ge=4_194_304)] = 67_108_864
    timezone: Annotated[str, Meta(description="Time zone of Date and moment.")] = "UTC"


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """Delivery of webhooks."""

    timeout_s: Annotated[float, Meta(description="A receiver that has not answered by then has failed.", gt=0)] = 10.0
    concurrency: Annotated[int, Meta(description="Requests under way at once per webhook.", ge=1, le=256)] = 32
    retries_s: Annotated[
        tuple[float, ...], Meta(description="Pauses before each further attempt, in seconds; ±10 % of jitter.")
    ] = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
    journal_days: Annotated[int, Meta(description="Deliveries are kept in the journal for.", ge=1)] = 30
    loop_changes: Annotated[
        int,
        Meta(
            description="More notifications of one record in loop_window_s are checked for a loop through the receiver; 0: none are.",
            ge=0,
        ),
    ] = 100
    loop_window_s: Annotated[int, Meta(description="The time in which they are counted.", ge=1)] = 600


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All areas."""

    data: Path
    http: Http = Http()
    database: Database = Database()
    admin: Admin = Admin()
    secret: Secret = Secret()
    egress: Egress = Egress()
    tls: Tls = Tls()
    limits: Limits = Limits()
    files: Files = Files()
    rate: Rate = Rate()
    process: Process = Process()
    script: Script = Script()
    webhook: Webhook = Webhook()

    @property
    def url(self) -> str:
        """The address people and systems use, without a trailing slash."""
        return (self.http.url or f"http://{self.http.host}:{self.http.port}").rstrip("/")


def areas() -> dict[str, type[msgspec.Struct]]:
    """``{area: its struct}`` in order of `Settings`."""
    return {
        field.name: field.type
        for field in msgspec.structs.fields(Settings)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
    }


def load(
    data: Path, environment: Mapping[str, str], overrides: Mapping[str, Mapping[str, Any]] | None = None
) -> Settings:
    """The settings of the installation in ``data``.

    ``overrides`` (``{area: {key: value}}``) come from the command line and win. `SetupError` names a key that is unknown or does not fit.
    """
    file = data / "obmen.toml"
    tables: dict[str, Any] = {}
    if file.is_file():
        try:
            tables = tomllib.loads(file.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SetupError("setup.toml", file=file, problem=error) from error
    structs = areas()
    if unknown := sorted(set(tables) - set(structs)):
        raise SetupError("setup.unknown_area", area=unknown[0], known=", ".join(structs))
    found: dict[str, Any] = {}
    for area, struct in structs.items():
        values = dict(tables.get(area, {}))
        for field in msgspec.structs.fields(struct):
            if (text := environment.get(f"OBMEN_{area}_{field.name}".upper())) is not None:
                values[field.name] = _from_text(text, field)
        values.update((overrides or {}).get(area, {}))
        found[area] = _convert(area, values, struct)
    return Settings(data=data, **found)


def _from_text(text: str, field: msgspec.structs.FieldInfo) -> Any:
    if isinstance(field.default, tuple):
        return [item.strip() for item in text.split(",") if item.strip()]
    return text


def _convert(area: str, values: Mapping[str, Any], struct: type[Key]) -> Key:
    known = {field.name for field in msgspec.structs.fields(struct)}
    if unknown := sorted(set(values) - known):
        raise SetupError("setup.unknown_key", area=area, key=unknown[0], known=", ".join(sorted(known)))
    try:
        return msgspec.convert(values, struct, strict=False)
    except msgspec.ValidationError as error:
        raise SetupError("setup.bad_value", area=area, problem=error) from error
