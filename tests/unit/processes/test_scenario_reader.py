"""The reader: real files become graphs, and what could not run is refused with the element at fault."""

from datetime import timedelta
from pathlib import Path

import pytest

from obmen import messages
from obmen.domain.processes import elements
from obmen.domain.processes.elements import service_task
from obmen.domain.processes.reader import ScenarioReader
from obmen.domain.processes.scenarios import Call, Const, Flow, ListOf, MapOf, Output, Script, fill, scripts
from obmen.domain.processes.targets import read_target
from obmen.errors import InvalidScenario

SCENARIOS = Path(__file__).parents[2] / "data" / "scenarios"
COMPONENTS = {"setvar", "code", "bpiumGetCatalog", "bpiumAdd", "bpiumEdit", "bpiumFindRecords", "webRequest"}

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:c="http://camunda.org/schema/1.0/bpmn" '
    'xmlns:other="urn:other" xmlns:z="http://camunda.org/schema/zeebe/1.0" xmlns:f="http://flowable.org/bpmn" '
    'xmlns:a="http://activiti.org/bpmn" xmlns:d="http://www.jboss.org/drools">'
)


def resolve(connector_id):
    return connector_id if connector_id in COMPONENTS else None


READER = ScenarioReader(elements.collect(), resolve)


def read(process, *, attributes='id="P"'):
    return READER.read(f"{HEAD}<process {attributes}>{process}</process></definitions>".encode())


def flow(flow_id, source, target, inside=""):
    return f'<sequenceFlow id="{flow_id}" sourceRef="{source}" targetRef="{target}">{inside}</sequenceFlow>'


def condition(text):
    return f"<conditionExpression><![CDATA[{text}]]></conditionExpression>"


def task(inside, connector="setvar"):
    return (
        f'<serviceTask id="t"><extensionElements><c:connector><c:connectorId>{connector}</c:connectorId></c:connector>'
        f"<c:inputOutput>{inside}</c:inputOutput></extensionElements></serviceTask>"
    )


def call(inside):
    return read(f'<startEvent id="s"/>{task(inside)}').nodes["t"].call


def given(inside):
    """The template of one input parameter."""
    ((name, parameter),) = call(f'<c:inputParameter name="p">{inside}</c:inputParameter>').inputs
    assert name == "p"
    return parameter


def tagged(text):
    return f"<c:script><![CDATA[{text}]]></c:script>"


# --- real files ---------------------------------------------------------------------------------------------------


def real(name):
    return READER.read((SCENARIOS / name).read_bytes())


def test_get_request():
    scenario = real("GetRequest.bpmn")
    nodes = scenario.nodes
    assert scenario.start == "StartEvent_0fjrq1j"
    assert len(nodes) == 11
    assert nodes["ServiceTask_0hd9rp6"].call == Call(
        "setvar", (), (Output(read_target("catalogId"), "vars", Script("'48'")),)
    )
    catalog = nodes["ServiceTask_056t521"]
    assert catalog.name == "Структура каталога"
    assert catalog.attached == ("BoundaryEvent_06if319",)
    assert catalog.call == Call(
        "bpiumGetCatalog",
        (("catalogFormat", Const("var")), ("catalogId", Const(None)), ("catalogIdFromVar", Script("catalogId"))),
        (Output(read_target("catalogStruct"), "output"),),
    )
    code = dict(nodes["ServiceTask_0eeguyf"].call.inputs)
    assert code["variables"] == MapOf(
        ((Const("body"), Script("body")), (Const("catalogStruct"), Script("catalogStruct")))
    )
    assert code["source"].value.endswith("return values")
    assert dict(nodes["ServiceTask_17xhb61"].call.inputs)["values1"] == ListOf(())
    event = nodes["BoundaryEvent_06if319"]
    assert (event.code_into, event.message_into) == (("getStructErrCode",), ("getStructErrMessage",))
    assert nodes["ExclusiveGateway_1sls290"].outgoing == (
        Flow("SequenceFlow_0skd4y5", "ServiceTask_0hd9rp6", None, is_default=True),
        Flow("SequenceFlow_0js3206", "EndEvent_09obpev", Script("body.test === 'test'")),
    )


