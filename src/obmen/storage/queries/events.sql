-- name: sequence_events
-- Gives up to $1 committed events past id $2 their dense position, ordered by id, and notifies of their catalogs; returns how many. One caller at a time (the sequencer's lease).
with unplaced as (
    select id, row_number() over (order by id) as place
    from (select id from {schema}.events where position is null and id > $2 order by id limit $1) u
), placed as (
    update {schema}.events e
    set position = (select coalesce(max(position), 0) from {schema}.events) + u.place
    from unplaced u where e.id = u.id
    returning e.catalog_id
), notified as (
    select string_agg(distinct catalog_id::text, ',') as catalogs from placed
)
select (select count(*) from placed),
    case when catalogs is not null then pg_notify('obmen_placed', case when length(catalogs) < 7000 then catalogs else '' end) end
from notified

-- name: read_last_event_id
-- The last id that was handed out.
select coalesce(last_value, 0) from pg_sequences where schemaname = '{schema}' and sequencename = 'events_id_seq'

-- name: read_event_writers
-- The transactions under way that may have appended to the log: each locks it before it takes an id.
select virtualtransaction from pg_locks
where locktype = 'relation' and relation = '{schema}.events'::regclass and mode = 'RowExclusiveLock'
    and database = (select oid from pg_database where datname = current_database())

-- name: lead_sequencing
-- Whether this session is the one that gives positions, until it ends.
select pg_try_advisory_lock(hashtext('{schema}.sequencer'), 0)

-- name: read_head
-- The last position of the log.
select coalesce(max(position), 0) from {schema}.events

-- name: read_webhook_events
-- Up to $5 events past position $1 and not past $4, in order: `wanted` ones of catalog $2 with a type of $3, and `own` ones, the changes of record $7 of catalog $6 (the webhook itself).
select * from (
    (select position, at, type, catalog_id, record_id, case when new ? 'text_id' then new ->> 'text_id' else old ->> 'text_id' end as text_id, actor,
        case when type = 'record.updated' then new::text end as new, case when type = 'record.updated' then old::text end as old,
        true as wanted, catalog_id = $6 and record_id = $7 and type = 'record.updated' as own
    from {schema}.events
    where catalog_id = $2 and position > $1 and position <= $4 and type = any($3::text[]) order by position limit $5)
    union all
    (select position, at, type, catalog_id, record_id, null, actor, new::text, null, false, true
    from {schema}.events
    where catalog_id = $6 and record_id = $7 and type = 'record.updated' and position > $1 and position <= $4
        and not (catalog_id = $2 and type = any($3::text[]))
    order by position limit $5)
) e order by position limit $5

-- name: read_events_at
-- The events at some positions.
select position, at, type, catalog_id, record_id, case when new ? 'text_id' then new ->> 'text_id' else old ->> 'text_id' end as text_id, actor,
    case when type = 'record.updated' then new::text end as new, case when type = 'record.updated' then old::text end as old
from {schema}.events where position = any($1::bigint[])
