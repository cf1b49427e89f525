"""Values of records on their way in: from what a sender wrote to what fits the fields (`parse`).

Every write path goes through it. What values point at, files and secrets are looked at afterwards, by ``services/records``.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

from obmen.domain.field_types import Parsed, WriteContext, shown
from obmen.domain.renderings import MASK, Masked
from obmen.domain.rights.policies import CatalogPolicy
from obmen.domain.schema import Catalog
from obmen.errors import FieldProblem, InvalidValue

Values: TypeAlias = dict[int, Parsed]
"""By number of field."""


def parse_new(catalog: Catalog, sent: Any, context: WriteContext, policy: CatalogPolicy) -> Values:
    """The values of a new record, defaults included; `InvalidValue` names every value that does not fit its field."""
    values, problems = _parse(catalog, sent, context, policy)
    refused = {problem.field for problem in problems}
    for field in catalog.value_fields:
        if field.number not in values:
            default = field.type.default(field, context)
            if default is not None:
                values[field.number] = default
        if field.required and values.get(field.number) is None and field.id not in refused:
            problems.append(FieldProblem("field.required", field=field.id, name=field.name))
    return _accepted(values, problems)


def parse_change(catalog: Catalog, sent: Any, context: WriteContext, policy: CatalogPolicy) -> Values:
    """The values that a change names; `InvalidValue` names every one that does not fit its field."""
    values, problems = _parse(catalog, sent, context, policy)
    for number, value in values.items():
        field = catalog.by_number[number]
        if field.required and value is None:
            problems.append(FieldProblem("field.required", field=field.id, name=field.name))
    return _accepted(values, problems)


def _parse(
    catalog: Catalog, sent: Any, context: WriteContext, policy: CatalogPolicy
) -> tuple[Values, list[FieldProblem]]:
    if not isinstance(sent, Mapping):
        raise InvalidValue("field.not_values", sent=shown(sent))
    values: Values = {}
    problems: list[FieldProblem] = []
    for field_id, value in sent.items():
        field = catalog.find(field_id)
        if field is None and catalog.had_field(str(field_id)):
            continue  # a value sent back as it was read before its field was removed
        if field is None or not field.holds_value or not policy.reads(field):
            known = ", ".join(known.id for known in catalog.value_fields if policy.reads(known))
            problems.append(FieldProblem("field.unknown", field=str(field_id), catalog=catalog.id, known=known))
        elif not policy.writes(field):
            problems.append(FieldProblem("field.read_only", field=field.id, name=field.name))
        elif value is None and field.required:
            problems.append(FieldProblem("field.required", field=field.id, name=field.name))
        elif value != MASK or not isinstance(field.type.rendering(field, context.schema), Masked):
            try:
                values[field.number] = (
                    field.type.nothing() if value is None else field.type.parse(field, value, context)
                )
            except FieldProblem as problem:
                problems.append(problem)
    return values, problems


def _accepted(values: Values, problems: list[FieldProblem]) -> Values:
    if problems:
        raise InvalidValue("field.invalid", problems=tuple(problems), count=len(problems))
    return values
