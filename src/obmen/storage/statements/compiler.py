"""`Statements`: everything that can be asked of the records of one `Schema`, under a policy (law 7).

Texts depend on the schema, the policy and the shape of a question alone and are kept by them; a `Statements` is dropped with
its schema. Called by ``services/records`` and ``services/webhooks``.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from obmen.domain.queries.filters import Filter
from obmen.domain.queries.queries import Query, Selection
from obmen.domain.record_ids import RecordId
from obmen.domain.rights.policies import Policy
from obmen.domain.schema import Catalog, Field, Schema
from obmen.storage.statements import writing
from obmen.storage.statements.arguments import Arguments, Statement
from obmen.storage.statements.conditions import Conditions, split, table
from obmen.storage.statements.finding import Finder
from obmen.storage.statements.rendering import FileLinks, Form, Renderer

_KEPT: Final = 2_000
_LONGEST: Final = 20_000
"""Characters of a statement, with its arguments, that is kept."""
FILES: Final = 0
"""Stands for the files where catalogs are told by their numbers."""
Required: TypeAlias = Mapping[int, list[int]]
"""Numbers of records, each once, by number of catalog; those of files by `FILES`."""
NOTHING_REQUIRED: Final[Required] = MappingProxyType({})
Compile: TypeAlias = Callable[[Arguments], str]
Image: TypeAlias = Literal["filled", "changed", "before"]
"""Values of a new record that are not empty; those that a change really changed; all that were before a change."""


def _is_filled(field: Field) -> str:
    return f"r.{field.column} is not null"


def _has_changed(field: Field) -> str:
    return f"e.new ? '{field.column}' and e.new -> '{field.column}' is distinct from e.old -> '{field.column}'"


_IMAGES: Final[Mapping[Image, tuple[str, Callable[[Field], str] | None]]] = {
    "filled": ("new", _is_filled),
    "changed": ("new", _has_changed),
    "before": ("old", None),
}


class Statements:
    """The statements on the records of one schema; ``namespace`` is PostgreSQL's schema of Obmen's tables."""

    def __init__(self, schema: Schema, namespace: str) -> None:
        self.schema = schema
        self._namespace = namespace
        self._kept: OrderedDict[Hashable, Statement] = OrderedDict()

    # which records

    def page(self, policy: Policy, query: Query) -> Statement:
        """``→ id, key`` of the records of the query's page, in order."""
        return Finder(self.schema, self._namespace, policy, query).page()

    def count(self, policy: Policy, query: Query, most: int | None = None) -> Statement:
        """``→ how many`` match the query whatever its page, counted up to ``most``."""
        return Finder(self.schema, self._namespace, policy, query).count(most)

    def stored(self, policy: Policy, catalog: Catalog, wanted: Filter, fields: Iterable[str]) -> Statement:
        """``→ id, a column per field`` as stored, under the ids given; for Obmen's own catalogs."""
        arguments = Arguments()
        where = self._conditions(policy, arguments).matching(catalog, wanted, "r")
        columns = "".join(f', r.{catalog.field(one).column} as "{one}"' for one in fields)
        text = f"select r.id{columns} from {self._from(catalog)} r where {where} order by r.id"
        return Statement(text, arguments.values)

    def references(self, wanted: Mapping[int, Sequence[RecordId]]) -> Statement:
        """``→ catalog, id, text_id, removed`` of those of the records, by number of catalog, that exist."""
        arguments = Arguments()
        parts = []
        for number, ids in wanted.items():
            numbers, texts = split(ids)
            same_number, same_text = arguments.add(numbers, "bigint[]"), arguments.add(texts, "text[]")
            parts.append(
                f"select {number} as catalog, t.id, t.text_id, t.removed_at is not null as removed "
                f"from {self._from(self.schema.catalogs[number])} t "
                f"where t.id = any({same_number}) or t.text_id = any({same_text})"
            )
        return Statement(" union all ".join(parts), arguments.values)

    # their JSON

    def record(
        self, policy: Policy, catalog: Catalog, record: RecordId, fields: Selection | None, form: Form, links: FileLinks
    ) -> Statement:
        """``→ JSON`` of one record, with the caller's privilege code."""
        column, kind = ("id", "bigint") if isinstance(record, int) else ("text_id", "text")

        def compiled(arguments: Arguments) -> str:
            json = self._renderer(policy, arguments, form, links).record(catalog, fields, "r", privilege=True)
            visible = self._visible(policy, catalog, arguments, "r")
            return f"select {json} from {self._from(catalog)} r where r.{column} = $1::{kind} and {visible}"

        return self._keep(("record", policy, catalog.number, column, fields, form, links), compiled, record)

    def records(self, policy: Policy, query: Query, form: Form, links: FileLinks) -> Statement:
        """``→ json, count, last_id, last_key`` of the query's page: the JSON of its records, joined by commas, and its last one."""
        catalog = self.schema.catalogs[query.catalog]

        def compiled(arguments: Arguments) -> str:
            return self._renderer(policy, arguments, form, links).record(catalog, query.fields, "r", privilege=False)

        json = self._keep(("records", policy, catalog.number, query.fields, form, links), compiled)

        def paged(arguments: Arguments) -> str:
            page = Finder(self.schema, self._namespace, policy, query, arguments).page()
            return (
                f"with page as materialized ({page.text}), placed as materialized (select id, key, row_number() over () as place "
                f"from page) select string_agg({json.text}, ',' order by p.place) as json, count(*) as count, "
                "(select id from placed order by place desc limit 1) as last_id, "
                "(select key from placed order by place desc limit 1) as last_key "
                f"from placed p join {self._from(catalog)} r on r.id = p.id"
            )

        return self._keep(("page", policy, query, form, links), paged, *json.arguments)

    def images(
        self, policy: Policy, catalog: Catalog, image: Image, positions: Sequence[int], form: Form, links: FileLinks
    ) -> Statement:
        """``→ position, JSON`` of the values that records have in the log: in events at these positions."""

        def compiled(arguments: Arguments) -> str:
            column, only = _IMAGES[image]
            values = self._renderer(policy, arguments, form, links).values(catalog, None, "r", only)
            return (
                f"select e.position, {values} from {self._namespace}.events e, "
                f"jsonb_populate_record(null::{self._from(catalog)}, e.{column}) r where e.position = any($1::bigint[])"
            )

        return self._keep(("images", policy, catalog.number, image, form, links), compiled, list(positions))

    # changes

    def insert(
        self, catalog: Catalog, author: int | None, rows: str, *, many: bool, required: Required = NOTHING_REQUIRED
    ) -> Statement:
        """``→ id`` of each new record, in order; ``rows`` is JSON: an object, or with ``many`` a list of them.

        Nothing is inserted where something ``required`` is not there.
        """
        targets = tuple(required)

        def compiled(_: Arguments) -> str:
            return writing.insert(catalog, self._namespace, self._present(targets), many=many)

        return self._keep(("insert", catalog.number, many, targets), compiled, author, rows, *required.values())

    def update(
        self,
        policy: Policy,
        catalog: Catalog,
        fields: Sequence[int],
        author: int | None,
        rows: str,
        *,
        renames: bool,
        many: bool,
        required: Required = NOTHING_REQUIRED,
    ) -> Statement:
        """``→ id`` of each record that is there; ``rows`` hold ``id`` and the columns of ``fields`` (numbers).

        Nothing is changed where something ``required`` is not there.
        """
        targets = tuple(required)

        def compiled(arguments: Arguments) -> str:
            chosen = [catalog.by_number[number] for number in fields]
            visible = self._conditions(policy, arguments).visible(catalog, "t")
            allowed = f"{visible} and {self._present(targets)}"
            return writing.update(catalog, self._namespace, chosen, allowed, renames=renames, many=many)

        key = ("update", policy, catalog.number, tuple(fields), renames, many, targets)
        return self._keep(key, compiled, author, rows, *required.values())

    def delete(self, policy: Policy, catalog: Catalog, author: int | None, numbers: Sequence[int]) -> Statement:
        """``→ id`` of each record that was there."""

        def compiled(arguments: Arguments) -> str:
            visible = self._conditions(policy, arguments).visible(catalog, "t")
            return writing.delete(catalog, self._namespace, visible)

        return self._keep(("delete", policy, catalog.number), compiled, author, list(numbers))

    def set_silently(self, catalog: Catalog, field_id: str) -> str:
        """``(number, value)``: sets one column without an event, for what the system counts in its own records."""
        column = catalog.field(field_id).column
        return f"update {self._from(catalog)} set {column} = $2 where id = $1 and {column} is distinct from $2"

    def listener(self, listeners: Catalog, scripts: Catalog) -> str:
        """``(addresses in lower case) → id, script, status, script_id, version`` of the listener at the longest of them."""
        status, address, script = (listeners.field(one).column for one in ("$status", "$urlId", "$script"))
        number = f"split_part(r.{script}[1], ':', 2)::bigint"
        return (
            f"select r.id, r.{script}[1] as script, r.{status} as status, s.id as script_id, "
            f"(select max(v.id) from {self._namespace}.scenario_versions v where v.script_id = s.id) as version "
            f"from {self._from(listeners)} r left join {self._from(scripts)} s on s.id = {number} and s.removed_at is null "
            f"where {self._namespace}.fold(r.{address}) = any($1::text[]) and r.removed_at is null "
            f"order by length(r.{address}) desc limit 1"
        )

    # parts

    def _present(self, targets: Sequence[int]) -> str:
        """What holds where all records in the arguments from the third on, a list per catalog, are there."""
        parts = [
            f"(select count(*) from {self._living(target)} and q.id = any(${place}::bigint[])) = cardinality(${place}::bigint[])"
            for place, target in enumerate(targets, 3)
        ]
        return " and ".join(parts) or "true"

    def _living(self, target: int) -> str:
        if target == FILES:
            return f"{self._namespace}.files q where true"
        return f"{self._from(self.schema.catalogs[target])} q where q.removed_at is null"

    def _keep(self, key: Hashable, compiled: Compile, *arguments: object) -> Statement:
        """The statement of ``key`` with these first arguments."""
        found = self._kept.get(key)
        if found is None:
            collected = Arguments(*arguments)
            found = Statement(compiled(collected), collected.values[len(arguments) :])
            if len(found.text) + sum(len(str(argument)) for argument in found.arguments) <= _LONGEST:
                self._kept[key] = found
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return Statement(found.text, [*arguments, *found.arguments])

    def _renderer(self, policy: Policy, arguments: Arguments, form: Form, links: FileLinks) -> Renderer:
        return Renderer(self.schema, self._namespace, policy, arguments, form, links)

    def _visible(self, policy: Policy, catalog: Catalog, arguments: Arguments, row: str) -> str:
        return f"{row}.removed_at is null and {self._conditions(policy, arguments).visible(catalog, row)}"

    def _conditions(self, policy: Policy, arguments: Arguments) -> Conditions:
        return Conditions(self.schema, self._namespace, policy, arguments)

    def _from(self, catalog: Catalog) -> str:
        return f"{self._namespace}.{table(catalog)}"
