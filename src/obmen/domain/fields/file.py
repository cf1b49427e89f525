"""Files, kept in the store or elsewhere."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from obmen.domain.field_types import (
    FieldType,
    FilterContext,
    Parsed,
    WriteContext,
    as_list,
    clean_text,
    filter_problem,
    problem,
    require_one,
    shown,
)
from obmen.domain.files import ExternalFile, NewFile, StoredFile
from obmen.domain.queries.filters import Empty, Filled, Test
from obmen.domain.record_ids import record_number
from obmen.domain.renderings import Files, Rendering
from obmen.domain.schema import Field, Schema

_MIME_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:;[\x20-\x7e]*)?", re.ASCII)


class File(FieldType):
    """A list of files, kept in the store or at another system; inline ``data:`` addresses are ours (docs/reference/fields.md)."""

    name = "file"
    column = "bigint[]"
    order = "presence"
    settings: ClassVar[Mapping[str, Any]] = {"multiselect": False, "mimeType": "", "defaultEmptyValue": []}

    def parse(self, field: Field, value: Any, context: WriteContext) -> Parsed:
        """``{id}`` of a stored file, ``{title, src}`` of a file elsewhere or inline; the writer of records stores the new ones."""
        files = [self._parse_one(field, item) for item in as_list(value)] if value != "" else []
        require_one(field, files, [file.title for file in files if not isinstance(file, StoredFile)])
        return tuple(files) or None

    def _parse_one(self, field: Field, item: Any) -> StoredFile | NewFile | ExternalFile:
        if not isinstance(item, Mapping):
            raise problem("not_file", field, item)
        number = record_number(item.get("id"))
        if number is not None:
            return StoredFile(number)
        source = item.get("src") or item.get("url")
        title = item.get("title") or item.get("name") or (_last_part(source) if isinstance(source, str) else None)
        mime_type = item.get("mimeType") or ""
        if not isinstance(title, str) or not isinstance(source, str) or not isinstance(mime_type, str):
            raise problem("not_file", field, item)
        clean_text(field, title + source)
        if mime_type and not _MIME_TYPE.fullmatch(mime_type):
            raise problem("not_file", field, item)
        if source.startswith("data:"):
            return self._inline(field, title, source, mime_type)
        if not _is_address(source):
            raise problem("not_file", field, item)
        size = record_number(item.get("size"))
        return ExternalFile(title, source, mime_type or "application/octet-stream", size or 0)

    def _inline(self, field: Field, title: str, source: str, mime_type: str) -> NewFile:
        """RFC 2397."""
        head, comma, data = source[5:].partition(",")
        if not comma:
            raise problem("not_file", field, shown(source))
        kind, _, encoding = head.rpartition(";")
        try:
            content = base64.b64decode(data, validate=True) if encoding == "base64" else unquote_to_bytes(data)
        except (binascii.Error, ValueError):
            raise problem("not_file", field, shown(source)) from None
        kind = kind if encoding == "base64" else head
        if not _MIME_TYPE.fullmatch(kind):
            kind = ""
        return NewFile(title, content, mime_type or kind or "application/octet-stream")

    def rendering(self, field: Field, schema: Schema) -> Rendering:
        """``[{id, title, url, size, mimeType, metadata}]``."""
        return Files()

    def read_filter(self, field: Field, value: Any, context: FilterContext) -> Test:
        """``true``: has files, ``false``: has none."""
        word = str(value).lower()
        if word not in ("true", "false"):
            raise filter_problem("not_switch", field, value)
        return Filled() if word == "true" else Empty()


def _last_part(source: str) -> str:
    """A title for a file that has none: the last part of its address."""
    if source.startswith("data:"):
        return "file"
    return unquote(source.partition("?")[0].rstrip("/").rpartition("/")[2]) or "file"


def _is_address(source: str) -> bool:
    try:
        return urlsplit(source).scheme in ("http", "https")
    except ValueError:
        return False


FIELD_TYPE = File()
