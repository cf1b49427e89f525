"""Compiled statements agree with a plain evaluation over the same records, whatever is asked and however pages are cut."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from evaluation import Evaluation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obmen import discovery
from obmen.domain import fields
from obmen.domain.field_types import FieldType
from obmen.domain.queries.filters import (
    All,
    AllOf,
    AnyOf,
    Condition,
    Contains,
    Either,
    Employs,
    Empty,
    Equals,
    Filled,
    Filter,
    Found,
    HasContact,
    HasId,
    Is,
    LinksTo,
    OneOf,
    Within,
)
from obmen.domain.queries.queries import After, Page, Query, Sort
from obmen.domain.rights.policies import ADMINISTRATION, CatalogPolicy, Policy
from obmen.storage.statements.compiler import Statements
from statement_company import NAMESPACE, add, company, make_tables

TYPES = discovery.things(fields, "FIELD_TYPE", FieldType)
SCHEMA = company(TYPES)
CLIENTS, TOWNS, USERS = 201, 200, 3
EVERYBODY = Policy(others=ADMINISTRATION)

TEXTS = st.text(alphabet="аеёЁЖя aBc1%_\\'\"", min_size=1, max_size=4)
NUMBERS = st.sampled_from([Decimal(text) for text in ("-5", "0", "0.5", "10", "10000", "123456789.123")])
MOMENTS = st.integers(0, 6).map(lambda days: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days, milliseconds=days))
SOME_ITEMS = st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=3, unique=True)
PHONES = st.sampled_from(["8 (901) 234-56-78", "+7 901 234 56 78", "8-800-100", "anna@example.com", "Ёлка", "12"])
CONTACTS = st.lists(st.fixed_dictionaries({"contact": PHONES, "comment": TEXTS | st.just("")}), min_size=1, max_size=2)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


USER_ROWS = st.lists(st.fixed_dictionaries({1: maybe(TEXTS)}), min_size=2, max_size=3)
TOWN_ROWS = st.lists(st.fixed_dictionaries({1: maybe(TEXTS), 2: maybe(NUMBERS)}), min_size=2, max_size=3)
CLIENT_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            1: maybe(TEXTS),
            2: maybe(NUMBERS),
            3: maybe(MOMENTS),
            4: maybe(SOME_ITEMS),
            5: maybe(SOME_ITEMS),
            6: maybe(st.sampled_from([1, 2, 3])),
            7: st.booleans(),
            8: maybe(CONTACTS),
            9: maybe(st.lists(st.sampled_from([f"{TOWNS}:1", f"{TOWNS}:2"]), min_size=1, max_size=2, unique=True)),
            10: maybe(st.lists(st.sampled_from([1, 2]), min_size=1, max_size=2, unique=True)),
            11: maybe(NUMBERS),
            12: maybe(st.integers(0, 5)),
        }
    ),
    min_size=1,
    max_size=8,
)


def bounds(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Within]:
    return st.builds(Within, maybe(values), maybe(values))


def compound(leaves: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(leaves, max_size=3).map(tuple)
    return leaves | st.builds(All, several) | st.builds(Either, several)


PRESENCE = st.just(Empty()) | st.just(Filled())
TEXT_TESTS = st.builds(Contains, TEXTS) | st.builds(Equals, TEXTS) | PRESENCE
IDS = st.lists(st.integers(1, 9), min_size=1, max_size=3).map(lambda ids: HasId(tuple(ids)))
TOWN_FILTERS = compound(
    IDS | st.builds(Condition, st.just(1), TEXT_TESTS) | st.builds(Condition, st.just(2), bounds(NUMBERS) | PRESENCE)
)
USER_FILTERS = compound(IDS | st.builds(Condition, st.just(1), TEXT_TESTS))
LISTS = SOME_ITEMS.map(tuple)
CLIENT_FILTERS = st.recursive(
    IDS
    | st.builds(Found, TEXTS)
    | st.builds(Condition, st.just(1), TEXT_TESTS)
    | st.builds(Condition, st.sampled_from([2, 11]), bounds(NUMBERS) | PRESENCE)
    | st.builds(Condition, st.just(3), bounds(MOMENTS) | PRESENCE)
    | st.builds(Condition, st.sampled_from([4, 5]), st.builds(AnyOf, LISTS) | st.builds(AllOf, LISTS) | PRESENCE)
    | st.builds(Condition, st.just(6), st.builds(OneOf, LISTS) | PRESENCE)
    | st.builds(Condition, st.just(7), st.builds(Is, st.booleans()))
    | st.builds(
        Condition,
        st.just(8),
        st.builds(HasContact, TEXTS)
        | st.sampled_from(["89012345678", "79012345678", "8901", "901234", "8800", "1"]).map(
            lambda digits: HasContact(digits, digits)
        ),
    )
    | st.builds(Condition, st.just(9), TOWN_FILTERS.map(lambda one: LinksTo(((TOWNS, one),))) | PRESENCE)
    | st.builds(Condition, st.just(10), st.builds(Employs, USER_FILTERS) | PRESENCE)
    | st.builds(Condition, st.just(12), st.lists(st.integers(0, 5), max_size=3).map(lambda some: OneOf(tuple(some)))),
    lambda inner: (
        st.builds(All, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Either, st.lists(inner, max_size=3).map(tuple))
    ),
    max_leaves=6,
)
SORTS = st.builds(Sort, maybe(st.integers(1, 12).filter(lambda number: number != 8)), st.booleans())


@pytest.fixture(scope="module")
def ask(new_database: Callable[[], str]) -> Any:
    """Runs a coroutine function with a connection to a database of the module's own."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(new_database()))
    yield lambda work: loop.run_until_complete(work(connection))
    loop.run_until_complete(connection.close())
    loop.close()


