"""Writes the generated pages of ``docs/reference`` from the code: ``make docs``.

``tests/unit/test_reference_docs.py`` fails while a page says something else than the code.
"""

import re
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import msgspec
import typer.main

from obmen import components, errors, settings
from obmen.cli import app
from obmen.components import ALIASES, Component, Effect

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/build.py from {source}: change that, then run `make docs`. -->\n"
EXAMPLE = """\
```toml
# obmen.toml
[http]
port = 8090

[egress]
allow = ["10.0.0.0/8", "crm.local"]
```
"""


def pages() -> dict[str, str]:
    """``{file name: its text}`` of every generated page."""
    return {
        "settings.md": settings_page(),
        "errors.md": errors_page(),
        "components.md": components_page(),
        "command-line.md": commands_page(),
    }


def settings_page() -> str:
    """Every setting with its variable, default and meaning, a table per area."""
    parts = [
        NOTE.format(source="src/obmen/settings.py"),
        "# Settings\n",
        "A setting has a default; `obmen.toml` in the data folder overrides it (a table per area), an environment "
        "variable overrides that, and an option of the command line comes before all. An unknown key or a value that "
        "does not fit keeps Obmen from starting, with a message that names it. Lists are written with commas in a "
        "variable.\n",
        EXAMPLE,
    ]
    for area, struct in settings.areas().items():
        parts += [f"## {area}\n", f"{struct.__doc__}\n", "| key | variable | default | meaning |", "|---|---|---|---|"]
        parts += [_setting_row(area, field) for field in msgspec.structs.fields(struct)]
        parts.append("")
    return "\n".join(parts)


def _setting_row(area: str, field: msgspec.structs.FieldInfo) -> str:
    description = msgspec.json.schema(field.type)
    variable = f"OBMEN_{area}_{field.name}".upper()
    meaning = f"{description['description']}{_bounds(description)}"
    return f"| `{field.name}` | `{variable}` | {_default(field.default)} | {_cell(meaning)} |"


def _bounds(description: dict[str, Any]) -> str:
    words = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}
    bounds = [f"{word} {description[name]}" for name, word in words.items() if name in description]
    return f" ({', '.join(bounds)})" if bounds else ""


def _default(value: object) -> str:
    if isinstance(value, tuple):
        value = ", ".join(str(item) for item in value)
    return "" if value == "" else f"`{value}`"


def errors_page() -> str:
    """Every error code with its HTTP status and meaning."""
    parts = [
        NOTE.format(source="src/obmen/errors.py"),
        "# Errors\n",
        "An error is answered as `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `detail` and "
        "`code`; `message` repeats the detail, and `errors` lists `{field, message}` where values do not fit their "
        "fields. A code keeps its meaning for ever.\n",
        "| code | status | meaning |",
        "|---|---|---|",
        *(f"| `{error.code}` | {error.status} | {_cell(_first_line(error))} |" for error in _by_code().values()),
        "",
    ]
    return "\n".join(parts)


def _by_code() -> dict[str, type[errors.ObmenError]]:
    """The classes in order of the tree; of two with one code the more general one."""
    found: dict[str, type[errors.ObmenError]] = {}
    waiting = errors.ObmenError.__subclasses__()
    while waiting:
        error = waiting.pop(0)
        found.setdefault(error.code, error)
        waiting = error.__subclasses__() + waiting
    return found


def components_page() -> str:
    """Every component with its inputs, outputs and effect."""
    aliases = ", ".join(f"`{other}` ({name})" for other, name in ALIASES.items())
    parts = [
        NOTE.format(source="src/obmen/components"),
        "# Components\n",
        "A task of a [scenario](scenarios.md) names one of these as its connector id. An input that is left out, or is "
        "`null`, has its default, as has an empty text where a number is expected; numbers may be given as text. "
        "One that the component does not have fails the step: passed over, it would let a step do more than was meant. The "
        "components of records act past the rights of who started the process, and take and answer values as the API "
        f"does. Other spellings of names: {aliases}.\n",
        "What an effect means when the server dies in the middle of the step: `none`, it is done again; `records`, it "
        "is done once, together with the journal of the process; `outside`, it is not done again and fails as "
        "interrupted.\n",
        "Packages add components by the entry point `obmen.components`: an instance of a subclass of "
        "`obmen.components.Component`. Two of one name, or one that cannot be loaded, keep Obmen from starting.\n",
    ]
    for name, component in sorted(components.collect().items()):
        told = f"**{component.title()}.** {_first_line(type(component))}"
        parts += [f"## {name}\n", f"{told}\n", *_inputs(component), *_results(component)]
    return "\n".join(parts)


