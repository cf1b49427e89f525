"""Stored values as JSON text, made by PostgreSQL. Called by `compiler`.

A page of 20 records with links, employees and files took 560 µs where the text is joined of pieces, and 830 to 1,070 µs by
``json_build_object``, ``json_agg`` and ``row_to_json``; a left join for titles made PostgreSQL hash whole catalogs, a
subselect per link looks each up by its key (docs/decisions/0025-json-by-postgresql.md).
"""

import json
from collections.abc import Callable, Iterable, Mapping

import msgspec

from obmen.domain.queries.queries import Chosen, Selection
from obmen.domain.renderings import (
    MASK,
    Choice,
    Choices,
    Contacts,
    Employees,
    Files,
    Flag,
    Links,
    Masked,
    Moment,
    Number,
    Text,
)
from obmen.domain.rights.policies import Policy
from obmen.domain.schema import USERS, Catalog, Field, Schema
from obmen.storage.statements.arguments import Arguments, literal
from obmen.storage.statements.conditions import Conditions, table


class FileLinks(msgspec.Struct, frozen=True):
    """What addresses of stored files are made of: the server's own, the key that signs, and when they expire (epoch seconds)."""

    base: str
    key: bytes
    expires: int


class Form(msgspec.Struct, frozen=True):
    """For whom values are rendered."""

    bare_choice: bool = False
    """A choice of one as a bare id, as processes get it, instead of a list of one."""
    twins: bool = True
    """Values of fields of the system under their number too."""


_NUMBER = "{number}"
_ARGUMENTS = 90
CLIENTS = Form()
PROCESSES = Form(bare_choice=True)


