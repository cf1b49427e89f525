-- name: read_schema_version
-- Version of all descriptions.
select version from {schema}.schema_state

-- name: read_sections
-- All sections that are not removed.
select id, text_id, name, icon, catalog_order from {schema}.sections where removed_at is null order by id

-- name: read_catalogs
-- All catalogs that are not removed.
select id, text_id, section_id, name, icon, fields, next_field, version
from {schema}.catalogs where removed_at is null order by id

-- name: bump_schema
-- A new version of the descriptions; everybody who caches them hears of it at commit. Serialises changes of catalogs.
with bumped as (update {schema}.schema_state set version = version + 1 returning version)
select version, pg_notify('obmen_schema', version::text) from bumped

-- name: create_section
-- A new section; its id.
insert into {schema}.sections (name, icon, text_id) values ($1, $2, $3) returning id

-- name: update_section
-- New name, icon and order of catalogs.
update {schema}.sections set name = $2, icon = $3, catalog_order = $4 where id = $1

-- name: remove_section
-- Removes a section and its catalogs; descriptions and data stay in the database.
with gone as (update {schema}.catalogs set removed_at = now() where section_id = $1 and removed_at is null)
update {schema}.sections set removed_at = now() where id = $1

-- name: create_catalog
-- A new catalog; its id.
insert into {schema}.catalogs (section_id, name, icon, text_id, fields, next_field)
values ($1, $2, $3, $4, $5::text::jsonb, $6) returning id

-- name: update_catalog
-- A new description.
update {schema}.catalogs set section_id = $2, name = $3, icon = $4, fields = $5::text::jsonb, next_field = $6, version = version + 1
where id = $1

-- name: remove_catalog
-- Removes a catalog; its description and data stay in the database.
update {schema}.catalogs set removed_at = now() where id = $1
