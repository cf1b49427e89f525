-- name: create_file
-- A file's description; its id.
insert into {schema}.files (title, mime_type, size, key, source, created_by) values ($1, $2, $3, $4, $5, $6) returning id

-- name: read_existing_files
-- Those of the ids that are files.
select id from {schema}.files where id = any($1::bigint[])

-- name: read_file
-- A file's description.
select id, title, mime_type, size, key, source from {schema}.files where id = $1
