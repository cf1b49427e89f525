-- name: create_scenario_version
-- Keeps a scenario as it was saved.
insert into {schema}.scenario_versions (script_id, source) values ($1, $2)

-- name: read_scenario_version
-- A scenario's source.
select source from {schema}.scenario_versions where id = $1

-- name: read_newest_scenario_version
-- The version a process of this scenario begins with.
select id from {schema}.scenario_versions where script_id = $1 order by id desc limit 1

-- name: remove_process_run
-- Stops a run: without its row no step of it is journaled any more.
delete from {schema}.process_runs where id = $1
