"""A heading over the fields that follow it."""

from obmen.domain.field_types import FieldType


class Group(FieldType):
    """Holds no value (docs/reference/fields.md)."""

    name = "group"
    column = None


FIELD_TYPE = Group()
