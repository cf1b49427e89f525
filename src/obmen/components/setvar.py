"""Sets variables: the expressions of its outputs are all there is to it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from obmen.components import Component, Context


class Nothing(msgspec.Struct, frozen=True):
    """It takes no parameters."""


class SetVariables(Component[Nothing]):
    """Sets variables to the values of its outputs, in order, each seeing those before it."""

    name = "setvar"
    inputs = Nothing

    async def run(self, inputs: Nothing, context: Context) -> Mapping[str, Any]:
        """Nothing of its own."""
        return {}


COMPONENT = SetVariables()
