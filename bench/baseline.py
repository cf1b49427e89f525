"""The baseline: the least that a server in Python does for a request. Starlette, asyncpg and msgspec on granian, nothing checked.

Its records have a plain column for each of the twelve values of `company`. Started by `stage`.
"""

import contextlib
import os
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal

import asyncpg
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

URL_VARIABLE = "BENCH_FLOOR_DATABASE"
PAGE = 20
SCHEMA = """
create schema baseline;
create table baseline.records (id bigint generated always as identity primary key, name text, amount numeric, due timestamptz,
    status text[], tags text[], paid boolean, phone jsonb, client jsonb, done numeric, owner jsonb, rating smallint, papers jsonb);
create table baseline.events (id bigint generated always as identity primary key, at timestamptz not null default clock_timestamp(),
    type text not null, record_id bigint not null, new jsonb);
create table baseline.runs (id bigint generated always as identity primary key, at timestamptz not null default clock_timestamp(),
    input text not null);
"""
_ONE = "select * from baseline.records where id = $1"
_PAGE = "select * from baseline.records order by id desc limit $1"
_CREATE = """
with r as (insert into baseline.records (name, amount, due, status, tags, paid, phone, client, done, owner, rating, papers)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning *),
e as (insert into baseline.events (type, record_id, new) select 'created', id, to_jsonb(r) from r)
select id from r
"""
_RUN = "insert into baseline.runs (input) values ($1) returning id"


class Values(msgspec.Struct):
    """In the order of the columns."""

    name: str
    amount: Decimal
    due: datetime
    status: list[str]
    tags: list[str]
    paid: bool
    phone: msgspec.Raw
    client: msgspec.Raw
    done: Decimal
    owner: msgspec.Raw
    rating: int
    papers: msgspec.Raw


class Sent(msgspec.Struct):
    """The body of a new record."""

    values: Values


_decode = msgspec.json.Decoder(Sent).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
_pool: asyncpg.Pool


def _answer(value: object) -> Response:
    return Response(_encode(value), media_type="application/json")


async def read_one(request: Request) -> Response:
    """One ``SELECT`` by id."""
    row = await _pool.fetchrow(_ONE, int(request.path_params["id"]))
    return _answer(dict(row))


async def list_page(request: Request) -> Response:
    """20 rows."""
    return _answer([dict(row) for row in await _pool.fetch(_PAGE, PAGE)])


async def create(request: Request) -> Response:
    """A record and its event in one statement."""
    values = msgspec.structs.astuple(_decode(await request.body()).values)
    bound = [bytes(value).decode() if isinstance(value, msgspec.Raw) else value for value in values]
    return _answer({"id": str(await _pool.fetchval(_CREATE, *bound))})


async def run(request: Request) -> Response:
    """One row with the body as it came."""
    return _answer({"id": str(await _pool.fetchval(_RUN, (await request.body()).decode()))})


@contextlib.asynccontextmanager
async def _live(_: Starlette) -> AsyncIterator[None]:
    global _pool
    async with asyncpg.create_pool(os.environ[URL_VARIABLE], min_size=1, max_size=12) as _pool:
        yield


app = Starlette(
    routes=[
        Route("/records/{id}", read_one),
        Route("/records", list_page),
        Route("/records", create, methods=["POST"]),
        Route("/runs", run, methods=["POST"]),
    ],
    lifespan=_live,
)
