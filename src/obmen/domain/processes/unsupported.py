"""What an element of a scenario file asks for and would silently not get.

The rule: in BPMN and in the vocabularies of process engines (`ENGINES`) everything says how a process runs, so what is neither
done here nor known to change nothing is refused. Other vocabularies (diagrams, colours, notes of editors) say nothing about that and are
passed over. Called by `reader` for the process and each of its elements.
"""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from obmen.domain.processes.dialect import BPMN, CAMUNDA, Named, refusal
from obmen.domain.processes.faults import Faults

ENGINES: Final = {
    CAMUNDA: "camunda",
    "{http://camunda.org/schema/zeebe/1.0}": "zeebe",
    "{http://activiti.com/modeler}": "activiti",
    "{http://activiti.org/bpmn}": "activiti",
    "{http://flowable.org/bpmn}": "flowable",
    "{http://www.jboss.org/drools}": "drools",
}
"""Vocabularies in which files tell an engine what to do, by namespace."""

_LOOPS: Final = ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics")
_PASSED_PARTS: Final = frozenset({
    "auditing", "categoryValueRef", "conditionExpression", "dataInputAssociation", "dataOutputAssociation", "documentation",
    "extensionElements", "humanPerformer", "incoming", "ioSpecification", "monitoring", "outgoing", "performer", "potentialOwner",
    "property", "resourceRole",
})  # fmt: skip
"""Parts of BPMN elements that are read elsewhere, or change nothing."""
_USUAL: Final = {
    "completionQuantity": "1",
    "isForCompensation": "false",
    "isInterrupting": "true",
    "startQuantity": "1",
}
"""Attributes of BPMN that are taken with the value which they have where they are left out."""
_DONE_EXTENSIONS: Final = frozenset({"connector", "inputOutput"})
_DONE_ATTRIBUTES: Final = frozenset({"errorCodeVariable", "errorMessageVariable"})
_PASSED: Final = frozenset({
    "async", "asyncAfter", "asyncBefore", "candidateStarterGroups", "candidateStarterUsers", "diagramRelationId", "exclusive",
    "formData", "formDefinition", "formFieldValidation", "formKey", "formProperty", "formRef", "formRefBinding", "formRefVersion",
    "historyTimeToLive", "isStartableInTasklist", "jobPriority", "modelerTemplate", "modelerTemplateIcon", "modelerTemplateVersion",
    "priority", "properties", "taskPriority", "versionTag",
})  # fmt: skip
"""What engines are told about transactions, queues, forms and versions: it does not change what a process does."""


def refuse_what_cannot_run(source: etree._Element, at: Named) -> None:
    """`InvalidScenario` with everything that an element asks for and would not get."""
    faults = Faults()
    for message, kind in _asked_for(source):
        with faults.collected():
            raise refusal(message, at, kind=kind)
    faults.raise_any()


def refuse_what_process_asks_for(process: etree._Element, at: Named) -> None:
    """The same for the process itself, without its elements."""
    faults = Faults()
    for kind in (*_attributes(process), *_extensions(process)):
        with faults.collected():
            raise refusal("foreign_code", at, kind=kind)
    faults.raise_any()


def _asked_for(source: etree._Element) -> Iterator[tuple[str, str]]:
    """The messages and what they name."""
    for name, usual in _USUAL.items():
        if (given := source.get(name, usual)) != usual:
            yield "unknown_part", f'{name}="{given[:40]}"'
    for kind in (*_attributes(source), *_extensions(source)):
        yield "foreign_code", kind
    for child in source:
        namespace, name = _names(child.tag)
        if namespace in ENGINES:
            yield "foreign_code", f"{ENGINES[namespace]}:{name}"
        elif namespace == BPMN:
            for kind in _attributes(child):
                yield "foreign_code", kind
            if name in _LOOPS:
                yield "loop", name
            elif name not in _PASSED_PARTS and not name.endswith("EventDefinition"):
                yield "unknown_part", name


def _attributes(source: etree._Element) -> Iterator[str]:
    for attribute in source.attrib:
        namespace, name = _names(str(attribute))
        if namespace in ENGINES and name not in _PASSED | _DONE_ATTRIBUTES:
            yield f"{ENGINES[namespace]}:{name}"


def _extensions(source: etree._Element) -> Iterator[str]:
    for extension in source.iterfind(f"{BPMN}extensionElements/*"):
        namespace, name = _names(extension.tag)
        is_done = namespace == CAMUNDA and name in _DONE_EXTENSIONS
        if namespace in ENGINES and not is_done and name not in _PASSED:
            yield f"{ENGINES[namespace]}:{name}"


def _names(tag: str) -> tuple[str, str]:
    """The namespace in braces, as tags have it, and the name."""
    namespace, brace, name = tag.rpartition("}")
    return namespace + brace, name
