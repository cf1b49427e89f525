"""The dialect of scenario files: parameters, calls, conditions and durations as the extension elements spell them.

``camunda:script`` holds JSON ``{"type": "script" | "const", "value": …}``; a text that is no such JSON is taken for the
expression itself (docs/reference/scenarios.md). An `InvalidScenario` names the element at fault and never repeats a
parameter's value: scenarios contain secrets. Called by `reader` and by the elements while a file is read.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, Protocol

import msgspec
from lxml import etree

from obmen.domain.json_values import Path
from obmen.domain.processes.faults import Faults
from obmen.domain.processes.scenarios import Call, Const, ListOf, MapOf, Output, Parameter, Script
from obmen.domain.processes.targets import Target, read_target, split_template, template
from obmen.errors import InvalidScenario

BPMN: Final = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CAMUNDA: Final = "{http://camunda.org/schema/1.0/bpmn}"

_TAGGED = re.compile(r'\s*\{\s*"(type|value)"\s*:')
"""How the JSON of the dialect begins; a text that begins so and is not that JSON is broken."""
_DURATION = re.compile(
    r"P(?=.)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+(?:[.,]\d+)?)H)?(?:(?P<minutes>\d+(?:[.,]\d+)?)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?",
    re.ASCII,
)
_LONGEST: Final = timedelta(days=36_500)
_JAVASCRIPT: Final = ("", "javascript", "ecmascript", "js", "text/javascript", "application/javascript")
_LOOPS: Final = ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics")
_FOREIGN_CODE: Final = ("class", "expression", "delegateExpression", "type")
_LISTENERS: Final = ("executionListener", "taskListener")


class _Tagged(msgspec.Struct):
    type: str
    value: Any = None


class Named(Protocol):
    """An element of the file, as messages name it."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def name(self) -> str:
        """What people call it."""
        ...


def refusal(message: str, at: Named, /, **facts: Any) -> InvalidScenario:
    """The error for a fault of an element."""
    return InvalidScenario(f"scenario.{message}", element=at.id, title=at.name, **facts)


def refuse_what_cannot_run(source: etree._Element, at: Named) -> None:
    """`InvalidScenario` for what an element asks for and would silently not get: repetition, code of other engines."""
    for child in source:
        if child.tag in [f"{BPMN}{loop}" for loop in _LOOPS]:
            raise refusal("loop", at, kind=etree.QName(child).localname)
    for attribute in _FOREIGN_CODE:
        if source.get(f"{CAMUNDA}{attribute}") is not None:
            raise refusal("foreign_code", at, kind=f"camunda:{attribute}")
    for listener in _LISTENERS:
        if source.find(f"{BPMN}extensionElements/{CAMUNDA}{listener}") is not None:
            raise refusal("foreign_code", at, kind=f"camunda:{listener}")


def read_call(source: etree._Element, at: Named, resolve: Callable[[str], str | None]) -> Call | None:
    """The component of a task with its parameters; ``None`` where the task names none."""
    extensions = source.find(f"{BPMN}extensionElements")
    if extensions is None:
        return None
    connector_id = (extensions.findtext(f"{CAMUNDA}connector/{CAMUNDA}connectorId") or "").strip()
    if not connector_id:
        return None
    faults = Faults()
    component, inputs, outputs = "", [], []
    with faults.collected():
        if (found := resolve(connector_id)) is None:
            raise refusal("unknown_component", at, connector=connector_id)
        component = found
    for parameter in extensions.iter(f"{CAMUNDA}inputParameter"):
        with faults.collected():
            if name := parameter.get("name"):
                inputs.append((name, read_parameter(parameter, at)))
    for parameter in extensions.iter(f"{CAMUNDA}outputParameter"):
        with faults.collected():
            if (output := _read_output(parameter, at)) is not None:
                outputs.append(output)
    faults.raise_any()
    return Call(component, tuple(inputs), tuple(outputs))


def read_parameter(source: etree._Element, at: Named) -> Parameter:
    """The template in an ``inputParameter`` or an ``entry``: a script, a list, a map, or text as it stands."""
    children = list(source)
    if not children:
        text = source.text or ""
        return Const(text if text.strip() else None)
    if len(children) > 1:
        raise refusal("bad_parameter", at, problem="more than one value")
    return _read_value(children[0], at)


def read_condition(flow: etree._Element, at: Named) -> Const | Script | None:
    """The condition of a flow, ``None`` without one; an empty one is refused."""
    condition = flow.find(f"{BPMN}conditionExpression")
    if condition is None:
        return None
    _check_language(condition.get("language"), at)
    parameter = _read_script(condition.text, at)
    if parameter == Const(None) or parameter == Const(""):
        raise refusal("empty_condition", at)
    return parameter


def read_duration(definition: etree._Element | None, at: Named) -> timedelta:
    """How long a timer waits (ISO 8601; a year counts 365 days, a month 30); no expressions, 100 years at most."""
    text = "" if definition is None else (definition.findtext(f"{BPMN}timeDuration") or "").strip()
    if (match := _DURATION.fullmatch(text)) is None:
        raise refusal("bad_duration", at, sent=text[:40])
    part = {name: float((value or "0").replace(",", ".")) for name, value in match.groupdict().items()}
    try:
        duration = timedelta(
            days=part["years"] * 365 + part["months"] * 30 + part["weeks"] * 7 + part["days"],
            hours=part["hours"],
            minutes=part["minutes"],
            seconds=part["seconds"],
        )
    except OverflowError:
        duration = timedelta.max
    if duration > _LONGEST:
        raise refusal("bad_duration", at, sent=text[:40])
    return duration


