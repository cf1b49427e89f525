"""Conditions composed with SQLAlchemy Core, compiled to asyncpg's SQL once per shape.

Core is a compiler here, never an engine. Compiling costs 0.3 ms, so the result is kept by Core's own cache key, which
leaves the values out. Called by `catalog_tables`.
"""

from collections import OrderedDict
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.sql.compiler import SQLCompiler

_DIALECT: Final = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call]
_KEPT: Final = 2_000

_compiled: OrderedDict[Any, SQLCompiler] = OrderedDict()


def compile_condition(condition: sa.ColumnElement[bool]) -> tuple[str, list[Any]]:
    """``(SQL with $1…, arguments)`` of ``condition``."""
    key = condition._generate_cache_key()
    compiled = None if key is None else _compiled.get(key.key)
    if compiled is None:
        compiled = condition.compile(dialect=_DIALECT, cache_key=key)
        if key is not None:
            _compiled[key.key] = compiled
            if len(_compiled) > _KEPT:
                _compiled.popitem(last=False)
    parameters = compiled.construct_params(extracted_parameters=None if key is None else key.bindparams)
    return str(compiled), [parameters[name] for name in compiled.positiontup or ()]
