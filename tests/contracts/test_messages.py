"""The texts for people: every one in every language, every one used, none missing."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

import obmen
from obmen import bootstrap, messages
from obmen.errors import ObmenError
from obmen.settings import areas

SOURCE = Path(obmen.__file__).parent
AREAS = {path.stem for path in (SOURCE / "messages").glob("*.toml")}
KEY = re.compile(rf"({'|'.join(sorted(AREAS))})\.[a-z_A-Z0-9]+")
SETTINGS = re.compile(r"(setting|настройка) ([a-z]+)\.([a-z_]+)")
OTHER_WORDS = {"http.request"}
"""Words of ASGI that look like keys."""
NOT_FACTS = {"element": {"element"}, "problems": set(), "delay_s": set()}
"""Arguments of an error that its class takes for itself; ``element`` is handed on."""


@cache
def _trees() -> dict[str, ast.Module]:
    return {str(path.relative_to(SOURCE)): ast.parse(path.read_text("utf-8")) for path in SOURCE.rglob("*.py")}


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path, tree in _trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield path, node


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _constant(call: ast.Call) -> str:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def _literal_keys() -> set[str]:
    texts = (
        node.value
        for tree in _trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {text for text in texts if KEY.fullmatch(text)}


def _made_keys() -> set[str]:
    """Keys that code puts together from an area and a name it is given."""
    area_of = {"problem": "field", "filter_problem": "filter", "break_off": "scenario", "say": "cli"}
    found = {
        f"{area_of[_name(call)]}.{argument.value}"
        for _, call in _calls()
        if _name(call) in area_of
        for argument in ast.walk(call.args[0])
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    for text_id, catalog in bootstrap.registered().system_catalogs.items():
        area = text_id.removeprefix("$")
        found.add(f"system.{area}")
        for field in catalog.fields:
            found.add(f"system.{area}_{field['id'].removeprefix('$')}")
            for item in field.get("config", {}).get("items", ()):
                found.add(f"system.item_{item['id'].removeprefix('$').replace('.', '_')}")
    return found | {f"error.{code}" for code in _codes(ObmenError)}


def _quoted() -> set[str]:
    """The words that stand in quotes, as names of pages' texts, or as a check's name."""
    found: set[str] = set()
    for path in SOURCE.rglob("*"):
        if path.suffix in (".py", ".js", ".html") and "vendor" not in path.parts:
            found.update(*re.findall(r"""["'`](\w+)["'`]|\{\{(\w+)\}\}|_check_(\w+)""", path.read_text("utf-8")))
    return found


def _heads() -> set[str]:
    """``"script."`` of ``f"script.{kind}"``, and the same in literals."""
    texts = {
        node.value
        for tree in _trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    heads = {text for text in texts if re.fullmatch(rf"({'|'.join(sorted(AREAS))})\.([a-z]+_)?", text)}
    return heads | {f"demo.{text}" for text in texts if text in ("field_", "item_")}


def _codes(kind: type[ObmenError]) -> set[str]:
    own = set() if kind is ObmenError else {kind.code}
    return own.union(*(_codes(child) for child in kind.__subclasses__() if child.__module__.startswith("obmen.")))


def _placeholders(text: str) -> set[str]:
    return {name.partition(".")[0] for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", sorted(messages.catalogue()))
def test_a_message_says_the_same_facts_in_every_language(key: str) -> None:
    texts = messages.catalogue()[key]
    assert set(texts) == set(messages.LANGUAGES)
    assert all(text.strip() == text and text for text in texts.values())
    assert len({frozenset(_placeholders(text)) for text in texts.values()}) == 1
    assert "" not in _placeholders(texts["en"])


def test_every_key_in_the_code_has_a_text() -> None:
    assert {key for key in _literal_keys() if not key.endswith("_")} - set(messages.catalogue()) - OTHER_WORDS == set()
    assert _made_keys() - set(messages.catalogue()) == set()


def test_every_text_is_used() -> None:
    quoted, heads, used = _quoted(), _heads(), _literal_keys() | _made_keys()
    unused = {
        key
        for key in set(messages.catalogue()) - used
        if not any(key.startswith(head) and key.removeprefix(head) in quoted for head in heads)
    }
    assert unused == set()


def test_an_error_brings_the_facts_of_its_text() -> None:
    missing = {}
    for path, call in _calls():
        key = _constant(call)
        if key not in messages.catalogue() or any(keyword.arg is None for keyword in call.keywords):
            continue
        given = {keyword.arg or "" for keyword in call.keywords}
        facts = set().union(*(NOT_FACTS.get(name, {name}) for name in given))
        if _name(call) == "FieldProblem":
            facts.discard("field")
        if _name(call) == "InvalidScenario":
            facts.add("element")
        if lacking := _placeholders(messages.catalogue()[key]["en"]) - facts:
            missing[f"{path}:{call.lineno} {key}"] = lacking
    assert not missing


def test_the_problems_of_values_and_filters_bring_their_facts() -> None:
    known = {"problem": {"name", "sent"}, "filter_problem": {"name", "sent", "field"}}
    area_of = {"problem": "field", "filter_problem": "filter"}
    checked = 0
    for path, call in _calls():
        name = _name(call)
        if name not in known or not _constant(call) or not path.startswith("domain/"):
            continue
        facts = known[name] | {keyword.arg for keyword in call.keywords}
        text = messages.catalogue()[f"{area_of[name]}.{_constant(call)}"]["en"]
        assert _placeholders(text) <= facts, f"{path}:{call.lineno}"
        checked += 1
    assert checked > 30


def test_settings_that_messages_name_exist() -> None:
    for key, texts in messages.catalogue().items():
        for text in texts.values():
            for _, area, name in SETTINGS.findall(text):
                assert name in areas()[area].__struct_fields__, key


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("ru", "ru"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("de, ru;q=0.5", "ru"),
        ("EN-us, ru", "en"),
        ("*", "en"),
        (";;;,,,=", "en"),
    ],
)
def test_the_language_of_a_request(header: str | None, language: str) -> None:
    assert messages.preferred_language(header) == language
