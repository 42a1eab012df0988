-- What was delivered, and the work on it. A supplier lives in db_catalog: `supplier_id` is its number there, without a
-- foreign key, for no constraint spans two databases.

-- One delivery by its content: the same bytes sent again, under whatever name, are the same row.
create table import_files (
    id bigint generated always as identity primary key,
    supplier_id bigint not null,
    sha256 bytea not null check (octet_length(sha256) = 32),
    size_bytes bigint not null check (size_bytes >= 0),
    file_name text not null,
    archive_key text,
    -- What was understood of the content; empty until it has been read once.
    format text,
    encoding text,
    dialect jsonb,
    header text[],
    evidence jsonb,
    first_received_at timestamptz not null default now(),
    last_received_at timestamptz not null default now(),
    times_received integer not null default 1,
    unique (supplier_id, sha256)
);

-- The queue and the record of every import. All times are the database's, because leases are compared with them.
create table import_jobs (
    id uuid primary key,
    supplier_id bigint not null,
    supplier_code text not null,
    status text not null default 'queued' check (status in
        ('queued', 'staging', 'staged', 'publishing', 'completed', 'held', 'failed', 'cancelled', 'undone')),
    mode text not null check (mode in ('full', 'partial')),
    -- 0 = priority, 1 = default, 2 = bulk: a number, so that the queue's index is the order of work.
    priority smallint not null default 1 check (priority between 0 and 2),
    dry_run boolean not null default false,

    -- Each attempt and each decision of a person raises `epoch`; a write that names another epoch changes nothing.
    attempt integer not null default 0,
    epoch bigint not null default 0,
    lease_owner text,
    lease_expires_at timestamptz,
    run_after timestamptz not null default now(),

    file_id bigint references import_files (id),
    bucket text not null,
    key text not null,
    file_name text not null,
    mapping_version integer,
    settings jsonb not null default '{}',

    -- A person has seen what the guard found and wants it published.
    approved boolean not null default false,
    guard_code text,
    guard_detail text,
    failure_code text,
    failure_message text,

    read bigint not null default 0,
    created bigint not null default 0,
    updated bigint not null default 0,
    unchanged bigint not null default 0,
    rejected bigint not null default 0,
    duplicate bigint not null default 0,
    held bigint not null default 0,
    deactivated bigint not null default 0,

    -- Progress only moves forward, over all attempts.
    rows_read bigint not null default 0,
    bytes_read bigint not null default 0,
    bytes_total bigint,
    report jsonb,

    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    updated_at timestamptz not null default now(),

    -- There is no success that is not: an import that does not balance cannot be completed.
    constraint import_jobs_completed_balances check (status <> 'completed'
        or read = created + updated + unchanged + rejected + duplicate + held),
    constraint import_jobs_held_names_its_guard check (status <> 'held' or guard_code is not null),
    constraint import_jobs_failed_names_its_reason check (status <> 'failed' or failure_code is not null)
) with (fillfactor = 85);

create index import_jobs_status_created_at on import_jobs (status, created_at desc);
create index import_jobs_created_at on import_jobs (created_at desc, id desc);
create index import_jobs_supplier_created_at on import_jobs (supplier_id, created_at desc);
-- A supplier's day, for import_statistics.
create index import_jobs_supplier_finished_at on import_jobs (supplier_id, finished_at) where finished_at is not null;
-- The order of work: few rows, however many imports there have been.
create index import_jobs_waiting on import_jobs (priority, run_after, created_at) where status = 'queued';
create index import_jobs_leased on import_jobs (lease_expires_at) where lease_owner is not null;
-- "Is this delivery under way already?"
create index import_jobs_unfinished on import_jobs (file_id) where finished_at is null;
