-- name: notify_webhooks
-- Workers read the subscriptions again at commit.
select pg_notify('obmen_webhooks', '')

-- name: lease_webhook
-- Whether this session is the one that delivers webhook $1, until it lets go or ends.
select pg_try_advisory_lock(hashtext('{schema}.webhooks'), ($1::bigint % 2147483647)::integer)

-- name: release_webhook
-- Lets another session deliver webhook $1.
select pg_advisory_unlock(hashtext('{schema}.webhooks'), ($1::bigint % 2147483647)::integer)

-- name: join_deliverers
-- Counts this session among those that deliver, until it ends.
select pg_advisory_lock_shared(hashtext('{schema}.deliverers'), 0)

-- name: count_deliverers
-- How many sessions deliver.
select count(*) from pg_locks
where locktype = 'advisory' and objsubid = 2 and objid = 0 and classid = (hashtext('{schema}.deliverers')::bigint & 4294967295)::oid
    and database = (select oid from pg_database where datname = current_database())

-- name: open_cursor
-- A webhook's cursor begins behind the event of its own creation, once that has a position; $4 is its status column, $5 the item that is on.
insert into {schema}.cursors (name, position, active)
select $1, position, coalesce(new -> $4 @> to_jsonb($5::integer), false) from {schema}.events
where catalog_id = $2 and record_id = $3 and type = 'record.created' and position is not null order by id limit 1
on conflict do nothing

-- name: take_cursor
-- Makes the caller the cursor's holder.
update {schema}.cursors set epoch = epoch + 1 where name = $1 returning epoch, position, sequence_id, active

-- name: drop_cursor
-- Ends a reader of the log.
delete from {schema}.cursors where name = $1

-- name: move_cursor
-- Moves a cursor that the caller still holds ($2 is its epoch); whether it does.
update {schema}.cursors set position = $3, sequence_id = $4, active = $5 where name = $1 and epoch = $2 returning true

-- name: journal_deliveries
-- What became of deliveries of webhook $1, an array per column.
insert into {schema}.deliveries (webhook_id, position, sequence_id, record_id, event, status, attempts, due_at,
    response_status, error, duration_ms, finished_at)
select $1, d.* from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::integer[],
    $8::timestamptz[], $9::integer[], $10::text[], $11::integer[], $12::timestamptz[]) d
on conflict (webhook_id, position) do update set status = excluded.status, attempts = excluded.attempts,
    due_at = excluded.due_at, response_status = excluded.response_status, error = excluded.error,
    duration_ms = excluded.duration_ms, finished_at = excluded.finished_at

-- name: resume_deliveries
-- The first open delivery of each record of webhook $1 is due, also where its worker died; the records with open deliveries.
with heads as (
    select distinct on (record_id) record_id, position from {schema}.deliveries
    where webhook_id = $1 and finished_at is null order by record_id, position
), resumed as (
    update {schema}.deliveries d set status = 'retrying', due_at = $2
    from heads h where d.webhook_id = $1 and d.position = h.position and d.due_at is null and d.status <> 'paused'
)
select record_id from heads

-- name: claim_deliveries
-- Takes up to $3 deliveries of webhook $1 that are due at $2; their records.
update {schema}.deliveries d set status = 'sending', due_at = null
from (
    select position from {schema}.deliveries where webhook_id = $1 and due_at <= $2 order by due_at limit $3
) c
where d.webhook_id = $1 and d.position = c.position returning d.record_id

-- name: read_next_due
-- When the next delivery of webhook $1 is due.
select min(due_at) from {schema}.deliveries where webhook_id = $1 and due_at is not null

-- name: read_open_deliveries
-- Of each record of $2 its first $3 open deliveries of webhook $1, in order.
select d.* from unnest($2::bigint[]) r(record_id) cross join lateral (
    select position, sequence_id, record_id, event, attempts from {schema}.deliveries
    where webhook_id = $1 and record_id = r.record_id and finished_at is null order by position limit $3
) d order by d.position

-- name: resume_paused
-- Deliveries of webhook $1 that were paused are due.
update {schema}.deliveries set status = 'retrying', due_at = now(), error = null
where webhook_id = $1 and status = 'paused' and finished_at is null

-- name: read_paused
-- Why deliveries of webhook $1 are paused, $2 of them at most.
select error from {schema}.deliveries
where webhook_id = $1 and status = 'paused' and finished_at is null order by position limit $2

-- name: read_clock
-- The time by the clock that dates the events.
select clock_timestamp()

-- name: drop_deliveries
-- Ends all deliveries of a removed webhook that are still to be made.
update {schema}.deliveries set status = 'dropped', due_at = null, finished_at = now()
where webhook_id = $1 and finished_at is null

-- name: sweep_deliveries
-- Removes what was finished before $1 from the journal.
delete from {schema}.deliveries where finished_at < $1
