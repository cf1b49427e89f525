"""What other packages add by entry points: found at start, and refused where it would not work."""

from collections.abc import Callable
from pathlib import Path

import pytest

from obmen import components
from obmen.components import GROUP
from obmen.errors import SetupError

SOURCE = """
import msgspec
from obmen.components import Component

class Nothing(msgspec.Struct, frozen=True):
    pass

class Greet(Component[Nothing]):
    name = {name!r}
    inputs = Nothing

    def title(self, language="en"):
        return "Greet"

    async def run(self, inputs, context):
        return {{"output": "hello"}}

COMPONENT = Greet()
"""

Install = Callable[[str, str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes a package of one module with one entry point."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(module: str, source: str, entry_point: str) -> None:
        (tmp_path / f"{module}.py").write_text(source)
        folder = tmp_path / f"{module}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[{GROUP}]\n{entry_point}\n")

    return make


def test_a_component_of_another_package_is_found(install: Install) -> None:
    install("greeting_one", SOURCE.format(name="greet"), "greet = greeting_one:COMPONENT")
    found = components.collect()
    assert found["greet"].title() == "Greet"
    assert found.resolve("greet") == "greet"
    assert {"setvar", "webRequest"} <= set(found)


@pytest.mark.parametrize(
    ("module", "source", "entry_point", "named"),
    [
        ("greeting_two", SOURCE.format(name="setvar"), "x = greeting_two:COMPONENT", "setvar"),
        ("greeting_three", SOURCE.format(name="setVar"), "x = greeting_three:COMPONENT", "setVar"),
        ("greeting_four", "raise RuntimeError('no database')", "x = greeting_four:COMPONENT", "no database"),
        ("greeting_five", "import nothing_there", "x = greeting_five:COMPONENT", "nothing_there"),
        ("greeting_six", "COMPONENT = 1", "x = greeting_six:COMPONENT", "COMPONENT"),
        ("greeting_seven", SOURCE.format(name="greet"), "x = greeting_seven:OTHER", "greeting_seven"),
    ],
)
def test_a_component_that_would_not_work_keeps_obmen_from_starting(
    install: Install, module: str, source: str, entry_point: str, named: str
) -> None:
    install(module, source, entry_point)
    with pytest.raises(SetupError, match=named):
        components.collect()


def test_two_packages_with_one_component_keep_obmen_from_starting(install: Install) -> None:
    install("greeting_eight", SOURCE.format(name="greet"), "greet = greeting_eight:COMPONENT")
    install("greeting_nine", SOURCE.format(name="greet"), "greet = greeting_nine:COMPONENT")
    with pytest.raises(SetupError, match="greet"):
        components.collect()