def _inputs(component: Component[Any]) -> list[str]:
    fields = msgspec.structs.fields(component.inputs)
    if not fields:
        return ["It takes no inputs.\n"]
    rows = [
        f"| `{field.encode_name}` | {_cell(_type(field.type))} | {_input_default(field.default)} | "
        f"{_cell(msgspec.json.schema(field.type)['description'])} |"
        for field in fields
    ]
    return ["| input | type | default | |", "|---|---|---|---|", *rows, ""]


def _type(kind: Any) -> str:
    words = {str: "text", int: "number", dict: "object", list: "list", type(None): "null", Any: "any value"}
    kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    parts = [kind] if kind in words or not get_args(kind) or hasattr(kind, "__origin__") else get_args(kind)
    found = [words[getattr(part, "__origin__", part)] for part in parts]
    return " or ".join(word for word in found if word != "null")


def _input_default(value: Any) -> str:
    return "" if value in (None, "") or value is msgspec.NODEFAULT else f"`{msgspec.json.encode(value).decode()}`"


def _results(component: Component[Any]) -> list[str]:
    slots = [f"| `{slot.name}` | {_cell(slot.description)} |" for slot in component.outputs]
    table = ["| output slot | |", "|---|---|", *slots, ""] if slots else ["It has no output slots.\n"]
    effect = component.effect(component.inputs())
    own = type(component).effect
    depends = effect is Effect.NONE and own is not Component.effect
    told = f"`none` or `outside`. {_first_line(own)}" if depends else f"`{effect.value}`."
    return [*table, f"Effect: {told}\n"]


def commands_page() -> str:
    """Every command with its arguments and options."""
    parts = [
        NOTE.format(source="src/obmen/cli/commands"),
        "# Command line\n",
        "`make up` installs it as `.venv/bin/obmen`. All commands work in the data folder that `OBMEN_DATA` names, by default "
        "`data` in the current folder, and read its `obmen.toml` and the [settings](settings.md) of the environment. Beside a "
        "running server they use its database; without one they start the embedded PostgreSQL for as long as they take. "
        "They speak the language of the terminal, and end with code 1 where something is wrong.\n",
        *_commands(typer.main.get_command(app), "obmen"),
    ]
    return "\n".join(parts)


def _commands(command: Any, path: str) -> list[str]:
    inner = getattr(command, "commands", None)
    if inner:
        return [line for name in sorted(inner) for line in _commands(inner[name], f"{path} {name}")]
    rows = [_parameter(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
    rows = [row for row in rows if row]
    table = ["| | |", "|---|---|", *rows, ""] if rows else []
    return [f"## {path}\n", f"{(command.help or '').strip()}\n", *table]


def _parameter(parameter: Any) -> str:
    if parameter.name == "help":
        return ""
    placeholder = parameter.name.upper().replace("_", "-")
    is_option = parameter.opts[0].startswith("-")
    name = ", ".join(parameter.opts) if is_option else placeholder
    if is_option and not parameter.is_flag:
        name += f" {placeholder}"
    variable = f" Variable: `{parameter.envvar}`." if parameter.envvar else ""
    return f"| `{name}` | {_cell((parameter.help or '') + variable)} |"


def _first_line(thing: Any) -> str:
    """Of a docstring, without its pointer into the contract."""
    line = (thing.__doc__ or "").strip().partition("\n")[0].replace("``", "`")
    return re.sub(r" \(contract: [^)]*\)", "", line)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, "utf-8")
        print(f"docs/reference/{name}")
