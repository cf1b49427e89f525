"""Runs JavaScript of the scenario."""

from collections.abc import Mapping
from typing import Any

import msgspec

from obmen.components import Component, Context


class Inputs(msgspec.Struct, frozen=True):
    """``source`` sees ``variables`` and nothing else of the process; an empty list stands for none."""

    source: str = ""
    variables: dict[str, Any] | list[Any] = {}


class Code(Component[Inputs]):
    """What the code returns (contract: code)."""

    name = "code"
    inputs = Inputs
    outputs = ("output",)

    async def run(self, inputs: Inputs, context: Context) -> Mapping[str, Any]:
        """``output``: the returned value; `ScriptFailed` where the code throws or breaks a limit."""
        variables = inputs.variables if isinstance(inputs.variables, dict) else {}
        return {"output": await context.javascript.run(inputs.source, variables)}


COMPONENT = Code()
