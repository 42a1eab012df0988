-- What we know about each supplier's feed: how to read it, when to fetch it, and how it has gone.

-- What a supplier's imports do differently from the configured defaults; null keeps the default.
create table import_configs (
    supplier_id bigint primary key,
    priority smallint check (priority between 0 and 2),
    -- Thresholds of the guards: shares from 0 to 1, and the fewest removals that count.
    reject_share_max double precision check (reject_share_max between 0 and 1),
    removal_share_max double precision check (removal_share_max between 0 and 1),
    removals_min bigint check (removals_min >= 0),
    -- What happens to an import that a guard stopped when no person is asked.
    when_held text not null default 'ask' check (when_held in ('ask', 'publish', 'discard')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

-- Every mapping a supplier ever had; exactly one is active. Versions begin at 1 and are never changed.
create table import_mappings (
    supplier_id bigint not null,
    version integer not null check (version > 0),
    mapping jsonb not null,
    source text not null check (source in ('automatic', 'person')),
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    primary key (supplier_id, version)
);

create unique index import_mappings_active on import_mappings (supplier_id) where is_active;

-- When a supplier's file is fetched: by cron expression and time zone, or every so many seconds.
create table import_schedules (
    id bigint generated always as identity primary key,
    supplier_id bigint not null,
    name text not null,
    cron text,
    time_zone text not null default 'UTC',
    every_seconds bigint check (every_seconds > 0),
    mode text not null check (mode in ('full', 'partial')),
    -- Where the file is: kind and address. Its secret stands apart, encrypted, so that no listing shows it.
    source jsonb not null,
    secret bytea,
    missed_runs text not null default 'once' check (missed_runs in ('once', 'skip')),
    is_paused boolean not null default false,
    next_run_at timestamptz,
    last_run_at timestamptz,
    last_import_id uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (supplier_id, name),
    check ((cron is null) <> (every_seconds is null))
);

create index import_schedules_due on import_schedules (next_run_at) where not is_paused;

-- How a supplier's imports went on a day (UTC). Always recomputed from import_jobs, never added to: counting an import
-- twice changes nothing.
create table import_statistics (
    supplier_id bigint not null,
    day date not null,
    imports bigint not null,
    completed bigint not null,
    failed bigint not null,
    rows_read bigint not null,
    rows_created bigint not null,
    rows_updated bigint not null,
    rows_unchanged bigint not null,
    rows_rejected bigint not null,
    rows_duplicate bigint not null,
    rows_held bigint not null,
    products_deactivated bigint not null,
    seconds double precision not null,
    primary key (supplier_id, day)
);

create index import_statistics_day on import_statistics (day);
