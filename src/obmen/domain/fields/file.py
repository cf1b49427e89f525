"""Files, kept in the store or elsewhere."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import msgspec

from obmen.domain.catalogs.schema import Field, Schema
from obmen.domain.field_types import (
    Column,
    Condition,
    FieldType,
    FilterContext,
    Render,
    WriteContext,
    as_list,
    clean_text,
    filter_problem,
    problem,
    record_id,
    shown,
)
from obmen.domain.files import ExternalFile, NewFile, StoredFile

_MIME_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:;[\x20-\x7e]*)?", re.ASCII)


class File(FieldType):
    """A list of files (contract: records, files; inline ``data:`` addresses are ours)."""

    name = "file"
    column = "bigint[]"
    empty = ()

    def parse(self, field: Field, value: Any, context: WriteContext) -> Any:
        """``{id}`` of a stored file, ``{title, src}`` of a file elsewhere or inline; the writer of records stores the new ones."""
        files = [self._parse_one(field, item) for item in as_list(value)] if value != "" else []
        if len(files) > 1 and field.config.get("multiselect") is False:
            raise problem("one_item", field, [file.title for file in files if not isinstance(file, StoredFile)])
        return files or None

    def _parse_one(self, field: Field, item: Any) -> StoredFile | NewFile | ExternalFile:
        if not isinstance(item, Mapping):
            raise problem("not_file", field, item)
        number = record_id(item.get("id"))
        if number is not None:
            return StoredFile(number)
        title, source = item.get("title") or item.get("name"), item.get("src") or item.get("url")
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
        size = record_id(item.get("size"))
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

    def select(self, field: Field, schema: Schema, namespace: str) -> tuple[str, ...]:
        """The files as JSON."""
        return (
            f"case when r.{field.column} is not null then (select jsonb_agg(jsonb_build_object('id', t.id::text, 'title', "
            f"t.title, 'url', coalesce(t.source, '/api/v1/files/' || t.id), 'size', t.size, 'mimeType', t.mime_type, 'metadata', null) "
            f"order by u.place) from unnest(r.{field.column}) with ordinality u(id, place) "
            f"join {namespace}.files t on t.id = u.id)::text end",
        )

    def renderer(self, field: Field, schema: Schema) -> Render:
        """``[{id, title, url, size, mimeType, metadata}]``; a stored file's url is its path here."""
        return lambda stored: () if stored is None else msgspec.Raw(stored.encode())

    def condition(self, field: Field, column: Column, value: Any, context: FilterContext) -> Condition:
        """``true``: has files, ``false``: has none (contract: filters, files)."""
        if str(value).lower() not in ("true", "false"):
            raise filter_problem("not_switch", field, value)
        return column.is_not(None) if str(value).lower() == "true" else column.is_(None)


def _is_address(source: str) -> bool:
    try:
        return urlsplit(source).scheme in ("http", "https")
    except ValueError:
        return False


FIELD_TYPE = File()