def test_calendar_fill():
    nodes = real("calendarFill.bpmn").nodes
    assert nodes["IntermediateCatchEvent_0hp0ls4"].duration == timedelta(milliseconds=100)
    assert len(nodes) == 10


def test_set_work_day():
    nodes = real("setWorkDay.bpmn").nodes
    values = dict(nodes["ServiceTask_0ijz9a0"].call.inputs)["values1"]
    assert values == MapOf(((Const("5"), Script('_.get(foundedWorkTime, "0.values.5", "")')),))


# --- parameters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inside", "parameter"),
    [
        (tagged('{"type":"script","value":"a + 1"}'), Script("a + 1")),
        (tagged('{"type":"script","value":""}'), Const(None)),
        (tagged('{"type":"script"}'), Const(None)),
        (tagged('{"type":"script","value":7}'), Const(7)),
        (tagged('{"type":"const","value":""}'), Const("")),
        (tagged('{"type":"const","value":{"a":[1]}}'), Const({"a": [1]})),
        (tagged("a + 1"), Script("a + 1")),
        (tagged("{at: 1}"), Script("{at: 1}")),
        (tagged(""), Const(None)),
        ("plain text", Const("plain text")),
        ("", Const(None)),
        ('<c:list><c:value type="const">GET</c:value></c:list>', Const("GET")),
        ('<c:list><c:value type="script">a</c:value></c:list>', Script("a")),
        ("<c:list/>", ListOf(())),
        ("<c:list><c:value>a</c:value><c:value>b</c:value></c:list>", ListOf((Const("a"), Const("b")))),
        (f"<c:list>{tagged('a')}</c:list>", ListOf((Script("a"),))),
        ('<c:map><c:entry key="1">text</c:entry></c:map>', MapOf(((Const("1"), Const("text")),))),
        (
            '<c:map><c:entry key="a"><c:list><c:value>x</c:value></c:list></c:entry>'
            '<c:entry key="b"><c:map/></c:entry></c:map>',
            MapOf(((Const("a"), Const("x")), (Const("b"), MapOf(())))),
        ),
        ('<c:map><c:entry key="a`${id}\\"/></c:map>', MapOf(((Script("`a\\`${id}\\\\`"), Const(None)),))),
    ],
)
def test_a_parameter_is_read(inside, parameter):
    assert given(inside) == parameter


@pytest.mark.parametrize(
    "inside",
    [
        tagged('{"type":"script","value":"a"'),
        tagged('{"type":"formula","value":"a"}'),
        tagged('{"value":"a"}'),
        '<c:list><c:value type="secret">a</c:value></c:list>',
        "<c:map><c:entry>text</c:entry></c:map>",
        "<c:table/>",
        "<c:list/><c:list/>",
    ],
)
def test_a_broken_parameter_is_refused(inside):
    with pytest.raises(InvalidScenario) as refused:
        given(inside)
    assert (refused.value.message, refused.value.element) == ("scenario.bad_parameter", "t")


def test_a_refusal_does_not_repeat_the_value():
    with pytest.raises(InvalidScenario) as refused:
        given(tagged('{"type":"const","value":"password1"'))
    assert "password1" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ('{"type":"outputResult","value":"output_body"}', Output(read_target("a.b"), "output_body")),
        ('{"type":"outputResult","value":""}', Output(read_target("a.b"), "slot")),
        ('{"type":"script","value":""}', Output(read_target("a.b"), "slot")),
        ('{"type":"script","value":"i + 1"}', Output(read_target("a.b"), "slot", Script("i + 1"))),
        ('{"type":"const","value":null}', Output(read_target("a.b"), "slot", Const(None))),
    ],
)
def test_an_output_is_read(text, output):
    read_output = f'<c:outputParameter name="a.b" configName="slot">{tagged(text)}</c:outputParameter>'
    assert call(read_output).outputs == (output,)


def test_an_output_without_a_name_is_ignored():
    assert call(f'<c:outputParameter name="" configName="output">{tagged("a")}</c:outputParameter>').outputs == ()


@pytest.mark.parametrize("name", ["a..b", ".a", "a.", ".".join("a" * 33), "a[", "a[]", "a]b", "${", "${}", "a['x"])
def test_an_output_to_no_variable_is_refused(name):
    with pytest.raises(InvalidScenario) as refused:
        call(f'<c:outputParameter name="{name}" configName="output"/>')
    assert (refused.value.message, refused.value.element) == ("scenario.bad_variable", "t")


