"""Reads a scenario file (BPMN 2.0 XML) into its graph, and refuses what could not run, naming the elements at fault.

The file comes from outside: no entity is expanded, no DTD read, no address opened. Sequence flows say what is
connected; the ``incoming`` and ``outgoing`` lists of the elements only repeat them. Called by ``$scripts`` when a
scenario is saved and by runners when one is loaded.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from lxml import etree
from msgspec.structs import replace

from obmen.domain.processes.dialect import BPMN, read_condition, refusal
from obmen.domain.processes.faults import Faults
from obmen.domain.processes.scenarios import Flow, Node, Scenario
from obmen.domain.processes.turns import Element, Resolve
from obmen.domain.processes.unsupported import refuse_what_cannot_run, refuse_what_process_asks_for
from obmen.domain.raw_bodies import RAW_BODY
from obmen.errors import InvalidScenario

PASSED_OVER: Final = frozenset(
    {
        "artifact",
        "association",
        "auditing",
        "dataObject",
        "dataObjectReference",
        "dataStoreReference",
        "documentation",
        "extensionElements",
        "group",
        "ioSpecification",
        "laneSet",
        "monitoring",
        "property",
        "textAnnotation",
    }
)
"""Parts of a process that say nothing about how it runs."""
MOST_PARTS: Final = 5_000
"""Elements and flows of a scenario; each is looked at while others wait."""


class ScenarioReader:
    """Reads scenarios made of ``elements`` (by tag of the XML); ``resolve`` gives the component for a connector id, or ``None``."""

    def __init__(self, elements: Mapping[str, Element], resolve: Resolve) -> None:
        self._elements = elements
        self._resolve = resolve

    def read(self, source: bytes) -> Scenario:
        """The graph of the process that has a start event; `InvalidScenario` with all its faults and their elements."""
        process = _process(_parse(source))
        if len(process) > MOST_PARTS:
            raise InvalidScenario("scenario.too_large", found=len(process), limit=MOST_PARTS)
        draft = _Draft()
        with draft.faults.collected():
            refuse_what_process_asks_for(process, _Named(process.get("id", ""), process.get("name", "")))
        for tag, child in _parts(process):
            if tag not in PASSED_OVER:
                with draft.faults.collected():
                    self._add(draft, child, tag)
        draft.connect(_defaults(process))
        draft.faults.raise_any()
        reads_raw_body = RAW_BODY in etree.tostring(process, encoding="unicode")
        return Scenario(_starts(process)[0].get("id", ""), draft.nodes, reads_raw_body)

    def _add(self, draft: "_Draft", child: etree._Element, tag: str) -> None:
        """Takes an element as its own XML tells it, not yet connected."""
        named = _Named(child.get("id", ""), child.get("name", ""))
        draft.take_id(named, tag)
        with draft.faults.collected():
            refuse_what_cannot_run(child, named)
        if tag == "sequenceFlow":
            draft.lines.append(child)
        elif (element := self._elements.get(tag)) is None:
            raise refusal("unknown_element", named, kind=tag, known=", ".join(self._elements))
        else:
            node = Node(id=named.id, name=named.name, element=element)
            draft.nodes[node.id] = element.parse(child, node, self._resolve)


class _Named(msgspec.Struct, frozen=True):
    id: str
    name: str


class _Draft:
    """A graph while it is read. What refers to an element that has a fault of its own is no further fault."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.nodes: dict[str, Node] = {}
        self.lines: list[etree._Element] = []
        self._ids: set[str] = set()
        self._known: set[str] = set()

    def take_id(self, named: _Named, tag: str) -> None:
        """`InvalidScenario` for an element without an id of its own."""
        if not named.id:
            raise InvalidScenario("scenario.no_id", kind=tag)
        if named.id in self._ids:
            raise refusal("duplicate_id", named)
        self._ids.add(named.id)

    def connect(self, defaults: dict[str, str]) -> None:
        """Gives the nodes their flows and boundary events."""
        outgoing: dict[str, list[Flow]] = defaultdict(list)
        self._known = {*self.nodes, *(line.get("id", "") for line in self.lines)}
        flows: set[str] = set()
        for line in self.lines:
            with self.faults.collected():
                source, flow = self._flow(line, defaults)
                outgoing[source].append(flow)
                flows.add(flow.id)
        attached: dict[str, list[str]] = defaultdict(list)
        for node in self.nodes.values():
            with self.faults.collected():
                if node.attached_to is not None and (host := self._host(node)):
                    attached[host].append(node.id)
        self._known = {*self.nodes, *flows}
        for node_id, default in defaults.items():
            with self.faults.collected():
                is_left_by = any(flow.id == default for flow in outgoing[node_id])
                if node_id in self.nodes and not is_left_by and not self._is_broken(default):
                    raise refusal("bad_default", self.nodes[node_id], flow=default)
        for node_id, node in self.nodes.items():
            self.nodes[node_id] = replace(node, outgoing=tuple(outgoing[node_id]), attached=tuple(attached[node_id]))

    def _flow(self, line: etree._Element, defaults: dict[str, str]) -> tuple[str, Flow]:
        """A flow and the id of the node it leaves."""
        named = _Named(line.get("id", ""), line.get("name", ""))
        source, target = line.get("sourceRef", ""), line.get("targetRef", "")
        if not self._is_broken(source) and (source not in self.nodes or not self.nodes[source].element.has_outgoing):
            raise refusal("flow_from_nowhere", named, source=source)
        if not self._is_broken(target) and (target not in self.nodes or not self.nodes[target].element.has_incoming):
            raise refusal("flow_to_nowhere", named, target=target)
        condition = read_condition(line, named)
        return source, Flow(named.id, target, condition, is_default=defaults.get(source) == named.id)

    def _host(self, event: Node) -> str | None:
        """The node that a boundary event stands on; ``None`` where that one has a fault."""
        host = event.attached_to or ""
        if self._is_broken(host):
            return None
        if host not in self.nodes or not self.nodes[host].element.carries_events:
            raise refusal("attached_to_nothing", event, host=host)
        return host

    def _is_broken(self, element_id: str) -> bool:
        """Whether an element of the file was refused."""
        return element_id in self._ids and element_id not in self._known


def _parse(source: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(source, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InvalidScenario("scenario.not_xml", problem=error) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise InvalidScenario("scenario.doctype")
    return root


def _process(root: etree._Element) -> etree._Element:
    processes = root.findall(f"{BPMN}process")
    if not processes:
        raise InvalidScenario("scenario.no_process")
    startable = [process for process in processes if _starts(process)]
    if not startable:
        raise InvalidScenario("scenario.no_start", element=processes[0].get("id"))
    if len(startable) > 1:
        raise InvalidScenario("scenario.several_processes", element=startable[1].get("id"))
    (process,) = startable
    if len(starts := _starts(process)) > 1:
        raise InvalidScenario("scenario.several_starts", element=starts[1].get("id"))
    return process


def _starts(process: etree._Element) -> list[etree._Element]:
    return process.findall(f"{BPMN}startEvent")


def _parts(process: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """The BPMN elements of a process with their names; elements of other vocabularies are passed over."""
    for child in process:
        if child.tag.startswith(BPMN):
            yield child.tag.removeprefix(BPMN), child


def _defaults(process: etree._Element) -> dict[str, str]:
    """The default flow of each node that names one."""
    return {child.get("id", ""): default for _, child in _parts(process) if (default := child.get("default"))}
