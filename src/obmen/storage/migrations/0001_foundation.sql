-- Sections and catalogs: descriptions. Every change bumps schema_state.version and notifies 'obmen_schema'.
create table {schema}.schema_state (
    version bigint not null
);
insert into {schema}.schema_state values (1);

create table {schema}.sections (
    id bigint generated always as identity primary key,
    text_id text unique,
    name text not null,
    icon text not null default '',
    catalog_order bigint[] not null default '{}',
    removed_at timestamptz
);

create table {schema}.catalogs (
    id bigint generated always as identity primary key,
    text_id text unique,
    section_id bigint not null references {schema}.sections,
    name text not null,
    icon text not null default '',
    fields jsonb not null default '[]',
    next_field integer not null default 1,
    version bigint not null default 1,
    removed_at timestamptz
);

-- The event log (law 3): appended in the statement of the change; `position` is given later by the sequencer alone.
create table {schema}.events (
    id bigint generated always as identity primary key,
    position bigint,
    at timestamptz not null default clock_timestamp(),
    type text not null,
    catalog_id bigint not null,
    record_id bigint not null,
    actor bigint,
    new jsonb,
    old jsonb
) with (fillfactor = 90);
create unique index events_position on {schema}.events (position) where position is not null;
create index events_catalog on {schema}.events (catalog_id, position) where position is not null;
create index events_unplaced on {schema}.events (id) where position is null;
create index events_record on {schema}.events (catalog_id, record_id, id);

-- Files that values name: content in the store under `key`, or at another system under `source`.
create table {schema}.files (
    id bigint generated always as identity primary key,
    title text not null,
    mime_type text not null,
    size bigint not null,
    key text,
    source text,
    created_at timestamptz not null default now(),
    created_by bigint
);

-- Sign-in: an account belongs to a record of $users.
create table {schema}.accounts (
    user_id bigint primary key,
    email text not null,
    password_hash text,
    is_admin boolean not null default false
);
create unique index accounts_email on {schema}.accounts (lower(email));

create table {schema}.sessions (
    token_hash bytea primary key,
    user_id bigint not null references {schema}.accounts on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index sessions_user on {schema}.sessions (user_id);

-- Scenario files as they were saved: a process keeps to the version it began with.
create table {schema}.scenario_versions (
    id bigint generated always as identity primary key,
    script_id bigint not null,
    source bytea not null,
    created_at timestamptz not null default now()
);
create index scenario_versions_script on {schema}.scenario_versions (script_id, id desc);

-- State of running processes. A row lives as long as the process runs, `record_id` is its record in the catalog $processes, the
-- journal that people read: a short process gets that one at its end. `launch` says why and how it was started.
-- `holder` is the session lock of the server process that runs it now: when that one dies, anybody may take the row over.
-- `calling`: tokens whose call of another system is under way; it is not made again.
create table {schema}.process_runs (
    id bigint generated always as identity primary key,
    record_id bigint unique,
    scenario_version bigint not null references {schema}.scenario_versions,
    launch bytea not null,
    state bytea not null,
    calling bigint[] not null default '{}',
    wake_at timestamptz not null,
    holder integer
);
create index process_runs_wake on {schema}.process_runs (wake_at);

-- Readers of the log, a row each: read up to `position`. `epoch` counts its holders: who finds another than its own has lost it.
create table {schema}.cursors (
    name text primary key,
    position bigint not null,
    epoch bigint not null default 0,
    sequence_id bigint not null default 0,
    active boolean not null default true
);

-- The journal of deliveries. An open one (without `finished_at`) is still to be made; of a record's open ones the first is sent.
create table {schema}.deliveries (
    webhook_id bigint not null,
    position bigint not null,
    sequence_id bigint not null,
    record_id bigint not null,
    event text not null,
    status text not null,
    attempts integer not null default 0,
    due_at timestamptz,
    response_status integer,
    error text,
    duration_ms integer,
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (webhook_id, position)
);
create index deliveries_due on {schema}.deliveries (webhook_id, due_at) where due_at is not null;
create index deliveries_open on {schema}.deliveries (webhook_id, record_id, position) where finished_at is null;
create index deliveries_finished on {schema}.deliveries using brin (finished_at);
