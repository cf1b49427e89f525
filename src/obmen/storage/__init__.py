"""PostgreSQL: the embedded server, migrations, named queries, the tables of catalogs, the event log (laws 1, 2 and 3).

Opens no transaction of its own: ``services`` do.
"""