def test_a_template_is_filled_in_the_order_of_its_scripts():
    template = MapOf(
        (
            (Script("`k${a}`"), ListOf((Script("b"), Const(1), MapOf(((Const("x"), Script("c")),))))),
            (Const("last"), Script("d")),
        )
    )
    assert scripts(template) == ["`k${a}`", "b", "c", "d"]
    values = iter(["k7", [2], None, "D", "left"])
    assert fill(template, values) == {"k7": [[2], 1, {"x": None}], "last": "D"}
    assert list(values) == ["left"]


@pytest.mark.parametrize("connector", ["", "  "])
def test_a_task_without_a_component_is_plain(connector):
    assert read(f'<startEvent id="s"/>{task("", connector)}').nodes["t"].call is None
    assert read('<startEvent id="s"/><task id="t"/>').nodes["t"].element is service_task.ELEMENT


# --- durations ----------------------------------------------------------------------------------------------------


def timer(text):
    return (
        '<startEvent id="s"/><intermediateCatchEvent id="w"><timerEventDefinition>'
        f"<timeDuration>{text}</timeDuration></timerEventDefinition></intermediateCatchEvent>"
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT0.1S", 0.1),
        ("PT0,5S", 0.5),
        (" PT10S ", 10),
        ("PT1M", 60),
        ("P1DT12H300S", 86_400 + 43_200 + 300),
        ("P1Y2M", 425 * 86_400),
        ("P2W", 14 * 86_400),
        ("PT0S", 0),
    ],
)
def test_a_duration_is_read(text, seconds):
    assert read(timer(text)).nodes["w"].duration == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "10", "P", "PT", "P1DT", "-PT1S", "PT1X", "i", "P101Y", "P99999999999Y", f"P{'9' * 400}D", "PT١S"]
)
def test_an_unreadable_duration_is_refused(text):
    with pytest.raises(InvalidScenario) as refused:
        read(timer(text))
    assert (refused.value.message, refused.value.element) == ("scenario.bad_duration", "w")


# --- what is passed over ------------------------------------------------------------------------------------------


def test_what_does_not_run_is_passed_over():
    scenario = read(
        '<laneSet id="l"><lane id="l1"/></laneSet><startEvent id="s"><documentation>x</documentation></startEvent>'
        '<textAnnotation id="a"><text>x</text></textAnnotation><association id="as" sourceRef="s" targetRef="a"/>'
        '<dataObject id="d"/><dataObjectReference id="dr"/><group id="g"/><other:thing/><!-- note --><?pi x?>',
        attributes='id="P" isExecutable="false"',
    )
    assert set(scenario.nodes) == {"s"}


def test_of_several_processes_the_one_that_starts_is_taken():
    source = (
        f'{HEAD}<process id="A"><task id="x"/></process><process id="B"><startEvent id="s"/></process></definitions>'
    )
    assert set(READER.read(source.encode()).nodes) == {"s"}


# --- what is refused ----------------------------------------------------------------------------------------------

START = '<startEvent id="s"/>'
BOUNDARY = '<boundaryEvent id="b" attachedToRef="{}"{}><errorEventDefinition/></boundaryEvent>'


