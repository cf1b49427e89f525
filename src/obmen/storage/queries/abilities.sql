-- name: read_extensions
-- Of the extensions $1 those that are installed in a schema that the role may use.
select e.extname as name, quote_ident(n.nspname) as schema
from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
where e.extname = any($1::text[]) and pg_catalog.has_schema_privilege(n.oid, 'USAGE')

-- name: read_installable_extensions
-- Of the extensions $1 those that are not installed and that the role may install.
select a.name
from pg_catalog.pg_available_extensions a
join pg_catalog.pg_available_extension_versions v on v.name = a.name and v.version = a.default_version
where a.name = any($1::text[]) and a.installed_version is null and (
    (select rolsuper from pg_catalog.pg_roles where rolname = current_user)
    or (v.trusted and pg_catalog.has_database_privilege(current_database(), 'CREATE'))
)

-- name: read_missing_extensions
-- Of the extensions $1 those that the role cannot use, in that order: the schema of one that is installed all the same, and
-- whether the server has its files.
select wanted.name, quote_ident(n.nspname) as schema, quote_ident(current_user) as role, a.name is not null as available
from unnest($1::text[]) with ordinality wanted (name, number)
left join pg_catalog.pg_extension e on e.extname = wanted.name
left join pg_catalog.pg_namespace n on n.oid = e.extnamespace
left join pg_catalog.pg_available_extensions a on a.name = wanted.name
where n.oid is null or not pg_catalog.has_schema_privilege(n.oid, 'USAGE')
order by wanted.number

-- name: read_collations
-- Collations of PostgreSQL itself that work with the database's encoding, qualified: first those named in $1, in that order.
select 'pg_catalog.' || quote_ident(collname) as collation
from pg_catalog.pg_collation
where collnamespace = 'pg_catalog'::pg_catalog.regnamespace
    and collencoding in (-1, pg_catalog.pg_char_to_encoding(pg_catalog.getdatabaseencoding()))
    and (collname = any($1::text[]) or collname like '%.utf8')
order by array_position($1::text[], collname::text) nulls last, collname

-- name: read_locale
-- How the database was made.
select current_database() as database, pg_catalog.pg_encoding_to_char(encoding) as encoding, datctype as locale
from pg_catalog.pg_database where datname = current_database()

-- name: read_fold
-- The body of the function `fold`; no row where it is not there yet.
select prosrc from pg_catalog.pg_proc where oid = pg_catalog.to_regprocedure('{schema}.fold(text)')

-- name: read_expression_indexes
-- Indexes on expressions: what they hold depends on how functions were defined when it was written.
select quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = '{schema}' and (i.indexprs is not null or i.indpred is not null)
order by 1
