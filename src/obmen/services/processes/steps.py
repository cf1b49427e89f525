"""What a step of a process is called with, and what becomes of its results: the expressions of a `Call`, evaluated.

All expressions of the inputs take one round trip to JavaScript, those of the outputs one more; an output whose place depends on an
expression ends a round trip, since the next output may read what it has written. Called by `runs`.
"""

from collections.abc import Mapping
from typing import Any

from obmen.components import Component
from obmen.domain.json_values import Path
from obmen.domain.processes.scenarios import Call, Output, Parameter, expression, fill, scripts
from obmen.domain.processes.variables import assign
from obmen.ports import Expression, JavaScript


async def inputs_of(component: Component[Any], call: Call, variables: Mapping[str, Any], javascript: JavaScript) -> Any:
    """The inputs of a component; `StepFailed` where one does not fit or its expression throws."""
    templates = [(name, component.template(name, parameter)) for name, parameter in call.inputs]
    expressions = [Expression(source) for _, parameter in templates for source in scripts(parameter)]
    values = iter(await javascript.evaluate(expressions, variables) if expressions else ())
    return component.read({name: fill(parameter, values) for name, parameter in templates})


def wanted_of(call: Call) -> frozenset[str]:
    """The output slots that a step uses."""
    return frozenset(output.slot for output in call.outputs if output.value is None)


def needs_javascript(call: Call) -> bool:
    """Whether an output of a step is an expression, or goes where an expression says."""
    return any(output.into.sources or _is_computed(output.value) for output in call.outputs)


def plain_assignments(call: Call, results: Mapping[str, Any]) -> tuple[tuple[Path, Any], ...]:
    """`assignments_of` for a step whose outputs need no JavaScript."""
    return tuple((output.into.path(iter(())), _plain_value(output, results)) for output in _ordered(call))


async def assignments_of(
    call: Call, results: Mapping[str, Any], variables: Mapping[str, Any], javascript: JavaScript
) -> tuple[tuple[Path, Any], ...]:
    """What goes where: first what comes from slots, then the values of expressions, each seeing what was assigned before it."""
    outputs = _Outputs(results, variables, javascript)
    for output in _ordered(call):
        await outputs.add(output)
    await outputs.evaluate()
    return tuple(outputs.assignments)


class _Outputs:
    """Outputs under way: those that wait for a common round trip, and what has been assigned."""

    def __init__(self, results: Mapping[str, Any], variables: Mapping[str, Any], javascript: JavaScript) -> None:
        self.assignments: list[tuple[Path, Any]] = []
        self._results = results
        self._variables = variables
        self._javascript = javascript
        self._seen = 0
        """So many of the assignments are among the variables."""
        self._waiting: list[Output] = []
        self._expressions: list[Expression] = []

    async def add(self, output: Output) -> None:
        """Assigns an output, or lets it wait for the others."""
        computed, into = _is_computed(output.value), output.into
        if not (computed or into.sources or self._waiting):
            self.assignments.append((into.path(iter(())), _plain_value(output, self._results)))
            return
        self._waiting.append(output)
        self._expressions += [Expression(source) for source in into.sources]
        if computed and output.value is not None:
            self._expressions.append(Expression(expression(output.value), into.dotted))
        if into.dotted is None or not computed:
            await self.evaluate()

    async def evaluate(self) -> None:
        """Evaluates what waits."""
        if not self._waiting:
            return
        self._variables = assign(self._variables, self.assignments[self._seen :])
        self._seen = len(self.assignments)
        found = await self._javascript.evaluate(self._expressions, self._variables) if self._expressions else []
        values = iter(found)
        for output in self._waiting:
            path = output.into.path(values)
            value = next(values) if _is_computed(output.value) else _plain_value(output, self._results)
            self.assignments.append((path, value))
        self._waiting, self._expressions = [], []


def _ordered(call: Call) -> list[Output]:
    """What comes from slots before what is a value of its own, each in the order of the file."""
    return sorted(call.outputs, key=lambda output: output.value is not None)


def _plain_value(output: Output, results: Mapping[str, Any]) -> Any:
    return results.get(output.slot) if output.value is None else fill(output.value, iter(()))


def _is_computed(value: Parameter | None) -> bool:
    return value is not None and bool(scripts(value))