@pytest.mark.parametrize(
    ("process", "problem", "element"),
    [
        ('<task id="t"/>', "no_start", "P"),
        (START + '<startEvent id="s2"/>', "several_starts", "s2"),
        (START + '<subProcess id="x"/>', "unknown_element", "x"),
        (START + task("", "teleport"), "unknown_component", "t"),
        (START + flow("f", "s", "nowhere"), "flow_to_nowhere", "f"),
        (START + flow("f", "nowhere", "s"), "flow_from_nowhere", "f"),
        (START + '<sequenceFlow id="f"/>', "flow_from_nowhere", "f"),
        (START + '<task id="t"/>' + flow("f", "t", "s"), "flow_to_nowhere", "f"),
        (START + '<endEvent id="e"/>' + flow("f", "e", "e"), "flow_from_nowhere", "f"),
        (START + '<task id="s"/>', "duplicate_id", "s"),
        (START + '<task id="t"/>' + flow("t", "s", "t"), "duplicate_id", "t"),
        (START + "<task/>", "no_id", None),
        (START + BOUNDARY.format("gone", ""), "attached_to_nothing", "b"),
        (START + BOUNDARY.format("", ""), "attached_to_nothing", "b"),
        (START + BOUNDARY.format("s", ""), "attached_to_nothing", "b"),
        (START + '<task id="t"/>' + BOUNDARY.format("t", ' cancelActivity="false"'), "non_interrupting", "b"),
        (START + '<task id="t"/><boundaryEvent id="b" attachedToRef="t"/>', "bad_duration", "b"),
        (
            START + '<task id="t"/><boundaryEvent id="b" attachedToRef="t"><signalEventDefinition/></boundaryEvent>',
            "unknown_event",
            "b",
        ),
        ('<startEvent id="s"><timerEventDefinition/></startEvent>', "unknown_event", "s"),
        (START + '<endEvent id="e"><messageEventDefinition/></endEvent>', "unknown_event", "e"),
        (START + '<exclusiveGateway id="g" default="f"/><task id="t"/>' + flow("f", "s", "t"), "bad_default", "g"),
        (START + '<task id="t"/>' + flow("f", "s", "t", condition(" ")), "empty_condition", "f"),
        (
            START + '<task id="t"/>' + flow("f", "s", "t", condition('{"type":"script","value":""}')),
            "empty_condition",
            "f",
        ),
        (START + '<task id="t"/>' + flow("f", "s", "t", condition('{"type":"script"')), "bad_parameter", "f"),
        (START + '<task id="t"/>' + flow("f", "s", "t", condition('{"type":"code"}')), "bad_parameter", "f"),
    ],
)
def test_a_process_that_could_not_run_is_refused(process, problem, element):
    with pytest.raises(InvalidScenario) as refused:
        read(process)
    assert (refused.value.message, refused.value.element) == (f"scenario.{problem}", element)
    for language in messages.LANGUAGES:
        assert "{" not in refused.value.text(language)


def test_an_unknown_component_is_named():
    with pytest.raises(InvalidScenario, match=r"task t calls the component 'teleport'"):
        read(START + task(f'<c:inputParameter name="p">{tagged("secret")}</c:inputParameter>', "teleport"))


