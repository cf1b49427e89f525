"""Runs JavaScript of the scenario."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from obmen.components import Component, Context, Slot


class Inputs(msgspec.Struct, frozen=True):
    """``source`` sees ``variables`` and nothing else of the process."""

    source: Annotated[str, Meta(description="JavaScript: the body of a function, which returns with `return`.")] = ""
    variables: Annotated[
        dict[str, Any] | list[Any],
        Meta(description="The variables that the code sees; an empty list stands for none."),
    ] = {}


class Code(Component[Inputs]):
    """Runs JavaScript."""

    name = "code"
    inputs = Inputs
    outputs = (Slot("output", "What the code returns."),)

    async def run(self, inputs: Inputs, context: Context) -> Mapping[str, Any]:
        """``output``: the returned value; `ScriptFailed` where the code throws or breaks a limit."""
        variables = inputs.variables if isinstance(inputs.variables, dict) else {}
        return {"output": await context.javascript.run(inputs.source, variables)}


COMPONENT = Code()
