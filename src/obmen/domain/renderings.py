"""How a stored value becomes the JSON of an answer, as data: a closed set, of which each field type names one.

``storage/statements`` has a piece of SQL for each; PostgreSQL makes the JSON.
"""

from typing import TypeAlias

import msgspec


class Text(msgspec.Struct, frozen=True):
    """A string, empty without a value."""


class Number(msgspec.Struct, frozen=True):
    """A number without exponent, or ``null``."""


class Flag(msgspec.Struct, frozen=True):
    """``true`` or ``false``."""


class Moment(msgspec.Struct, frozen=True):
    """ISO 8601 in UTC with milliseconds and ``Z``, or ``null``."""


class Choices(msgspec.Struct, frozen=True):
    """A list of ids of items; ``ids`` are those that differ from the item's number."""

    ids: tuple[tuple[int, str], ...] = ()


class Choice(msgspec.Struct, frozen=True):
    """One item: a list of one for clients, the bare id for processes, ``null`` without one for both."""

    ids: tuple[tuple[int, str], ...] = ()


class Contacts(msgspec.Struct, frozen=True):
    """``[{contact, comment}]``."""


class Links(msgspec.Struct, frozen=True):
    """``[{sectionId, catalogId, catalogTitle, catalogIcon, recordId, recordTitle, isRemoved}]``; ``targets`` are numbers of catalogs."""

    targets: tuple[int, ...]


class Employees(msgspec.Struct, frozen=True):
    """``[{id, title, isRemoved}]``."""


class Files(msgspec.Struct, frozen=True):
    """``[{id, title, url, size, mimeType, metadata}]``."""


class Masked(msgspec.Struct, frozen=True):
    """A secret: asterisks in its place."""


Rendering: TypeAlias = Text | Number | Flag | Moment | Choices | Choice | Contacts | Links | Employees | Files | Masked

MASK = "********"
"""What a stored secret is answered as; sent back, it leaves the secret as it is."""
