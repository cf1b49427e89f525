-- name: sequence_events
-- Gives committed events their dense position, ordered by id; returns how many. One caller at a time (the sequencer's lease).
with unplaced as (
    select id, row_number() over (order by id) as place
    from (select id from {schema}.events where position is null order by id limit $1) u
), placed as (
    update {schema}.events e
    set position = (select coalesce(max(position), 0) from {schema}.events) + u.place
    from unplaced u where e.id = u.id
    returning 1
)
select count(*) from placed

-- name: read_events
-- Up to $3 events of one catalog past position $1, in order, of the types $4; with the position read up to.
select position, at, type, catalog_id, record_id, actor, new::text as new, old::text as old
from {schema}.events
where position > $1 and position <= $5 and catalog_id = $2 and type = any($4::text[])
order by position limit $3

-- name: read_head
-- The last position of the log.
select coalesce(max(position), 0) from {schema}.events

-- name: read_event_position
-- Position of a record's first event of a type; NULL while the sequencer has not reached it.
select position from {schema}.events
where catalog_id = $1 and record_id = $2 and type = $3 order by id limit 1