def read_output_target(text: str | None, at: Named) -> Target | None:
    """Where a result goes, ``None`` for an empty text."""
    text = (text or "").strip()
    if not text:
        return None
    try:
        return read_target(text)
    except ValueError:
        raise refusal("bad_variable", at, sent=text[:80]) from None


def read_fixed_target(text: str | None, at: Named) -> Path | None:
    """The path of a target without expressions, ``None`` for an empty text."""
    target = read_output_target(text, at)
    if target is None:
        return None
    if target.sources:
        raise refusal("computed_variable", at, sent=target.text[:80])
    return target.path(iter(()))


def event_definition(source: etree._Element, at: Named, accepted: tuple[str, ...]) -> etree._Element | None:
    """What an event waits for or does, ``None`` for a plain one; a kind that is not ``accepted`` is refused."""
    found = None
    for child in source:
        kind = etree.QName(child)
        if f"{{{kind.namespace}}}" != BPMN or not kind.localname.endswith("EventDefinition"):
            continue
        if kind.localname not in accepted or found is not None:
            raise refusal("unknown_event", at, kind=kind.localname)
        found = child
    return found


def _read_output(source: etree._Element, at: Named) -> Output | None:
    into = read_output_target(source.get("name"), at)
    if into is None:
        return None
    slot = source.get("configName", "")
    children = list(source)
    if len(children) == 1 and children[0].tag == f"{CAMUNDA}script":
        _check_script(children[0], at)
        tagged = _read_tagged(children[0].text, at)
        if tagged is not None and tagged.type == "outputResult":
            return Output(into, tagged.value if tagged.value and isinstance(tagged.value, str) else slot)
        value: Parameter = _read_script(children[0].text, at)
        is_const = tagged is not None and tagged.type == "const"
        return Output(into, slot, value if is_const or value != Const(None) else None)
    value = read_parameter(source, at)
    return Output(into, slot, value if value != Const(None) else None)


def _read_value(source: etree._Element, at: Named) -> Parameter:
    match source.tag:
        case tag if tag == f"{CAMUNDA}script":
            _check_script(source, at)
            return _read_script(source.text, at)
        case tag if tag == f"{CAMUNDA}value":
            return _read_item(source, at)
        case tag if tag == f"{CAMUNDA}list":
            children = list(source)
            if len(children) == 1 and children[0].tag == f"{CAMUNDA}value":
                return _read_item(children[0], at)
            return ListOf(tuple(_read_value(child, at) for child in children))
        case tag if tag == f"{CAMUNDA}map":
            return MapOf(tuple(_read_entry(child, at) for child in source))
        case tag:
            raise refusal("bad_parameter", at, problem=etree.QName(tag).localname)


def _read_item(source: etree._Element, at: Named) -> Const | Script:
    text = source.text or ""
    match source.get("type", "const"):
        case "const":
            return Const(text)
        case "script":
            return _expression(text)
        case kind:
            raise refusal("bad_parameter", at, problem=f"type {kind[:40]!r}")


def _read_entry(source: etree._Element, at: Named) -> tuple[Parameter, Parameter]:
    key = source.get("key")
    if source.tag != f"{CAMUNDA}entry" or key is None:
        raise refusal("bad_parameter", at, problem="an entry without a key")
    return _read_entry_key(key, at), read_parameter(source, at)


def _read_entry_key(key: str, at: Named) -> Const | Script:
    """A key, with ``${…}`` in it an expression."""
    try:
        parts = split_template(key)
    except ValueError:
        raise refusal("bad_parameter", at, problem="an entry whose key has no end of ${…}") from None
    return Script(template(parts)) if len(parts) > 1 else Const(key)


def _check_script(source: etree._Element, at: Named) -> None:
    """`InvalidScenario` for a script in another language, or in another file."""
    _check_language(source.get("scriptFormat"), at)
    if source.get("resource"):
        raise refusal("bad_parameter", at, problem="a script in another file")


def _check_language(language: str | None, at: Named) -> None:
    if (language or "").strip().lower() not in _JAVASCRIPT:
        raise refusal("other_language", at, language=(language or "").strip()[:40])


def _read_script(text: str | None, at: Named) -> Const | Script:
    tagged = _read_tagged(text, at)
    if tagged is None:
        return _expression(text or "")
    if tagged.type == "const":
        return Const(tagged.value)
    if tagged.type != "script":
        raise refusal("bad_parameter", at, problem=f"type {tagged.type[:40]!r}")
    return _expression(tagged.value) if isinstance(tagged.value, str) else Const(tagged.value)


def _read_tagged(text: str | None, at: Named) -> _Tagged | None:
    """The JSON of the dialect; ``None`` for a text that is the expression itself."""
    if text is None or not _TAGGED.match(text):
        return None
    try:
        return msgspec.json.decode(text, type=_Tagged)
    except (msgspec.DecodeError, RecursionError) as error:
        raise refusal("bad_parameter", at, problem=error) from None


def _expression(text: str) -> Const | Script:
    return Script(text) if text.strip() else Const(None)
