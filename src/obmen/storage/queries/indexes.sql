-- name: lead_indexing
-- Whether this session is the one that keeps the indexes of catalogs, until it ends.
select pg_try_advisory_lock(hashtext('{schema}.indexes'), 0)

-- name: prepare_indexing
-- In this session nothing is cut short, however long it takes.
select set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false),
    set_config('idle_session_timeout', '0', false),
    set_config('maintenance_work_mem', greatest(131072, setting::bigint) || 'kB', false)
from pg_settings where name = 'maintenance_work_mem'

-- name: read_table_sizes
-- Numbers of the catalogs that have a table, and how many rows PostgreSQL takes each to have; null: it has never counted.
select substr(t.relname, 2)::bigint as catalog, nullif(greatest(t.reltuples, -1), -1)::bigint as records
from pg_class t join pg_namespace n on n.oid = t.relnamespace
where n.nspname = '{schema}' and t.relkind = 'r' and t.relname ~ '^c[0-9]+$'

-- name: read_catalog_indexes
-- The indexes of catalogs that are kept here, whether they can be used, and whether somebody builds them.
select i.relname as name, substr(t.relname, 2)::bigint as catalog, x.indisvalid as valid,
    exists (select from pg_stat_progress_create_index p where p.index_relid = x.indexrelid) as building
from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
    join pg_namespace n on n.oid = t.relnamespace
where n.nspname = '{schema}' and t.relname ~ '^c[0-9]+$' and i.relname like t.relname || '\_by\_%'

-- name: read_index_builds
-- The indexes of catalogs that are being made: name, catalog, phase, share that is done of the phase (null: unknown), seconds.
select i.relname as name, substr(t.relname, 2)::bigint as catalog, p.phase,
    coalesce(p.blocks_done::float8 / nullif(p.blocks_total, 0), p.tuples_done::float8 / nullif(p.tuples_total, 0)) as done,
    coalesce(extract(epoch from clock_timestamp() - a.query_start), 0)::float8 as seconds
from pg_stat_progress_create_index p join pg_class i on i.oid = p.index_relid join pg_class t on t.oid = p.relid
    join pg_namespace n on n.oid = t.relnamespace left join pg_stat_activity a on a.pid = p.pid
where p.datname = current_database() and n.nspname = '{schema}' and i.relname like t.relname || '\_by\_%'
order by i.relname

-- name: claim_indexes
-- Whether this session may work on the indexes of catalog $1, until it lets go.
select pg_try_advisory_lock(hashtext('{schema}.indexed'), ($1::bigint % 2147483647)::integer)

-- name: release_indexes
-- Lets others change catalog $1.
select pg_advisory_unlock(hashtext('{schema}.indexed'), ($1::bigint % 2147483647)::integer)

-- name: hold_back_indexing
-- Whether nobody works on the indexes of catalog $1 from now to the end of this transaction.
select pg_try_advisory_xact_lock(hashtext('{schema}.indexed'), ($1::bigint % 2147483647)::integer)

-- name: interrupt_indexing
-- Asks whoever works on the indexes of catalog $1 to stop.
select pg_cancel_backend(pid) from pg_locks
where locktype = 'advisory' and granted and objsubid = 2 and pid <> pg_backend_pid()
    and database = (select oid from pg_database where datname = current_database())
    and classid = (hashtext('{schema}.indexed')::bigint & 4294967295)::oid and objid = ($1::bigint % 2147483647)::oid
