-- name: read_schema_version
-- Version of all descriptions.
select version from {schema}.schema_state

-- name: read_sections
-- All sections that are not removed.
select id as number, text_id, name, icon, priority, catalog_order
from {schema}.sections where removed_at is null order by priority, id

-- name: read_catalogs
-- All catalogs that are not removed.
select id as number, text_id, section_id as section, name, icon, history, fields, next_field, removed_fields, version
from {schema}.catalogs where removed_at is null order by id

-- name: read_removed_catalogs
-- Numbers and text ids of the catalogs that are removed and had one: links to their records are still sent back by it.
select id as number, text_id from {schema}.catalogs where removed_at is not null and text_id is not null

-- name: bump_schema
-- A new version of the descriptions; processes that cache them are notified at commit. Serialises changes of catalogs.
with bumped as (update {schema}.schema_state set version = version + 1 returning version)
select version, pg_notify('obmen_schema', version::text) from bumped

-- name: limit_lock_waits
-- In this transaction nothing waits longer than this for a lock.
set local lock_timeout = '5s'

-- name: create_section
-- A new section, with the number $1 where it is not null; its number.
insert into {schema}.sections (id, text_id, name, icon, priority)
values (coalesce($1, nextval(pg_get_serial_sequence('{schema}.sections', 'id'))), $2, $3, $4, $5) returning id

-- name: update_section
-- New text id, name, icon, place and order of catalogs.
update {schema}.sections set text_id = $2, name = $3, icon = $4, priority = $5, catalog_order = $6, version = version + 1
where id = $1

-- name: remove_section
-- Removes a section and its catalogs; descriptions and data stay in the database.
with gone as (update {schema}.catalogs set removed_at = now() where section_id = $1 and removed_at is null)
update {schema}.sections set removed_at = now() where id = $1

-- name: create_catalog
-- A new catalog, with the number $1 where it is not null; its number.
insert into {schema}.catalogs (id, text_id, section_id, name, icon, history, fields, next_field)
values (coalesce($1, nextval(pg_get_serial_sequence('{schema}.catalogs', 'id'))), $2, $3, $4, $5, $6, $7::text::jsonb, $8)
returning id

-- name: update_catalog
-- A new description.
update {schema}.catalogs set text_id = $2, section_id = $3, name = $4, icon = $5, history = $6, fields = $7::text::jsonb,
    next_field = $8, removed_fields = $9, version = version + 1
where id = $1

-- name: count_columns
-- How many columns the table of catalog $1 has had; dropped ones count until it is made anew.
select max(attnum)::integer from pg_attribute where attrelid = ('{schema}.c' || $1::bigint)::regclass

-- name: rebuild_table
-- Makes the table of catalog $1 anew, without the columns that were dropped.
select {schema}.rebuild($1)

-- name: remove_catalog
-- Removes a catalog; its description and data stay in the database.
update {schema}.catalogs set removed_at = now() where id = $1
