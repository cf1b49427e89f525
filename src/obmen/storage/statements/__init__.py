"""The one compiler of statements on records (law 7) and the DDL of catalogs (law 2).

`compiler.Statements` is the entrance for rows, `ddl` for tables, `indexes` for what is indexed. No other module names a
catalog's table; ``tests/contracts/test_statements.py`` checks it.
"""
