-- Which ASIN a GTIN has on each marketplace. GTINs are stored padded to 14 digits. Suppliers, products and publications
-- live in db_catalog: their numbers stand here without foreign keys. There are none between the bulk tables either:
-- `code2asin::jobs::add_pending` alone adds links and jobs, both in one statement.

-- One job per GTIN: a look-up asks every marketplace.
create table code2asin_jobs (
    gtin text primary key check (length(gtin) = 14),
    status text not null default 'pending' check (status in ('pending', 'running', 'found', 'not_found', 'failed')),
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    epoch bigint not null default 0,
    lease_owner text,
    lease_expires_at timestamptz,
    -- The publication that last asked for it.
    requested_by_publication_id bigint not null,
    failure_code text,
    failure_message text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
) with (fillfactor = 85);

create index code2asin_jobs_pending on code2asin_jobs (next_attempt_at) where status = 'pending';
create index code2asin_jobs_leased on code2asin_jobs (lease_expires_at) where status = 'running';

-- Who sells a GTIN: each product has at most one.
create table code2asin_suppliers (
    product_id bigint primary key,
    supplier_id bigint not null,
    gtin text not null check (length(gtin) = 14),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create index code2asin_suppliers_gtin on code2asin_suppliers (gtin);
create index code2asin_suppliers_supplier on code2asin_suppliers (supplier_id);

-- What is known now.
create table code2asin_results (
    gtin text not null check (length(gtin) = 14),
    -- Such as `amazon.fr`.
    marketplace text not null,
    asin text not null check (length(asin) = 10),
    title text,
    -- From 0 (a guess) to 1 (the marketplace itself says so).
    confidence real not null check (confidence between 0 and 1),
    source text not null,
    found_at timestamptz not null default now(),
    expires_at timestamptz,
    primary key (gtin, marketplace, asin)
);

create index code2asin_results_asin on code2asin_results (asin, marketplace);
create index code2asin_results_expires_at on code2asin_results (expires_at) where expires_at is not null;

-- Every look-up and what it changed.
create table code2asin_history (
    id bigint generated always as identity primary key,
    gtin text not null check (length(gtin) = 14),
    marketplace text not null,
    attempt integer not null,
    outcome text not null check (outcome in ('found', 'not_found', 'failed')),
    asins_before text[] not null default '{}',
    asins_after text[] not null default '{}',
    source text not null,
    detail text,
    seconds double precision,
    looked_up_at timestamptz not null default now()
);

create index code2asin_history_gtin on code2asin_history (gtin, looked_up_at desc);

create table code2asin_statistics (
    day date not null,
    marketplace text not null,
    lookups bigint not null default 0,
    found bigint not null default 0,
    not_found bigint not null default 0,
    failed bigint not null default 0,
    seconds double precision not null default 0,
    primary key (day, marketplace)
);