@pytest.mark.parametrize(
    ("process", "problem", "named"),
    [
        (
            '<task id="t" name="Each"><multiInstanceLoopCharacteristics isSequential="true"/></task>',
            "loop",
            '"Each" (t)',
        ),
        ('<serviceTask id="t"><standardLoopCharacteristics/></serviceTask>', "loop", "standardLoopCharacteristics"),
        ('<serviceTask id="t" c:class="org.example.Send"/>', "foreign_code", "camunda:class"),
        ('<serviceTask id="t" c:expression="${bean.call()}"/>', "foreign_code", "camunda:expression"),
        ('<task id="t" c:delegateExpression="${bean}"/>', "foreign_code", "camunda:delegateExpression"),
        ('<serviceTask id="t" c:type="external" c:topic="x"/>', "foreign_code", "camunda:type"),
        (
            '<task id="t"><extensionElements><c:executionListener event="start"/></extensionElements></task>',
            "foreign_code",
            "camunda:executionListener",
        ),
        (
            '<task id="t"><extensionElements><c:failedJobRetryTimeCycle>R3/PT1M</c:failedJobRetryTimeCycle></extensionElements></task>',
            "foreign_code",
            "camunda:failedJobRetryTimeCycle",
        ),
        ('<serviceTask id="t" c:resultVariable="x"/>', "foreign_code", "camunda:resultVariable"),
        ('<endEvent id="t" c:initiator="who"/>', "foreign_code", "camunda:initiator"),
        ('<endEvent id="t" c:somethingNew="1"/>', "foreign_code", "camunda:somethingNew"),
        ('<serviceTask id="t" f:delegateExpression="${x}"/>', "foreign_code", "flowable:delegateExpression"),
        ('<serviceTask id="t" a:class="X"/>', "foreign_code", "activiti:class"),
        ('<task id="t" d:taskName="Log"/>', "foreign_code", "drools:taskName"),
        (
            '<serviceTask id="t"><extensionElements><z:taskDefinition type="x"/></extensionElements></serviceTask>',
            "foreign_code",
            "zeebe:taskDefinition",
        ),
        (
            '<exclusiveGateway id="t"><extensionElements><c:executionListener/></extensionElements></exclusiveGateway>',
            "foreign_code",
            "camunda:executionListener",
        ),
        (
            '<task id="x"/><sequenceFlow id="t-f" sourceRef="s" targetRef="x"><conditionExpression c:resource="a.js">1'
            "</conditionExpression></sequenceFlow>",
            "foreign_code",
            "camunda:resource",
        ),
        (
            '<task id="x"/><sequenceFlow id="t-f" sourceRef="s" targetRef="x"><extensionElements><c:executionListener/>'
            "</extensionElements></sequenceFlow>",
            "foreign_code",
            "camunda:executionListener",
        ),
        ('<task id="t" isForCompensation="true"/>', "unknown_part", "isForCompensation"),
        ('<serviceTask id="t" startQuantity="3"/>', "unknown_part", 'startQuantity="3"'),
        ('<task id="t"><somethingNew/></task>', "unknown_part", "somethingNew"),
        (
            task('<c:outputParameter name="a"><c:script scriptFormat="groovy">new JSON()</c:script></c:outputParameter>'),
            "other_language",
            "groovy",
        ),
        (
            task('<c:inputParameter name="a"><c:script scriptFormat="Python">1</c:script></c:inputParameter>'),
            "other_language",
            "Python",
        ),
        (
            task('<c:inputParameter name="a"><c:map><c:entry key="k"><c:script scriptFormat="juel">1</c:script>'
                 "</c:entry></c:map></c:inputParameter>"),
            "other_language",
            "juel",
        ),
        (
            task('<c:inputParameter name="a"><c:script scriptFormat="javascript" resource="a.js"/></c:inputParameter>'),
            "bad_parameter",
            "another file",
        ),
        (
            '<task id="t"/><sequenceFlow id="t-f" sourceRef="s" targetRef="t"><conditionExpression language="groovy">x'
            "</conditionExpression></sequenceFlow>",
            "other_language",
            "groovy",
        ),
        (
            '<task id="x"/><boundaryEvent id="t" attachedToRef="x"><errorEventDefinition c:errorCodeVariable="a[i]"/>'
            "</boundaryEvent>",
            "computed_variable",
            "a[i]",
        ),
        (
            '<task id="x"/><boundaryEvent id="t" attachedToRef="x"><errorEventDefinition c:errorMessageVariable="a["/>'
            "</boundaryEvent>",
            "bad_variable",
            "a[",
        ),
    ],
)  # fmt: skip
def test_what_would_be_left_out_silently_is_refused(process, problem, named):
    with pytest.raises(InvalidScenario) as refused:
        read(START + process)
    first = refused.value.problems[0]
    assert first.message == f"scenario.{problem}"
    assert (first.element or "").startswith("t")
    assert named in str(refused.value)
    assert named in refused.value.text("ru")


def test_what_an_element_and_its_parameters_ask_for_is_told_at_once():
    odd = task('<c:inputParameter name="a"><c:script scriptFormat="feel">1</c:script></c:inputParameter>', "teleport")
    odd = odd.replace('id="t"', 'id="t" name="Beam" z:retries="3" c:type="external" c:topic="x"')
    with pytest.raises(InvalidScenario) as refused:
        read(START + odd, attributes='id="P" f:candidateStarter="x"')
    texts = [str(problem) for problem in refused.value.problems]
    for named in (
        "flowable:candidateStarter",
        "zeebe:retries",
        "camunda:type",
        "camunda:topic",
        "'teleport'",
        "'feel'",
    ):
        assert any(named in text for text in texts), named
    assert all('"Beam" (t)' in text for text in texts[1:])


@pytest.mark.parametrize("language", ["JavaScript", "javascript", "ecmascript", "", "text/javascript"])
def test_javascript_has_several_names(language):
    assert given(f'<c:script scriptFormat="{language}">a</c:script>') == Script("a")


def test_what_other_tools_add_and_what_does_nothing_is_passed_over():
    scenario = read(
        START
        + '<task id="t" c:asyncBefore="true" c:priority="3" other:class="X" startQuantity="1" isForCompensation="false" '
        'implementation="##WebService"><documentation>x</documentation><ioSpecification/><extensionElements><c:properties>'
        '<c:property name="a"/></c:properties><z:properties/><other:color fill="red"/><other:executionListener/>'
        "</extensionElements><other:part/></task>" + flow("f", "s", "t", "<documentation/>")
    )
    assert set(scenario.nodes) == {"s", "t"}