class Asked:
    """A company with these records."""

    def __init__(self, connection: asyncpg.Connection, users: Any, towns: Any, clients: Any) -> None:
        self.connection = connection
        self.statements = Statements(SCHEMA, NAMESPACE)
        self._rows = {USERS: users, TOWNS: towns, CLIENTS: clients}
        by_number = {catalog: dict(enumerate(rows, 1)) for catalog, rows in self._rows.items()}
        self.evaluation = Evaluation(SCHEMA, by_number)

    async def fill(self) -> None:
        await make_tables(self.connection, SCHEMA)
        for catalog, rows in self._rows.items():
            await add(self.connection, self.statements, catalog, rows)

    async def page(self, query: Query, policy: Policy = EVERYBODY) -> list[tuple[int, str | None]]:
        statement = self.statements.page(policy, query)
        return [(row[0], row[1]) for row in await self.connection.fetch(statement.text, *statement.arguments)]

    async def count(self, query: Query, most: int | None = None) -> int:
        statement = self.statements.count(EVERYBODY, query, most)
        return int(await self.connection.fetchval(statement.text, *statement.arguments))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    users=USER_ROWS,
    towns=TOWN_ROWS,
    clients=CLIENT_ROWS,
    questions=st.lists(st.tuples(CLIENT_FILTERS, SORTS, st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=8),
)
def test_what_is_found(ask: Any, users: Any, towns: Any, clients: Any, questions: Any) -> None:
    async def work(connection: asyncpg.Connection) -> None:
        company = Asked(connection, users, towns, clients)
        await company.fill()
        for wanted, sort, limit, offset in questions:
            whole = Query(catalog=CLIENTS, filter=wanted, sort=sort, page=Page(limit=100))
            every = company.evaluation.page(whole)
            assert [number for number, _ in await company.page(whole)] == every, whole
            part = Query(catalog=CLIENTS, filter=wanted, sort=sort, page=Page(limit=limit, offset=offset))
            assert [number for number, _ in await company.page(part)] == every[offset:][:limit], part
            assert await company.count(whole) == len(every)
            assert await company.count(whole, 2) == min(2, len(every))
            await walk(company, wanted, sort, every)

    async def walk(company: Asked, wanted: Filter, sort: Sort, every: list[int]) -> None:
        """Page by page behind the last record of the page before."""
        found: list[int] = []
        after = None
        for _ in range(len(every) + 1):
            page = await company.page(Query(catalog=CLIENTS, filter=wanted, sort=sort, page=Page(2, 0, after)))
            if not page:
                break
            found += [number for number, _ in page]
            after = After(page[-1][1], page[-1][0])
        assert found == every, (wanted, sort)

    ask(work)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(users=USER_ROWS, towns=TOWN_ROWS, clients=CLIENT_ROWS, rows=CLIENT_FILTERS, wanted=CLIENT_FILTERS)
def test_a_policy_narrows_every_question(
    ask: Any, users: Any, towns: Any, clients: Any, rows: Filter, wanted: Filter
) -> None:
    policy = Policy(others=ADMINISTRATION, catalogs=((CLIENTS, CatalogPolicy(privilege="view", rows=rows)),))

    async def work(connection: asyncpg.Connection) -> None:
        company = Asked(connection, users, towns, clients)
        await company.fill()
        both = company.evaluation.page(Query(catalog=CLIENTS, filter=All((rows, wanted)), page=Page(limit=100)))
        found = await company.page(Query(catalog=CLIENTS, filter=wanted, page=Page(limit=100)), policy)
        assert [number for number, _ in found] == both

    ask(work)
