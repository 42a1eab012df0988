-- Pictures and data sheets that suppliers refer to. Products and publications live in db_catalog: their numbers stand
-- here without foreign keys. There are none between the bulk tables either: `media::files::add_pending` alone adds files
-- and jobs, both in one statement, a million at a time.

-- One row per address. Addresses may be 2,000 bytes long, which no b-tree takes: their SHA-256 is the key.
create table media_files (
    id bigint generated always as identity primary key,
    url text not null,
    url_hash bytea not null unique,
    status text not null default 'pending' check (status in ('pending', 'ready', 'failed')),
    first_supplier_id bigint not null,
    first_publication_id bigint not null,
    -- Known once it is fetched.
    sha256 bytea check (octet_length(sha256) = 32),
    content_type text,
    size_bytes bigint,
    width integer,
    height integer,
    bucket text,
    key text,
    failure_message text,
    fetched_at timestamptz,
    created_at timestamptz not null default now()
);

-- The same picture under two addresses.
create index media_files_sha256 on media_files (sha256) where sha256 is not null;
create index media_files_failed on media_files (id) where status = 'failed';

-- A file has one job, whatever was asked of it how often.
create table media_processing_jobs (
    media_id bigint primary key,
    status text not null default 'pending' check (status in ('pending', 'running', 'done', 'failed')),
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    epoch bigint not null default 0,
    lease_owner text,
    lease_expires_at timestamptz,
    failure_code text,
    failure_message text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
) with (fillfactor = 85);

create index media_processing_jobs_pending on media_processing_jobs (next_attempt_at) where status = 'pending';
create index media_processing_jobs_leased on media_processing_jobs (lease_expires_at) where status = 'running';

create table media_thumbnails (
    media_id bigint not null references media_files (id) on delete cascade,
    -- The name of the size, such as `list` or `page`.
    size_name text not null,
    width integer not null,
    height integer not null,
    content_type text not null,
    size_bytes bigint not null,
    bucket text not null,
    key text not null,
    created_at timestamptz not null default now(),
    primary key (media_id, size_name)
);

create table media_metadata (
    media_id bigint primary key references media_files (id) on delete cascade,
    orientation smallint check (orientation between 1 and 8),
    has_alpha boolean,
    dominant_color text,
    -- Near pictures have near values: compared by differing bits.
    perceptual_hash bigint,
    exif jsonb,
    created_at timestamptz not null default now()
);

create index media_metadata_perceptual_hash on media_metadata (perceptual_hash) where perceptual_hash is not null;
