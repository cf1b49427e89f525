"""A write whose values are parsed: what `preparing` makes ready and `prepared` writes."""

from collections.abc import Sequence

import msgspec

from obmen.domain.records.values import Values
from obmen.domain.rights.policies import Caller
from obmen.domain.schema import Catalog
from obmen.storage.statements.compiler import Statements


class Preparation(msgspec.Struct, frozen=True):
    """The records of one write: their numbers (``None`` for new ones) and their parsed values."""

    statements: Statements
    catalog: Catalog
    caller: Caller
    records: Sequence[int | None]
    rows: Sequence[Values]
