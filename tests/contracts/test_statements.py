"""Law 7: statements on records are made in one package, and every one of them carries the policy."""

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import obmen
from obmen import discovery
from obmen.domain import fields
from obmen.domain.field_types import FieldType
from obmen.domain.queries.filters import EVERYTHING, Condition, Equals
from obmen.domain.queries.queries import Chosen, Query
from obmen.domain.rights.policies import ADMINISTRATION, CatalogPolicy, Policy
from obmen.domain.schema import Catalog
from obmen.storage.statements.arguments import Statement
from obmen.storage.statements.compiler import Statements
from obmen.storage.statements.rendering import CLIENTS, FileLinks
from statement_company import NAMESPACE, company

SOURCE = Path(obmen.__file__).parent
SCHEMA = company(discovery.things(fields, "FIELD_TYPE", FieldType))
CLIENTS_CATALOG = SCHEMA.catalogs[201]
TOWNS_CATALOG = SCHEMA.catalogs[200]
MARK = "only what this policy shows"
LINKS = FileLinks("https://obmen.example", b"key", 1)

Compile = Callable[[Statements, Policy], Statement]

UNDER_A_POLICY: Mapping[str, Compile] = {
    "page": lambda made, policy: made.page(policy, Query(catalog=201)),
    "count": lambda made, policy: made.count(policy, Query(catalog=201)),
    "stored": lambda made, policy: made.stored(policy, CLIENTS_CATALOG, EVERYTHING, ["name"]),
    "record": lambda made, policy: made.record(policy, CLIENTS_CATALOG, 1, None, CLIENTS, LINKS),
    "records": lambda made, policy: made.records(policy, Query(catalog=201), CLIENTS, LINKS),
    "update": lambda made, policy: made.update(policy, CLIENTS_CATALOG, [1], None, "{}", renames=False, many=False),
    "delete": lambda made, policy: made.delete(policy, CLIENTS_CATALOG, None, [1]),
}
WITHOUT = {
    "insert": "a new record is nobody's yet; the privilege is looked at before",
    "references": "whether something exists under an id that the caller names; nothing of it is told",
    "images": "the log is read by subscriptions of administrators; fields that may not be read are left out",
    "listener": "which scenario answers an external request, whoever sends it",
    "set_silently": "a count that the system keeps in its own record",
}


def _policy(catalog: Catalog) -> Policy:
    rows = Condition(1, Equals(MARK))
    return Policy(others=ADMINISTRATION, catalogs=((catalog.number, CatalogPolicy(privilege="admin", rows=rows)),))


def _statements() -> set[str]:
    members = inspect.getmembers(Statements, inspect.isfunction)
    return {name for name, _ in members if not name.startswith("_")}


def test_every_statement_is_looked_at() -> None:
    assert _statements() == {*UNDER_A_POLICY, *WITHOUT}


@pytest.mark.parametrize("name", UNDER_A_POLICY)
def test_a_statement_carries_the_policy(name: str) -> None:
    statement = UNDER_A_POLICY[name](Statements(SCHEMA, NAMESPACE), _policy(CLIENTS_CATALOG))
    assert MARK in statement.arguments
    place = statement.arguments.index(MARK) + 1
    assert re.search(rf"\${place}\b", statement.text)


@pytest.mark.parametrize("name", ["record", "records"])
def test_titles_of_linked_records_carry_the_policy_of_their_catalog(name: str) -> None:
    statement = UNDER_A_POLICY[name](Statements(SCHEMA, NAMESPACE), _policy(TOWNS_CATALOG))
    assert MARK in statement.arguments


def test_a_policy_is_not_mistaken_for_another() -> None:
    made = Statements(SCHEMA, NAMESPACE)
    everybody = made.records(Policy(others=ADMINISTRATION), Query(catalog=201), CLIENTS, LINKS)
    narrow = made.records(_policy(CLIENTS_CATALOG), Query(catalog=201), CLIENTS, LINKS)
    assert everybody.text != narrow.text
    again = made.records(Policy(others=ADMINISTRATION), Query(catalog=201), CLIENTS, LINKS)
    assert (again.text, again.arguments) == (everybody.text, everybody.arguments)


def test_fields_that_may_not_be_read_are_left_out() -> None:
    made = Statements(SCHEMA, NAMESPACE)
    hidden = CatalogPolicy(privilege="view", rows=EVERYTHING, readable=frozenset({1}))
    policy = Policy(others=ADMINISTRATION, catalogs=((201, hidden),))
    for fields_asked in (None, (Chosen(1), Chosen(2))):
        text = made.records(policy, Query(catalog=201, fields=fields_asked), CLIENTS, LINKS).text
        assert '"name"' in text
        assert '"amount"' not in text


def test_no_other_module_names_the_table_of_a_catalog() -> None:
    inside = SOURCE / "storage" / "statements"
    naming = re.compile(r"""["']\.?c\{|\bc\d+\b.*(?:select|update|insert|join)|\.table\b""")
    for file in SOURCE.rglob("*.py"):
        if inside in file.parents:
            continue
        text = file.read_text("utf-8")
        assert not naming.search(text), file
        imported = {
            alias.name
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("obmen.storage.statements")
            for alias in node.names
        }
        assert "table" not in imported, file


def test_no_text_of_a_statement_holds_a_value() -> None:
    made = Statements(SCHEMA, NAMESPACE)
    for compiled in UNDER_A_POLICY.values():
        assert MARK not in compiled(made, _policy(CLIENTS_CATALOG)).text
