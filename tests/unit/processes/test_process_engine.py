"""The engine: what follows from each input at each element. No database, no event loop, no clock."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from obmen.domain.processes import elements
from obmen.domain.processes.engine import (
    TOKEN_LIMIT,
    TURN_LIMIT,
    Abandon,
    AssignOutputs,
    Broken,
    CallComponent,
    Completed,
    Done,
    Evaluate,
    Evaluated,
    Failed,
    Finish,
    Postponed,
    Returned,
    Start,
    State,
    TimePassed,
    Token,
    advance,
    assign,
    load,
    next_wake,
    outstanding,
    save,
)
from obmen.domain.processes.reader import ScenarioReader

READER = ScenarioReader(elements.collect(), lambda name: name)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:c="http://camunda.org/schema/1.0/bpmn">'
    '<process id="P"><startEvent id="s"/>'
)


def task(task_id):
    """A task that calls the component of its own name."""
    return (
        f'<serviceTask id="{task_id}"><extensionElements><c:connector><c:connectorId>{task_id}</c:connectorId>'
        "</c:connector></extensionElements></serviceTask>"
    )


def timer(duration):
    return f"<timerEventDefinition><timeDuration>{duration}</timeDuration></timerEventDefinition>"


def boundary(event_id, host, definition):
    return f'<boundaryEvent id="{event_id}" attachedToRef="{host}">{definition}</boundaryEvent>'


ERROR = '<errorEventDefinition c:errorCodeVariable="code" c:errorMessageVariable="error.text"/>'


def scenario(nodes, *flows):
    """Flows are written ``"a b"`` (id ``a-b``) or ``"a b condition"``."""
    lines = []
    for written in flows:
        source, target, *rest = written.split(maxsplit=2)
        inside = f"<conditionExpression><![CDATA[{rest[0]}]]></conditionExpression>" if rest else ""
        lines.append(
            f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}">{inside}</sequenceFlow>'
        )
    return READER.read(f"{HEAD}{nodes}{''.join(lines)}</process></definitions>".encode())


class Run:
    """A process with the last commands it gave."""

    def __init__(self, graph, variables=None, **limits):
        self.graph, self.limits, self.state, self.now = graph, limits, State(), NOW
        self.send(Start(variables or {}))

    def send(self, event):
        before = save(self.state)
        previous = self.state
        self.state, self.commands = advance(self.graph, self.state, event, self.now, **self.limits)
        assert save(previous) == before
        return self.commands

    def sleep(self, seconds):
        self.now += timedelta(seconds=seconds)
        return self.send(TimePassed())

    @property
    def asked(self):
        """``{element: token}`` of the last commands."""
        return {command.element: command.token for command in self.commands}


def test_start_to_end():
    run = Run(scenario('<endEvent id="e"/>', "s e"), {"a.b": 1})
    assert run.commands == (Finish(Done()),)
    assert run.state == State({"a.b": 1}, {}, 2, Done())


def test_a_process_starts_once():
    run = Run(scenario(task("a"), "s a"))
    state = run.state
    assert run.send(Start({"x": 1})) == ()
    assert run.state is state


def test_a_component_is_called_and_its_results_are_kept():
    graph = scenario(task("a") + task("b"), "s a", "a b")
    run = Run(graph, {"x": {"kept": 1}})
    assert run.commands == (CallComponent(2, "a", graph.nodes["a"].call),)
    commands = run.send(Completed(2, ((("x", "y", "z"), 5), (("n",), [1]), (("n",), None))))
    assert commands == (CallComponent(3, "b", graph.nodes["b"].call),)
    assert run.state.variables == {"x": {"kept": 1, "y": {"z": 5}}, "n": None}
    assert run.send(Completed(3)) == (Finish(Done()),)


def test_a_task_without_a_component_is_passed():
    assert Run(scenario('<task id="t"/>' + task("a"), "s t", "t a")).asked == {"a": 3}


def test_several_flows_run_in_parallel_and_pass_a_merge_one_by_one():
    run = Run(scenario(task("a") + task("b") + task("m"), "s a", "s b", "a m", "b m"))
    tokens = run.asked
    assert set(tokens) == {"a", "b"}
    assert [command.element for command in run.send(Completed(tokens["b"]))] == ["m"]
    second = run.send(Completed(tokens["a"]))
    assert [command.element for command in second] == ["m"]
    assert run.send(Completed(second[0].token)) == ()
    assert run.send(Completed(second[0].token - 1)) == (Finish(Done()),)


def test_flows_of_a_task_with_conditions():
    run = Run(scenario(task("a") + task("b") + task("c"), "s a 1", "s b 2", "s c"))
    assert run.commands == (Evaluate(1, "s", ("1", "2")),)
    assert [command.element for command in run.send(Evaluated(1, (False, 7)))] == ["b", "c"]


def test_an_end_event_takes_only_its_token():
    run = Run(scenario(task("a") + '<endEvent id="e"/>', "s a", "s e"))
    assert run.state.outcome is None
    assert run.send(Completed(run.asked["a"])) == (Finish(Done()),)


def test_a_terminating_end_event_ends_everything():
    end = '<endEvent id="e"><terminateEventDefinition/></endEvent>'
    run = Run(scenario(task("a") + task("b") + end, "s a", "s b", "b e"))
    assert run.send(Completed(run.asked["b"])) == (Finish(Done()),)
    assert run.state.tokens == {}


# --- exclusive gateway --------------------------------------------------------------------------------------------

GATEWAY = '<exclusiveGateway id="g" {}/>' + task("a") + task("b") + task("c")


def test_a_gateway_takes_the_first_flow_that_holds():
    run = Run(scenario(GATEWAY.format(""), "s g", "g a x", "g b y", "g c z"))
    assert run.commands == (Evaluate(2, "g", ("x", "y", "z")),)
    assert [command.element for command in run.send(Evaluated(2, (0, [], True)))] == ["b"]


@pytest.mark.parametrize("value", [False, 0, 0.0, -0.0, "", None, float("nan")])
def test_what_javascript_takes_for_false(value):
    run = Run(scenario(GATEWAY.format('default="g-a"'), "s g", "g a x", "g b y"))
    assert run.commands == (Evaluate(2, "g", ("y",)),)
    assert [command.element for command in run.send(Evaluated(2, (value,)))] == ["a"]


@pytest.mark.parametrize("value", [True, -1, 0.1, "0", "false", [], {}, float("inf")])
def test_what_javascript_takes_for_true(value):
    run = Run(scenario(GATEWAY.format('default="g-a"'), "s g", "g a", "g b y"))
    assert [command.element for command in run.send(Evaluated(2, (value,)))] == ["b"]


def test_a_gateway_with_one_flow_is_passed():
    assert set(Run(scenario(GATEWAY.format(""), "s g", "g a")).asked) == {"a"}
    assert set(Run(scenario(GATEWAY.format('default="g-a"'), "s g", "g a")).asked) == {"a"}


def test_a_constant_condition_needs_no_evaluation():
    run = Run(
        scenario(GATEWAY.format(""), "s g", 'g a {"type":"script","value":false}', 'g b {"type":"const","value":1}')
    )
    assert set(run.asked) == {"b"}


def test_a_gateway_with_nowhere_to_go_fails_the_process():
    run = Run(scenario(GATEWAY.format('name="Paid?"'), "s g", "g a x", "g b y"))
    (finish,) = run.send(Evaluated(2, (False, None)))
    assert (finish.outcome.code, finish.outcome.element) == ("no_branch", "g")
    assert "Paid?" in finish.outcome.message


def test_a_gateway_with_a_flow_without_a_condition_fails_the_process():
    run = Run(scenario(GATEWAY.format('default="g-a"'), "s g", "g a", "g b x", "g c"))
    (finish,) = run.commands
    assert (finish.outcome.code, finish.outcome.element) == ("no_condition", "g")
    assert "g-c" in finish.outcome.message


def test_a_condition_that_throws_fails_the_process():
    run = Run(scenario(GATEWAY.format('default="g-a"'), "s g", "g a", "g b x"))
    assert run.send(Failed(2, "script_failed", "x is not defined")) == (
        Finish(Broken("script_failed", "Step g: x is not defined", "g")),
    )


# --- timers and errors --------------------------------------------------------------------------------------------


def test_a_timer_sleeps():
    nodes = f'<intermediateCatchEvent id="w">{timer("PT10S")}</intermediateCatchEvent>' + task("a")
    run = Run(scenario(nodes, "s w", "w a"))
    assert run.commands == ()
    assert next_wake(run.state) == NOW + timedelta(seconds=10)
    assert run.sleep(9.999) == ()
    assert [command.element for command in run.sleep(0.001)] == ["a"]
    assert next_wake(run.state) is None
    assert run.sleep(1) == ()


def test_timers_that_are_due_fire_in_their_order():
    nodes = "".join(
        f'<intermediateCatchEvent id="w{n}">{timer(f"PT{n}S")}</intermediateCatchEvent>{task(f"a{n}")}'
        for n in (3, 1, 2)
    )
    run = Run(scenario(nodes, *(line for n in (3, 1, 2) for line in (f"s w{n}", f"w{n} a{n}"))))
    assert [command.element for command in run.sleep(2)] == ["a1", "a2"]
    assert [command.element for command in run.sleep(1)] == ["a3"]


def test_a_failure_is_caught():
    nodes = task("a") + boundary("late", "a", timer("PT1S")) + boundary("b", "a", ERROR) + task("h")
    run = Run(scenario(nodes, "s a", "b h"))
    assert [command.element for command in run.send(Failed(2, "not_found", "No catalog 7"))] == ["h"]
    assert run.state.variables == {"code": "not_found", "error": {"text": "No catalog 7"}}
    assert next_wake(run.state) is None


def test_a_failure_that_nobody_catches_fails_the_process():
    run = Run(scenario(task("a") + task("b") + boundary("x", "a", timer("PT1S")), "s a", "s b"))
    outcome = Broken("not_found", "Step a, a: No catalog 7", "a")
    assert run.send(Failed(run.asked["a"], "not_found", "No catalog 7")) == (Finish(outcome),)
    assert run.state.outcome == outcome


def test_an_event_without_a_way_on_swallows_the_failure():
    run = Run(scenario(task("a") + boundary("b", "a", "<errorEventDefinition/>"), "s a"))
    assert run.send(Failed(2, "x", "y")) == (Finish(Done()),)
    assert run.state.variables == {}


def test_a_boundary_timer_interrupts_and_the_late_answer_is_ignored():
    nodes = task("a") + boundary("b", "a", timer("PT5S")) + boundary("b2", "a", timer("PT4S")) + task("h") + task("h2")
    run = Run(scenario(nodes, "s a", "b h", "b2 h2"))
    assert run.sleep(5) == (Abandon(2), CallComponent(4, "h2", run.graph.nodes["h2"].call))
    state = run.state
    assert run.send(Completed(2, ((("x",), 1),))) == ()
    assert run.send(Failed(2, "x", "y")) == ()
    assert run.state is state


RETRY = """<errorEventDefinition c:errorCodeVariable="errors[1].code" c:errorMessageVariable="errors[1]['text']"/>"""


def test_a_component_that_did_nothing_is_called_again():
    graph = scenario(task("a") + task("h") + boundary("b", "a", RETRY), "s a", "b h")
    run = Run(graph)
    for _ in range(2):
        assert run.send(Postponed(2, "step_postponed", "No answer", 5)) == ()
        assert outstanding(graph, run.state) == ()
        assert next_wake(run.state) == run.now + timedelta(seconds=5)
        assert run.sleep(4.9) == ()
        assert run.sleep(0.1) == (CallComponent(2, "a", graph.nodes["a"].call),)
    assert [command.element for command in run.send(Postponed(2, "step_postponed", "No answer", 5))] == ["h"]
    assert run.state.variables == {"errors": [None, {"code": "step_postponed", "text": "No answer"}]}


def test_the_last_attempt_that_nobody_catches_fails_the_process():
    run = Run(scenario(task("a"), "s a"))
    for _ in range(2):
        run.send(Postponed(2, "step_postponed", "No answer", 1))
        run.sleep(1)
    (finish,) = run.send(Postponed(2, "step_postponed", "No answer", 1))
    assert (finish.outcome.code, finish.outcome.element) == ("step_postponed", "a")


def test_the_timer_of_a_task_goes_on_between_attempts():
    run = Run(scenario(task("a") + boundary("b", "a", timer("PT8S")) + task("h"), "s a", "b h"))
    run.send(Postponed(2, "step_postponed", "No answer", 5))
    assert set(run.sleep(5)) == {CallComponent(2, "a", run.graph.nodes["a"].call)}
    run.send(Postponed(2, "step_postponed", "No answer", 5))
    assert [command.element for command in run.sleep(3)] == ["h"]
    assert next_wake(run.state) is None
    assert len(run.state.tokens) == 1


def test_what_a_component_gave_is_kept_until_its_outputs_are_evaluated():
    graph = scenario(task("a") + boundary("b", "a", timer("PT1S")) + task("h"), "s a", "a h", "b h")
    run = Run(graph)
    pending = (AssignOutputs(2, "a", graph.nodes["a"].call, {"output": "7"}),)
    assert run.send(Returned(2, {"output": "7"})) == pending
    assert outstanding(graph, load(save(run.state))) == pending
    assert run.sleep(5) == ()
    assert [command.element for command in run.send(Completed(2, ((("id",), "7"),)))] == ["h"]
    assert run.state.variables == {"id": "7"}


def test_outputs_that_cannot_be_evaluated_are_a_failure_of_the_task():
    run = Run(scenario(task("a") + boundary("b", "a", ERROR) + task("h"), "s a", "b h"))
    run.send(Returned(2, {"output": "7"}))
    assert [command.element for command in run.send(Failed(2, "script_failed", "x is not defined"))] == ["h"]
    assert run.state.variables["code"] == "script_failed"


def test_an_end_event_with_an_error_is_an_end_like_any_other():
    end = '<endEvent id="e"><errorEventDefinition errorRef="x"/></endEvent>'
    run = Run(scenario(task("a") + end, "s a", "s e"))
    assert run.state.outcome is None
    assert run.send(Completed(run.asked["a"])) == (Finish(Done()),)


# --- laws ---------------------------------------------------------------------------------------------------------


def test_an_input_that_nobody_waits_for_changes_nothing():
    run = Run(scenario(task("a"), "s a"))
    state = run.state
    for late in (Completed(1), Completed(99), Evaluated(2, (True,)), TimePassed()):
        assert run.send(late) == ()
        assert run.state is state
    run.send(Completed(2))
    over = run.state
    for late in (Completed(2), Failed(2, "x", "y"), TimePassed(), Start({})):
        assert run.send(late) == ()
        assert run.state is over


def test_an_endless_loop_is_stopped():
    run = Run(scenario('<task id="t"/>', "s t", "t t"), step_limit=50)
    (finish,) = run.commands
    assert (finish.outcome.code, finish.outcome.element) == ("too_many_steps", "t")
    assert "50" in finish.outcome.message


def test_a_loop_that_waits_for_nothing_is_stopped_at_once():
    run = Run(scenario('<task id="t" name="Round"/>', "s t", "t t"))
    (finish,) = run.commands
    assert finish.outcome.code == "endless_loop"
    assert '"Round" (t)' in finish.outcome.message
    assert run.state.steps == TURN_LIMIT // 2 + 1  # each is looked at with its flow


@pytest.mark.parametrize("flows", [2, 20, 1_500])
def test_branches_that_multiply_on_their_way_are_stopped_in_few_steps(flows: int):
    back = "".join(f'<sequenceFlow id="f{n}" sourceRef="t" targetRef="t"/>' for n in range(flows))
    run = Run(scenario(f'<task id="t"/>{back}', "s t"))
    assert run.state.outcome.code == "too_many_tokens"
    assert "process.tokens" in run.state.outcome.message
    assert run.state.steps < TOKEN_LIMIT + 10


def test_many_flows_of_one_gateway_count():
    gateway = '<exclusiveGateway id="g" default="back"/>'
    condition = '<conditionExpression>{{"type":"const","value":0}}</conditionExpression>'
    never = f'<sequenceFlow id="n{{}}" sourceRef="g" targetRef="e">{condition}</sequenceFlow>'
    back = '<sequenceFlow id="back" sourceRef="g" targetRef="g"/><endEvent id="e"/>'
    run = Run(scenario(gateway + back + "".join(map(never.format, range(1_000))), "s g"))
    assert run.state.outcome.code == "endless_loop"
    assert run.state.steps < 2 * TURN_LIMIT // 1_000


def test_timers_count_as_places():
    watched = task("a") + "".join(boundary(f"t{n}", "a", timer("PT1H")) for n in range(30))
    assert Run(scenario(watched, "s a")).state.outcome is None
    run = Run(scenario(watched, "s a"), token_limit=30)
    assert run.state.outcome.code == "too_many_tokens"


def test_branches_that_multiply_are_stopped():
    run = Run(scenario(task("a") + task("b"), "s a", "s b", "a a", "a b", "b a", "b b"))
    while run.state.outcome is None:
        run.send(Completed(next(iter(run.state.tokens))))
    assert run.state.outcome.code == "too_many_tokens"
    assert run.state.steps < 2 * TOKEN_LIMIT + 10


def test_an_endless_loop_of_calls_is_stopped():
    run = Run(scenario(task("a"), "s a", "a a"), step_limit=5)
    while run.state.outcome is None:
        run.send(Completed(run.asked["a"]))
    assert run.state.outcome.code == "too_many_steps"
    assert run.state.steps == 6


def test_a_saved_state_gives_its_commands_again():
    nodes = GATEWAY.format("") + f'<intermediateCatchEvent id="w">{timer("PT1S")}</intermediateCatchEvent>'
    run = Run(scenario(nodes, "s a", "s g", "s w", "g b x", "g c y"))
    again = load(save(run.state))
    assert again == run.state
    assert outstanding(run.graph, again) == run.commands
    assert next_wake(again) == next_wake(run.state)
    run.send(Failed(run.asked["a"], "x", "y"))
    assert outstanding(run.graph, load(save(run.state))) == (Finish(Broken("x", "Step a, a: y", "a")),)


def test_states_that_were_saved_before_can_be_read():
    golden = (
        b'{"variables":{"i":1,"big":123456789012345678901234567890},'
        b'"tokens":{"4":{"node":"a","status":"calling","timers":[["b","2026-03-01T12:00:10.000001Z"]]}},'
        b'"steps":4,"outcome":null}'
    )
    state = State(
        {"i": 1, "big": 123456789012345678901234567890},
        {4: Token("a", "calling", (("b", NOW + timedelta(seconds=10, microseconds=1)),))},
        4,
    )
    assert load(golden) == state
    assert save(state) == golden
    assert load(b'{"outcome":{"type":"broken","code":"c","message":"m","element":"e"}}').outcome == Broken(
        "c", "m", "e"
    )


def test_what_is_no_state_is_refused():
    with pytest.raises(msgspec.ValidationError):
        load(b'{"tokens": {"1": {"node": "a", "status": "dancing"}}}')


def test_assignment_copies_only_along_the_path():
    before = {"a": {"b": {"c": 1}, "beside": {"x": 1}}, "list": [1], "text": "t"}
    after = assign(before, [(("a", "b", "c"), 2), (("list", "x"), 3), (("text", "y", "z"), 4), (("new", "deep"), 5)])
    assert after == {
        "a": {"b": {"c": 2}, "beside": {"x": 1}},
        "list": {"x": 3},
        "text": {"y": {"z": 4}},
        "new": {"deep": 5},
    }
    assert before == {"a": {"b": {"c": 1}, "beside": {"x": 1}}, "list": [1], "text": "t"}
    assert after["a"]["beside"] is before["a"]["beside"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("items.0.name", [{"name": "new"}, 2]),
        ("items.1", [{"name": "old"}, "new"]),
        ("items.2", [{"name": "old"}, 2, "new"]),
        ("items.1.name", [{"name": "old"}, {"name": "new"}]),
        ("items.name", {"name": "new"}),
    ],
)
def test_a_path_leads_into_lists(path: str, expected: object) -> None:
    before = {"items": [{"name": "old"}, 2]}

    assert assign(before, [(tuple(path.split(".")), "new")]) == {"items": expected}
    assert before == {"items": [{"name": "old"}, 2]}
