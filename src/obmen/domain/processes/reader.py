"""Reads a scenario file (BPMN 2.0 XML) into its graph, and refuses what could not run, naming the element at fault.

The file comes from outside: no entity is expanded, no DTD read, no address opened. Sequence flows say what is
connected; the ``incoming`` and ``outgoing`` lists of the elements only repeat them. Called by ``$scripts`` when a
scenario is saved and by runners when one is loaded.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from lxml import etree
from msgspec.structs import replace

from obmen.domain.processes.dialect import BPMN, read_condition
from obmen.domain.processes.elements import elements, names_by_tag
from obmen.domain.processes.scenarios import Flow, Node, Scenario
from obmen.domain.processes.turns import Resolve
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


def read(source: bytes, resolve: Resolve) -> Scenario:
    """The graph of the process that has a start event; `InvalidScenario` with the id of the ``element`` at fault.

    ``resolve`` gives the component for a connector id, or ``None`` where there is none.
    """
    process = _process(_parse(source))
    drafts: dict[str, Node] = {}
    lines: list[etree._Element] = []
    taken: set[str] = set()
    for tag, child in _parts(process):
        if tag in PASSED_OVER:
            continue
        element_id = _own_id(child, tag, taken)
        if tag == "sequenceFlow":
            lines.append(child)
        else:
            drafts[element_id] = _draft(child, tag, element_id, resolve)
    outgoing = _flows(lines, drafts, _defaults(process))
    attached = _attached(drafts)
    nodes = {
        node_id: replace(node, outgoing=tuple(outgoing[node_id]), attached=tuple(attached[node_id]))
        for node_id, node in drafts.items()
    }
    return Scenario(_starts(process)[0].get("id", ""), nodes)


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


def _own_id(child: etree._Element, tag: str, taken: set[str]) -> str:
    element_id = child.get("id")
    if not element_id:
        raise InvalidScenario("scenario.no_id", kind=tag)
    if element_id in taken:
        raise InvalidScenario("scenario.duplicate_id", element=element_id)
    taken.add(element_id)
    return element_id


def _draft(child: etree._Element, tag: str, element_id: str, resolve: Resolve) -> Node:
    """A node as its own XML tells it, not yet connected."""
    if (name := names_by_tag().get(tag)) is None:
        raise InvalidScenario("scenario.unknown_element", element=element_id, kind=tag)
    return elements()[name].parse(child, Node(id=element_id, name=child.get("name", ""), element=name), resolve)


def _defaults(process: etree._Element) -> dict[str, str]:
    """The default flow of each node that names one."""
    return {child.get("id", ""): default for _, child in _parts(process) if (default := child.get("default"))}


def _flows(lines: list[etree._Element], nodes: dict[str, Node], defaults: dict[str, str]) -> dict[str, list[Flow]]:
    outgoing: dict[str, list[Flow]] = defaultdict(list)
    for line in lines:
        flow_id, source, target = line.get("id", ""), line.get("sourceRef", ""), line.get("targetRef", "")
        if source not in nodes or not elements()[nodes[source].element].has_outgoing:
            raise InvalidScenario("scenario.flow_from_nowhere", element=flow_id, source=source)
        if target not in nodes or not elements()[nodes[target].element].has_incoming:
            raise InvalidScenario("scenario.flow_to_nowhere", element=flow_id, target=target)
        condition = read_condition(line, flow_id)
        outgoing[source].append(Flow(flow_id, target, condition, is_default=defaults.get(source) == flow_id))
    for node_id, default in defaults.items():
        if not any(flow.id == default for flow in outgoing[node_id]):
            raise InvalidScenario("scenario.bad_default", element=node_id, flow=default)
    return outgoing


def _attached(nodes: dict[str, Node]) -> dict[str, list[str]]:
    attached: dict[str, list[str]] = defaultdict(list)
    for node in nodes.values():
        if node.attached_to is None:
            continue
        host = nodes.get(node.attached_to)
        if host is None or not elements()[host.element].carries_events:
            raise InvalidScenario("scenario.attached_to_nothing", element=node.id, host=node.attached_to)
        attached[host.id].append(node.id)
    return attached
