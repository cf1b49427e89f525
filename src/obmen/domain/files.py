"""A file that a record's value names: in the store already, to be stored, or kept elsewhere."""

import msgspec


class StoredFile(msgspec.Struct, frozen=True):
    """A file in the store."""

    id: int


class NewFile(msgspec.Struct, frozen=True):
    """A file whose content came with the value."""

    title: str
    content: bytes
    mime_type: str


class KeptFile(msgspec.Struct, frozen=True):
    """A new file whose content is in the store already, without a description yet."""

    title: str
    key: str
    mime_type: str
    size: int


class ExternalFile(msgspec.Struct, frozen=True):
    """A file at an address of another system; ``size`` as its sender said."""

    title: str
    source: str
    mime_type: str
    size: int