class Renderer:
    """The JSON of one statement under one policy."""

    def __init__(
        self, schema: Schema, namespace: str, policy: Policy, arguments: Arguments, form: Form, links: FileLinks
    ) -> None:
        self._schema = schema
        self._namespace = namespace
        self._policy = policy
        self._conditions = Conditions(schema, namespace, policy, arguments)
        self._arguments = arguments
        self._form = form
        self._links = links
        self._file_url = ""

    def record(self, catalog: Catalog, fields: Selection | None, row: str, *, privilege: bool) -> str:
        """SQL of a whole record as the API answers it; with ``privilege`` the caller's privilege code stands in it."""
        code = ""
        if privilege:
            found = json.dumps(self._policy.of(catalog).privilege)
            code = " || " + literal(',"privilegeCode":' + found)
        head = literal(f',"catalogId":{json.dumps(catalog.id)},"title":')
        number = f"""'"' || {row}.id || '"'"""
        own = f"""to_json({row}.text_id)::text || ',"prevId":' || {number}"""
        return (
            f"""'{{"id":' || coalesce({own}, {number}) || {head} || to_json({row}.title)::text """
            f"""|| ',"values":' || {self.values(catalog, fields, row)}{code} || '}}'"""
        )

    def values(
        self, catalog: Catalog, fields: Selection | None, row: str, only: Callable[[Field], str] | None = None
    ) -> str:
        """SQL of ``{field id: value}``, of all fields or of those chosen, as far as the policy shows them.

        ``only`` gives the SQL that holds for the rows whose value of a field stands in the object.
        """
        policy = self._policy.of(catalog)
        chosen = tuple(Chosen(field.number) for field in catalog.value_fields) if fields is None else fields
        pairs = [
            (key, self.value(field, choice, row), "" if only is None else only(field))
            for choice in chosen
            if policy.reads(field := catalog.by_number[choice.field])
            for key in (field.ids if self._form.twins else (field.id,))
        ]
        return _object([(key, value) for key, value, _ in pairs]) if only is None else _sparse_object(pairs)

    def value(self, field: Field, choice: Chosen, row: str) -> str:  # noqa: PLR0911 (a line per rendering)
        """SQL of the JSON text of one value, never null."""
        column = f"{row}.{field.column}"
        match field.type.rendering(field, self._schema):
            case Text():
                return f"""coalesce(to_json({column})::text, '""')"""
            case Number():
                return f"coalesce({column}::text, 'null')"
            case Flag():
                return f"case when {column} then 'true' else 'false' end"
            case Moment():
                day = f"""to_char({column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
                return f"""coalesce('"' || {day} || '"', 'null')"""
            case Choices(ids=ids):
                return _choices(column, ids)
            case Choice(ids=ids):
                before, behind = ("", "") if self._form.bare_choice else ("'[' || ", " || ']'")
                return f"coalesce({before}{_item(column, ids)}{behind}, 'null')"
            case Contacts():
                return f"coalesce({column}::text, '[]')"
            case Masked():
                return f"""case when {column} is null then '""' else '"{MASK}"' end"""
            case Links(targets=targets):
                return self._links_of(column, targets, dict(choice.linked), row)
            case Employees():
                return self._employees(column)
            case Files():
                return self._files(column)

    def _links_of(self, column: str, targets: Iterable[int], linked: Mapping[int, tuple[int, ...]], row: str) -> str:
        link = f"{row}w"
        number = f"split_part({link}.link, ':', 2)"
        cases = " ".join(
            f"when '{target}' then {self._link(self._schema.catalogs[target], linked.get(target), number, row)}"
            for target in targets
        )
        gone = (
            f"""'{{"sectionId":"","catalogId":"' || split_part({link}.link, ':', 1) || """
            f"""'","catalogTitle":"","catalogIcon":"","recordId":"' || {number} || '","recordTitle":"","isRemoved":true}}'"""
        )
        one = f"case split_part({link}.link, ':', 1) {cases} else {gone} end" if cases else gone
        return f"coalesce((select '[' || string_agg({one}, ',') || ']' from unnest({column}) {link}(link)), '[]')"

    def _link(self, catalog: Catalog, fields: tuple[int, ...] | None, number: str, row: str) -> str:
        head = {
            "sectionId": self._schema.section_of(catalog),
            "catalogId": catalog.id,
            "catalogTitle": catalog.name,
            "catalogIcon": catalog.icon,
        }
        opened = literal(json.dumps(head, ensure_ascii=False)[:-1] + ',"recordId":')
        target = f"{row}t"
        visible = self._conditions.visible(catalog, target)
        values, nothing = "", ""
        if fields is not None:
            nothing = ',"recordValues":{}'
            rendered = self.values(catalog, tuple(Chosen(one) for one in fields), target)
            readable = f"{target}.removed_at is null and {visible}"
            values = f""" || case when {readable} then ',"recordValues":' || {rendered} else '{nothing}' end"""
        title = _when(visible, f"to_json({target}.title)::text", """'""'""")
        found = (
            f"select to_json(coalesce({target}.text_id, {target}.id::text))::text || ',\"recordTitle\":' || {title} || "
            f"""case when {target}.removed_at is null then ',"isRemoved":false' else ',"isRemoved":true' end{values} || '}}' """
            f"from {self._namespace}.{table(catalog)} {target} where {target}.id = {number}::bigint"
        )
        absent = f"""'"' || {number} || '","recordTitle":"","isRemoved":true{nothing}}}'"""
        return f"{opened} || coalesce(({found}), {absent})"

    def _employees(self, column: str) -> str:
        catalog = self._schema.catalog(USERS)
        title = _when(self._conditions.visible(catalog, "u"), "to_json(u.title)::text", """'""'""")
        found = (
            f"select to_json(coalesce(u.text_id, u.id::text))::text || ',\"title\":' || {title} || "
            """case when u.removed_at is null then ',"isRemoved":false}' else ',"isRemoved":true}' end """
            f"from {self._namespace}.{table(catalog)} u where u.id = uw.id"
        )
        absent = """'"' || uw.id || '","title":"","isRemoved":true}'"""
        one = f"""'{{"id":' || coalesce(({found}), {absent})"""
        return f"coalesce((select '[' || string_agg({one}, ',') || ']' from unnest({column}) uw(id)), '[]')"

    def _files(self, column: str) -> str:
        found = (
            """select '{"id":"' || s.id || '","title":' || to_json(s.title)::text || ',"url":' || """
            f"""to_json(coalesce(s.source, {self._url("s.id")}))::text || ',"size":' || s.size || ',"mimeType":' || """
            f"""to_json(s.mime_type)::text || ',"metadata":null}}' from {self._namespace}.files s where s.id = fw.id"""
        )
        return f"coalesce((select '[' || string_agg(({found}), ',') || ']' from unnest({column}) fw(id)), '[]')"

    def _url(self, number: str) -> str:
        """Address of a stored file: signed, so that whoever has it can fetch it (docs/reference/files.md)."""
        if not self._file_url:
            base = self._arguments.add(f"{self._links.base}/files/", "text")
            key = self._arguments.add(self._links.key, "bytea")
            expires = self._arguments.add(f".{self._links.expires}", "text")
            signed = f"convert_to({_NUMBER} || {expires}, 'UTF8')"
            digest = f"encode(substr(sha256({key} || sha256({key} || {signed})), 1, 16), 'hex')"
            self._file_url = f"{base} || {_NUMBER} || {expires} || '.' || {digest}"
        return self._file_url.replace(_NUMBER, number)


def _object(pairs: list[tuple[str, str]]) -> str:
    if not pairs:
        return "'{}'"
    parts = []
    for place, (key, value) in enumerate(pairs):
        parts.append(literal(f"{'{' if place == 0 else ','}{json.dumps(key)}:"))
        parts.append(value)
    return f"({' || '.join(parts)} || '}}')"


def _sparse_object(pairs: list[tuple[str, str, str]]) -> str:
    """An object of those pairs whose condition holds; ``concat_ws`` passes over nulls and takes a hundred arguments."""
    parts = [
        f"case when {condition} then {literal(f'{json.dumps(key)}:')} || {value} end" for key, value, condition in pairs
    ]
    groups = [", ".join(parts[start : start + _ARGUMENTS]) for start in range(0, len(parts), _ARGUMENTS)]
    joined = ", ".join(f"nullif(concat_ws(',', {group}), '')" for group in groups)
    return f"('{{' || concat_ws(',', {joined}) || '}}')" if parts else "'{}'"


def _choices(column: str, ids: tuple[tuple[int, str], ...]) -> str:
    if not ids:
        return f"coalesce(array_to_json({column}::text[])::text, '[]')"
    return f"coalesce((select '[' || string_agg({_item('i', ids)}, ',') || ']' from unnest({column}) i), '[]')"


def _item(number: str, ids: tuple[tuple[int, str], ...]) -> str:
    """SQL of an item's id as JSON text."""
    plain = f"""'"' || {number} || '"'"""
    if not ids:
        return plain
    cases = " ".join(f"when {one} then {literal(json.dumps(own))}" for one, own in ids)
    return f"case {number} {cases} else {plain} end"


def _when(condition: str, then: str, otherwise: str) -> str:
    if condition == "true":
        return then
    return f"case when {condition} then {then} else {otherwise} end"
