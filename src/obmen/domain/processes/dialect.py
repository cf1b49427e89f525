"""The dialect of scenario files: parameters, calls, conditions and durations as the extension elements spell them.

Contract, scenario files: ``camunda:script`` holds JSON ``{"type": "script" | "const", "value": …}``; beyond the
contract a text that is no such JSON is taken for the expression itself. An `InvalidScenario` names the element at fault
and never repeats a parameter's value: scenarios contain secrets. Called by `reader` and by the elements while a file is
read.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import msgspec
from lxml import etree

from obmen.domain.processes.scenarios import Call, Const, ListOf, MapOf, Output, Parameter, Script
from obmen.errors import InvalidScenario

BPMN: Final = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CAMUNDA: Final = "{http://camunda.org/schema/1.0/bpmn}"

_TAGGED = re.compile(r'\s*\{\s*"(type|value)"\s*:')
"""How the JSON of the dialect begins; a text that begins so and is not that JSON is broken."""
_INSERT = re.compile(r"(\$\{[^}]*\})")
_DURATION = re.compile(
    r"P(?=.)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+(?:[.,]\d+)?)H)?(?:(?P<minutes>\d+(?:[.,]\d+)?)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?",
    re.ASCII,
)
_LONGEST: Final = timedelta(days=36_500)
_PATH_PARTS: Final = 32


class _Tagged(msgspec.Struct):
    type: str
    value: Any = None


def read_call(source: etree._Element, element: str, resolve: Callable[[str], str | None]) -> Call | None:
    """The component of a task with its parameters; ``None`` where the task names none."""
    extensions = source.find(f"{BPMN}extensionElements")
    if extensions is None:
        return None
    connector_id = (extensions.findtext(f"{CAMUNDA}connector/{CAMUNDA}connectorId") or "").strip()
    if not connector_id:
        return None
    if (component := resolve(connector_id)) is None:
        raise InvalidScenario("scenario.unknown_component", element=element, connector=connector_id)
    inputs = tuple(
        (parameter.get("name", ""), read_parameter(parameter, element))
        for parameter in extensions.iter(f"{CAMUNDA}inputParameter")
        if parameter.get("name")
    )
    outputs = tuple(
        output
        for parameter in extensions.iter(f"{CAMUNDA}outputParameter")
        if (output := _read_output(parameter, element)) is not None
    )
    return Call(component, inputs, outputs)


def read_parameter(source: etree._Element, element: str) -> Parameter:
    """The template in an ``inputParameter`` or an ``entry``: a script, a list, a map, or text as it stands."""
    children = list(source)
    if not children:
        text = source.text or ""
        return Const(text if text.strip() else None)
    if len(children) > 1:
        raise InvalidScenario("scenario.bad_parameter", element=element, problem="more than one value")
    return _read_value(children[0], element)


def read_condition(flow: etree._Element, element: str) -> Const | Script | None:
    """The condition of a flow, ``None`` without one; an empty one is refused."""
    condition = flow.find(f"{BPMN}conditionExpression")
    if condition is None:
        return None
    parameter = _read_script(condition.text, element)
    if parameter == Const(None) or parameter == Const(""):
        raise InvalidScenario("scenario.empty_condition", element=element)
    return parameter


def read_duration(definition: etree._Element | None, element: str) -> timedelta:
    """How long a timer waits (ISO 8601; a year counts 365 days, a month 30); no expressions, 100 years at most."""
    text = "" if definition is None else (definition.findtext(f"{BPMN}timeDuration") or "").strip()
    if (match := _DURATION.fullmatch(text)) is None:
        raise InvalidScenario("scenario.bad_duration", element=element, sent=text[:40])
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
        raise InvalidScenario("scenario.bad_duration", element=element, sent=text[:40])
    return duration


def read_variable(path: str | None, element: str) -> str | None:
    """A variable as a dotted path, ``None`` for an empty one."""
    path = (path or "").strip()
    if not path:
        return None
    parts = path.split(".")
    if not all(parts) or len(parts) > _PATH_PARTS:
        raise InvalidScenario("scenario.bad_variable", element=element, sent=path[:40])
    return path


def event_definition(source: etree._Element, element: str, accepted: tuple[str, ...]) -> etree._Element | None:
    """What an event waits for or does, ``None`` for a plain one; a kind that is not ``accepted`` is refused."""
    found = None
    for child in source:
        kind = etree.QName(child)
        if f"{{{kind.namespace}}}" != BPMN or not kind.localname.endswith("EventDefinition"):
            continue
        if kind.localname not in accepted or found is not None:
            raise InvalidScenario("scenario.unknown_event", element=element, kind=kind.localname)
        found = child
    return found


def _read_output(source: etree._Element, element: str) -> Output | None:
    into = read_variable(source.get("name"), element)
    if into is None:
        return None
    slot = source.get("configName", "")
    children = list(source)
    if len(children) == 1 and children[0].tag == f"{CAMUNDA}script":
        tagged = _read_tagged(children[0].text, element)
        if tagged is not None and tagged.type == "outputResult":
            return Output(into, tagged.value if tagged.value and isinstance(tagged.value, str) else slot)
        value: Parameter = _read_script(children[0].text, element)
        is_const = tagged is not None and tagged.type == "const"
        return Output(into, slot, value if is_const or value != Const(None) else None)
    value = read_parameter(source, element)
    return Output(into, slot, value if value != Const(None) else None)


def _read_value(source: etree._Element, element: str) -> Parameter:
    match source.tag:
        case tag if tag == f"{CAMUNDA}script":
            return _read_script(source.text, element)
        case tag if tag == f"{CAMUNDA}value":
            return _read_item(source, element)
        case tag if tag == f"{CAMUNDA}list":
            children = list(source)
            if len(children) == 1 and children[0].tag == f"{CAMUNDA}value":
                return _read_item(children[0], element)
            return ListOf(tuple(_read_value(child, element) for child in children))
        case tag if tag == f"{CAMUNDA}map":
            return MapOf(tuple(_read_entry(child, element) for child in source))
        case tag:
            raise InvalidScenario("scenario.bad_parameter", element=element, problem=etree.QName(tag).localname)


def _read_item(source: etree._Element, element: str) -> Const | Script:
    text = source.text or ""
    match source.get("type", "const"):
        case "const":
            return Const(text)
        case "script":
            return _expression(text)
        case kind:
            raise InvalidScenario("scenario.bad_parameter", element=element, problem=f"type {kind[:40]!r}")


def _read_entry(source: etree._Element, element: str) -> tuple[Parameter, Parameter]:
    key = source.get("key")
    if source.tag != f"{CAMUNDA}entry" or key is None:
        raise InvalidScenario("scenario.bad_parameter", element=element, problem="an entry without a key")
    return (Script(_template(key)) if "${" in key else Const(key)), read_parameter(source, element)


def _template(text: str) -> str:
    """A JavaScript template literal: inserts stay as they are, the text around them is quoted."""
    pieces = _INSERT.split(text)
    pieces[::2] = [re.sub(r"[\\`]|\$(?=\{)", r"\\\g<0>", piece) for piece in pieces[::2]]
    return f"`{''.join(pieces)}`"


def _read_script(text: str | None, element: str) -> Const | Script:
    tagged = _read_tagged(text, element)
    if tagged is None:
        return _expression(text or "")
    if tagged.type == "const":
        return Const(tagged.value)
    if tagged.type != "script":
        raise InvalidScenario("scenario.bad_parameter", element=element, problem=f"type {tagged.type[:40]!r}")
    return _expression(tagged.value) if isinstance(tagged.value, str) else Const(tagged.value)


def _read_tagged(text: str | None, element: str) -> _Tagged | None:
    """The JSON of the dialect; ``None`` for a text that is the expression itself."""
    if text is None or not _TAGGED.match(text):
        return None
    try:
        return msgspec.json.decode(text, type=_Tagged)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidScenario("scenario.bad_parameter", element=element, problem=error) from None


def _expression(text: str) -> Const | Script:
    return Script(text) if text.strip() else Const(None)
