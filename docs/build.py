"""Writes the generated pages of ``docs/reference`` from the code: ``make docs``.

``tests/unit/test_reference_docs.py`` fails while a page says something else than the code.
"""

from pathlib import Path
from typing import Any

import msgspec

from obmen import errors, settings

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
    return {"settings.md": settings_page(), "errors.md": errors_page()}


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


def _first_line(thing: type) -> str:
    return (thing.__doc__ or "").strip().partition("\n")[0].replace("``", "`")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, "utf-8")
        print(f"docs/reference/{name}")
