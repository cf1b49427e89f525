"""Random graphs, answers and orders: tokens are never lost or doubled, and a saved state goes on like the state."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import event, given, settings
from hypothesis import strategies as st

from obmen.domain.processes.elements import (
    boundary_event,
    end_event,
    exclusive_gateway,
    intermediate_catch_event,
    service_task,
    start_event,
)
from obmen.domain.processes.engine import (
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
    advance,
    load,
    next_wake,
    outstanding,
    save,
)
from obmen.domain.processes.scenarios import Call, Flow, Node, Scenario, Script

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STEP_LIMIT = 60
IDLE = ("sleeping", "postponed")
"""What a token waits for that asks nothing of a runner."""


@st.composite
def graphs(draw):
    """Up to eight nodes, connected at random: forks, merges, loops, dead ends and flows without a condition."""
    kinds = draw(
        st.lists(
            st.sampled_from(["call", "call", "plain", "gateway", "timer", "end", "terminate"]), min_size=1, max_size=8
        )
    )
    ids = [f"n{number}" for number in range(len(kinds))]
    nodes = {"s": Node(id="s", name="", element=start_event.ELEMENT, outgoing=draw(flows("s", ids, conditions=False)))}
    for node_id, kind in zip(ids, kinds, strict=True):
        nodes |= draw(node(node_id, kind, ids))
    return Scenario("s", nodes)


@st.composite
def flows(draw, source, ids, *, conditions):
    targets = draw(st.lists(st.sampled_from(ids), max_size=3))
    default = draw(st.sampled_from([None, *range(len(targets))])) if conditions else None
    conditional = [conditions and draw(st.integers(0, 9)) < 8 for _ in targets]
    return tuple(
        Flow(
            f"{source}-{place}",
            target,
            Script(f"x{place}") if conditional[place] else None,
            is_default=place == default,
        )
        for place, target in enumerate(targets)
    )


@st.composite
def node(draw, node_id, kind, ids):
    """The node, with its boundary events, by id."""
    element = {
        "call": service_task.ELEMENT,
        "plain": service_task.ELEMENT,
        "gateway": exclusive_gateway.ELEMENT,
        "timer": intermediate_catch_event.ELEMENT,
    }
    if kind in ("end", "terminate"):
        return {node_id: Node(id=node_id, name="", element=end_event.ELEMENT, terminates=kind == "terminate")}
    events = {}
    if kind == "call":
        for number, is_timer in enumerate(draw(st.lists(st.booleans(), max_size=2))):
            event_id = f"{node_id}b{number}"
            events[event_id] = Node(
                id=event_id,
                name="",
                element=boundary_event.ELEMENT,
                outgoing=draw(flows(event_id, ids, conditions=False)),
                attached_to=node_id,
                duration=timedelta(seconds=draw(st.integers(0, 3))) if is_timer else None,
                message_into=None if is_timer else ("error", "message"),
            )
    conditions = kind == "gateway" or draw(st.integers(0, 4)) == 0
    return events | {
        node_id: Node(
            id=node_id,
            name="",
            element=element[kind],
            outgoing=draw(flows(node_id, ids, conditions=conditions)),
            attached=tuple(events),
            call=Call(node_id) if kind == "call" else None,
            duration=timedelta(seconds=draw(st.integers(0, 3))) if kind == "timer" else None,
        )
    }


@st.composite
def happenings(draw, state, graph, now):
    """The next input, most often one that is waited for, and the time it comes at."""
    later = now + timedelta(seconds=draw(st.integers(0, 2)))
    if draw(st.integers(0, 9)) == 0:
        stray = draw(st.integers(0, state.steps + 1))
        strays = [Completed(stray), Failed(stray, "c", "m"), Evaluated(stray, (True,) * 3), Returned(stray, {})]
        return draw(st.sampled_from(strays)), later
    commands = outstanding(graph, state)
    wake = next_wake(state)
    if wake is not None and (not commands or draw(st.integers(0, 3)) == 0):
        return TimePassed(), max(later, wake)
    command = draw(st.sampled_from(commands))
    if draw(st.integers(0, 5)) == 0:
        return Failed(command.token, "c", "m"), later
    if isinstance(command, Evaluate):
        values = st.sampled_from([True, False, None, 0, "", "x", [], 1.5])
        return Evaluated(command.token, tuple(draw(values) for _ in command.expressions)), later
    results = [
        Completed(command.token, ((("a", "b"), draw(st.integers())),)),
        Returned(command.token, {"output": 1}),
        Postponed(command.token, "c", "m", draw(st.integers(0, 2))),
    ]
    return draw(st.sampled_from(results[: 3 if isinstance(command, CallComponent) else 1])), later


def entered(graph, node_id):
    """An account of a token on the way: where it comes to rest, or ``None`` where the process fails or ends.

    Gives the nodes at which tokens now wait, and how many nodes were entered.
    """
    waiting, steps, queue = Counter(), 0, [node_id]
    while queue:
        current = graph.nodes[queue.pop(0)]
        steps += 1
        if steps > STEP_LIMIT + 1:
            return None
        conditional = [flow for flow in current.outgoing if flow.condition is not None and not flow.is_default]
        if current.terminates:
            return None
        if current.call is not None or current.element is intermediate_catch_event.ELEMENT:
            waiting[current.id] += 1
        elif current.element is exclusive_gateway.ELEMENT and bare(current):
            return None
        elif conditional:
            waiting[current.id] += 1
        else:
            queue += [flow.target for flow in taken(current, [])]
    return waiting, steps


def bare(gateway):
    """Whether a choice has a flow without a condition."""
    return len(gateway.outgoing) > 1 and any(
        flow.condition is None and not flow.is_default for flow in gateway.outgoing
    )


def taken(current, values):
    """The flows a token leaves along, by the rules of BPMN."""
    answers = iter(values)
    rest = [flow for flow in current.outgoing if not flow.is_default]
    holding = [flow for flow in rest if flow.condition is None or next(answers) not in (False, None, 0, "")]
    if current.element is exclusive_gateway.ELEMENT:
        holding = holding[:1]
    return holding or [flow for flow in current.outgoing if flow.is_default]


def check_account(graph, before, after, happened):
    """After an answer to one token: that token is gone from its place, and exactly its successors have come."""
    token = before.tokens[happened.token]
    current = graph.nodes[token.node]
    targets, resting = [], Counter()
    is_last = isinstance(happened, Postponed) and token.attempts + 1 == service_task.ATTEMPTS
    if isinstance(happened, Returned) or (isinstance(happened, Postponed) and not is_last):
        assert token.status == "calling"
        resting[current.id] += 1
    elif isinstance(happened, Failed | Postponed):
        catching = [event_id for event_id in current.attached if graph.nodes[event_id].duration is None]
        assert token.status in ("calling", "assigning")
        assert catching
        targets = catching[:1]
    elif isinstance(happened, Completed) and any(
        flow.condition is not None and not flow.is_default for flow in current.outgoing
    ):
        resting[current.id] += 1
    else:
        values = happened.values if isinstance(happened, Evaluated) else []
        targets = [flow.target for flow in taken(current, values)]
    steps = 0
    for target in targets:
        arrived = entered(graph, target)
        assert arrived is not None
        resting += arrived[0]
        steps += arrived[1]
    expected = Counter(place.node for number, place in before.tokens.items() if number != happened.token) + resting
    assert Counter(place.node for place in after.tokens.values()) == expected
    assert after.steps == before.steps + steps
    for number, place in before.tokens.items():
        if number != happened.token:
            assert after.tokens[number] == place


def check_state(graph, before, after, commands):
    """What holds in every state, however it came about."""
    if after.outcome is not None:
        assert after.tokens == {}
        assert commands == (Finish(after.outcome),)
        assert outstanding(graph, after) == commands
        return
    assert after.tokens
    assert after.steps <= STEP_LIMIT
    asked = Counter(command.token for command in outstanding(graph, after))
    for number, token in after.tokens.items():
        assert number <= after.steps
        assert asked[number] == (0 if token.status in IDLE else 1)
        assert token.timers or token.status not in IDLE
    assert set(asked) <= set(after.tokens)
    fresh = [command for command in commands if not isinstance(command, Abandon)]
    assert len({command.token for command in fresh}) == len(fresh)
    changed = {number for number, token in after.tokens.items() if before.tokens.get(number) != token}
    assert {command.token for command in fresh} == {n for n in changed if after.tokens[n].status not in IDLE}
    assert all(
        isinstance(command, CallComponent | AssignOutputs | Evaluate) and command in outstanding(graph, after)
        for command in fresh
    )
    abandoned = {command.token for command in commands if isinstance(command, Abandon)}
    assert not abandoned & set(after.tokens)
    assert abandoned <= {number for number, token in before.tokens.items() if token.status == "calling"}
    assert all(number in after.tokens or number not in changed for number in before.tokens)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_tokens_are_never_lost_or_doubled_and_saving_changes_nothing(data):
    graph = data.draw(graphs())
    now, before = NOW, State()
    happened = Start({"i": 0})
    for _ in range(40):
        saved = save(before)
        after, commands = advance(graph, before, happened, now, step_limit=STEP_LIMIT)
        assert save(before) == saved
        assert advance(graph, load(saved), happened, now, step_limit=STEP_LIMIT) == (after, commands)
        assert load(save(after)) == after
        if after is before:
            assert commands == ()
        else:
            check_state(graph, before, after, commands)
            if after.outcome is None and not isinstance(happened, Start | TimePassed):
                check_account(graph, before, after, happened)
        if after.outcome is not None:
            event(after.outcome.code if isinstance(after.outcome, Broken) else "done")
            assert isinstance(after.outcome, Done | Broken)
            assert advance(graph, after, happened, now, step_limit=STEP_LIMIT) == (after, ())
            return
        before = after
        happened, now = data.draw(happenings(before, graph, now))
    event("still running")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_answering_twice_is_answering_once(data):
    graph = data.draw(graphs())
    state, _ = advance(graph, State(), Start(), NOW, step_limit=STEP_LIMIT)
    now = NOW
    for _ in range(20):
        if state.outcome is not None:
            return
        happened, now = data.draw(happenings(state, graph, now))
        state, _ = advance(graph, state, happened, now, step_limit=STEP_LIMIT)
        if not isinstance(happened, TimePassed):
            assert advance(graph, state, happened, now, step_limit=STEP_LIMIT) == (state, ())
