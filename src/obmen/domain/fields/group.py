"""A heading over the fields that follow it."""

from obmen.domain.field_types import FieldType


class Group(FieldType):
    """Holds no value (contract: field types, section and tabs)."""

    name = "group"
    column = None


FIELD_TYPE = Group()
