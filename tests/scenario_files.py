"""Small scenario files, written node by node in the dialect of Bpium's."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from live_server import LiveServer

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"><bpmn:process id="P" isExecutable="false">'
)


class ScenarioFile:
    """``ScenarioFile().start("a").call("a", "setvar", …).flow("a", "b").end("b").xml``; expressions are JavaScript."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._flows = 0

    @property
    def xml(self) -> str:
        return _HEAD + "".join(self._parts) + "</bpmn:process></bpmn:definitions>"

    def start(self, following: str) -> "ScenarioFile":
        self._parts.append('<bpmn:startEvent id="start"/>')
        return self.flow("start", following)

    def end(self, node: str = "end") -> "ScenarioFile":
        self._parts.append(f"<bpmn:endEvent id={quoteattr(node)}/>")
        return self

    def call(
        self,
        node: str,
        component: str,
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, tuple[str, str]] | None = None,
    ) -> "ScenarioFile":
        """A service task; an input is a constant or ``js(expression)``, an output ``{variable: (slot, expression)}``."""
        given = "".join(
            f"<camunda:inputParameter name={quoteattr(name)}>{_value(value)}</camunda:inputParameter>"
            for name, value in (inputs or {}).items()
        )
        taken = "".join(
            f"<camunda:outputParameter name={quoteattr(name)} configName={quoteattr(slot)}>"
            f"{_script('script' if code else 'outputResult', code or slot)}</camunda:outputParameter>"
            for name, (slot, code) in (outputs or {}).items()
        )
        self._parts.append(
            f"<bpmn:serviceTask id={quoteattr(node)}><bpmn:extensionElements><camunda:connector><camunda:connectorId>"
            f"{component}</camunda:connectorId></camunda:connector><camunda:inputOutput>{given}{taken}"
            "</camunda:inputOutput></bpmn:extensionElements></bpmn:serviceTask>"
        )
        return self

    def set(self, node: str, **variables: str) -> "ScenarioFile":
        """Sets variables to the values of expressions; ``_status`` is ``$status``."""
        outputs = {
            name.replace("_", "$", 1) if name.startswith("_") else name: ("vars", code)
            for name, code in variables.items()
        }
        return self.call(node, "setvar", outputs=outputs)

    def gateway(self, node: str, default: str = "") -> "ScenarioFile":
        attribute = f" default={quoteattr(default)}" if default else ""
        self._parts.append(f"<bpmn:exclusiveGateway id={quoteattr(node)}{attribute}/>")
        return self

    def timer(self, node: str, duration: str) -> "ScenarioFile":
        self._parts.append(
            f"<bpmn:intermediateCatchEvent id={quoteattr(node)}>{_timer(duration)}</bpmn:intermediateCatchEvent>"
        )
        return self

    def on_error(self, node: str, attached_to: str, code: str = "code", message: str = "message") -> "ScenarioFile":
        self._parts.append(
            f"<bpmn:boundaryEvent id={quoteattr(node)} attachedToRef={quoteattr(attached_to)}><bpmn:errorEventDefinition "
            f"camunda:errorCodeVariable={quoteattr(code)} camunda:errorMessageVariable={quoteattr(message)}/></bpmn:boundaryEvent>"
        )
        return self

    def on_timeout(self, node: str, attached_to: str, duration: str) -> "ScenarioFile":
        self._parts.append(
            f"<bpmn:boundaryEvent id={quoteattr(node)} attachedToRef={quoteattr(attached_to)}>{_timer(duration)}</bpmn:boundaryEvent>"
        )
        return self

    def flow(self, source: str, target: str, condition: str = "", name: str = "") -> "ScenarioFile":
        self._flows += 1
        flow = name or f"flow{self._flows}"
        inner = ""
        if condition:
            text = escape(json.dumps({"type": "script", "value": condition}))
            inner = f"<bpmn:conditionExpression>{text}</bpmn:conditionExpression>"
        self._parts.append(
            f"<bpmn:sequenceFlow id={quoteattr(flow)} sourceRef={quoteattr(source)} targetRef={quoteattr(target)}>{inner}"
            "</bpmn:sequenceFlow>"
        )
        return self


class js(str):  # noqa: N801 (reads as a word in front of an expression)
    """An expression, where a plain text would be a constant."""

    __slots__ = ()


def _value(value: Any) -> str:
    if isinstance(value, js):
        return _script("script", value)
    if isinstance(value, Mapping):
        entries = "".join(
            f"<camunda:entry key={quoteattr(key)}>{_value(item)}</camunda:entry>" for key, item in value.items()
        )
        return f"<camunda:map>{entries}</camunda:map>"
    return _script("const", value)


def _script(kind: str, value: Any) -> str:
    return f'<camunda:script scriptFormat="JavaScript">{escape(json.dumps({"type": kind, "value": value}))}</camunda:script>'


def _timer(duration: str) -> str:
    return f"<bpmn:timerEventDefinition><bpmn:timeDuration>{duration}</bpmn:timeDuration></bpmn:timerEventDefinition>"


def as_file(xml: str | bytes, title: str = "scenario.bpmn") -> list[dict[str, str]]:
    """The value of ``$scripts.$file`` with this content."""
    content = xml.encode() if isinstance(xml, str) else xml
    return [{"title": title, "src": "data:application/bpmn+xml;base64," + base64.b64encode(content).decode()}]


def listen(server: LiveServer, url_id: str, xml: str) -> str:
    """Saves a scenario and listens with it; the path of the external request."""
    sent = {"values": {"$name": url_id, "$file": as_file(xml)}}
    script = server.api("POST", "/catalogs/$scripts/records", sent)["id"]
    link = [{"catalogId": "$scripts", "recordId": script}]
    values = {"$status": "$on", "$name": url_id, "$urlId": url_id, "$script": link}
    server.api("POST", "/catalogs/$webRequests/records", {"values": values})
    return f"/api/webrequest/{url_id}"
