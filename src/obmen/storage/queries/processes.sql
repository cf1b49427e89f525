-- name: create_scenario_version
-- Keeps a scenario as it was saved.
insert into {schema}.scenario_versions (script_id, source) values ($1, $2)

-- name: read_scenario_version
-- A scenario's source.
select source from {schema}.scenario_versions where id = $1

-- name: lock_holder
-- Says that server process $1 lives, as long as this session does.
select pg_advisory_lock(hashtext('{schema}.holders'), $1)

-- name: create_process_run
-- The state of a process that is held ($7) or waits to be taken; its id. $1 is its record in $processes, where it has one.
insert into {schema}.process_runs (record_id, scenario_version, launch, state, calling, wake_at, holder)
values ($1, $2, $3, $4, $5::bigint[], $6, $7) returning id

-- name: save_process_run
-- The state after a step of a process that the caller ($2) still holds; whether it does. $6 holds it from here on.
update {schema}.process_runs set state = $3, calling = $4::bigint[], wake_at = $5, holder = $6
where id = $1 and holder = $2 returning true

-- name: show_process_run
-- Says which record of $processes a run has got; whether the caller still holds it.
update {schema}.process_runs set record_id = $3 where id = $1 and holder = $2 returning true

-- name: finish_process_run
-- Ends the run of a process that the caller still holds; whether it did.
delete from {schema}.process_runs where id = $1 and holder = $2 returning true

-- name: release_process_run
-- Lets go of a process that the caller still holds: others carry it on from its last journaled step.
update {schema}.process_runs set holder = null, wake_at = $3 where id = $1 and holder = $2

-- name: claim_process_runs
-- Takes up to $2 processes that are due and held by nobody alive.
update {schema}.process_runs r set holder = $1
from (
    select id from {schema}.process_runs
    where wake_at <= now() and (holder is null or not exists (
        select from pg_locks l
        where l.locktype = 'advisory' and l.objsubid = 2 and l.granted
            and l.database = (select oid from pg_database where datname = current_database())
            and l.classid = (hashtext('{schema}.holders')::bigint & 4294967295)::oid and l.objid = holder::oid))
    order by wake_at limit $2 for update skip locked
) c
where r.id = c.id
returning r.id, r.record_id, r.launch, r.state, r.calling

-- name: read_next_wake
-- Seconds until a process that nobody holds is due; NULL without one.
select extract(epoch from min(wake_at) - now())::float8 from {schema}.process_runs where holder is null

-- name: notify_processes
-- Workers look for processes that are due.
select pg_notify('obmen_processes', '')

-- name: notify_listeners
-- Processes that remember external requests forget them.
select pg_notify('obmen_listeners', '')

-- name: remove_process_run
-- Stops the run of a record that was removed: without its row no step of it is journaled any more, and who runs it is told.
with gone as (delete from {schema}.process_runs where record_id = $1 returning record_id)
select pg_notify('obmen_aborted', record_id::text) from gone