def test_all_faults_of_a_file_are_told_at_once():
    with pytest.raises(InvalidScenario) as refused:
        read(
            START
            + '<parallelGateway id="pg" name="Both ways"/>'
            + '<serviceTask id="u" name="Letter"><extensionElements><c:connector><c:connectorId>teleport</c:connectorId>'
            '</c:connector><c:inputOutput><c:outputParameter name="a..b"/><c:outputParameter name="c["/></c:inputOutput>'
            "</extensionElements></serviceTask>"
            + '<boundaryEvent id="b" attachedToRef="u"><signalEventDefinition/></boundaryEvent>'
            + flow("f1", "s", "pg")
            + flow("f2", "pg", "u")
            + flow("f3", "u", "gone")
            + flow("f4", "s", "s", condition(" "))
        )
    found = [(problem.message.partition(".")[2], problem.element) for problem in refused.value.problems]
    assert found == [
        ("unknown_element", "pg"),
        ("unknown_component", "u"),
        ("bad_variable", "u"),
        ("bad_variable", "u"),
        ("unknown_event", "b"),
        ("flow_to_nowhere", "f3"),
        ("flow_to_nowhere", "f4"),
    ]
    for text in (str(refused.value), refused.value.text("ru")):
        assert '"Both ways" (pg)' in text
        assert '"Letter" (u)' in text
        assert "teleport" in text


def test_what_refers_to_a_faulty_element_is_no_further_fault():
    with pytest.raises(InvalidScenario) as refused:
        read(
            START
            + '<subProcess id="x"/><boundaryEvent id="b" attachedToRef="x"><errorEventDefinition/></boundaryEvent>'
            + '<exclusiveGateway id="g" default="f2"/>'
            + flow("f1", "x", "x")
            + flow("f2", "g", "x", condition('{"type":"code"}'))
        )
    assert [problem.element for problem in refused.value.problems] == ["x", "f2"]


def test_a_flow_is_no_place_to_go():
    with pytest.raises(InvalidScenario) as refused:
        read(START + '<task id="t"/>' + flow("f1", "s", "t") + flow("f2", "f1", "t") + flow("f3", "t", "f1"))
    assert [problem.element for problem in refused.value.problems] == ["f2", "f3"]


def test_the_body_as_it_came_is_asked_for_where_the_scenario_names_it():
    named = '<c:outputParameter name="a"><c:script>rawBody.length</c:script></c:outputParameter>'
    assert read(START + task(named)).reads_raw_body
    assert not read(START + task(named.replace("rawBody", "body"))).reads_raw_body


BOMB = "".join(f'<!ENTITY e{number + 1} "' + f"&e{number};" * 10 + '">' for number in range(11))


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (b"", "not_xml"),
        (b"\x00\xff", "not_xml"),
        (b"PK\x03\x04", "not_xml"),
        (b'{"json": true}', "not_xml"),
        (f"{HEAD}<process>".encode(), "not_xml"),
        (HEAD.encode() + b"\xff</definitions>", "not_xml"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "not_xml"),
        (b"<a>" * 5_000 + b"</a>" * 5_000, "not_xml"),
        (b"<html/>", "no_process"),
        (b'<definitions xmlns="urn:other"><process><startEvent id="s"/></process></definitions>', "no_process"),
        (
            (HEAD + "<process id='A'><startEvent id='s'/></process>" * 2 + "</definitions>").encode(),
            "several_processes",
        ),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "doctype"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a/>', "doctype"),
    ],
)
def test_what_is_no_scenario_is_refused(source, problem):
    with pytest.raises(InvalidScenario) as refused:
        READER.read(source)
    assert refused.value.message == f"scenario.{problem}"
    for language in messages.LANGUAGES:
        assert refused.value.text(language)


@pytest.mark.parametrize("place", ["<a>&e11;</a>", '<a b="&e11;"/>'])
def test_entities_do_not_explode(place):
    with pytest.raises(InvalidScenario):
        READER.read(f'<!DOCTYPE a [<!ENTITY e0 "boom">{BOMB}]>{place}'.encode())
