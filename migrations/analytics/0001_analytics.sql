-- Figures about what happened elsewhere. Everything here can be computed again from the other databases; the numbers of
-- suppliers, products, publications and users are theirs and stand here without foreign keys. Days are UTC.

-- One published import: the facts that every figure by day or supplier is computed from.
create table import_metrics (
    import_id uuid primary key,
    supplier_id bigint not null,
    publication_id bigint not null,
    mode text not null check (mode in ('full', 'partial')),
    published_at timestamptz not null,
    rows_read bigint not null,
    rows_created bigint not null,
    rows_updated bigint not null,
    rows_unchanged bigint not null,
    rows_rejected bigint not null,
    rows_duplicate bigint not null,
    rows_held bigint not null,
    products_deactivated bigint not null,
    file_bytes bigint not null,
    seconds double precision not null,
    -- Seconds by stage of the pipeline: {"decode": 1.2, …}.
    stage_seconds jsonb not null default '{}',
    memory_bytes_max bigint
);

create index import_metrics_supplier on import_metrics (supplier_id, published_at);
create index import_metrics_published_at on import_metrics (published_at desc);

-- A supplier's day, always recomputed from import_metrics: counting an import twice changes nothing.
create table supplier_metrics (
    supplier_id bigint not null,
    day date not null,
    imports bigint not null,
    rows_read bigint not null,
    rows_created bigint not null,
    rows_updated bigint not null,
    rows_unchanged bigint not null,
    rows_rejected bigint not null,
    rows_duplicate bigint not null,
    rows_held bigint not null,
    products_deactivated bigint not null,
    file_bytes bigint not null,
    seconds double precision not null,
    primary key (supplier_id, day)
);

create index supplier_metrics_day on supplier_metrics (day);

-- A product's day, only for products that something happened to.
create table product_metrics (
    product_id bigint not null,
    day date not null,
    supplier_id bigint not null,
    views bigint not null default 0,
    search_hits bigint not null default 0,
    exports bigint not null default 0,
    price_changes bigint not null default 0,
    stock_changes bigint not null default 0,
    primary key (product_id, day)
);

create index product_metrics_day on product_metrics (day, views desc);
create index product_metrics_supplier on product_metrics (supplier_id, day);

-- What was searched and whether it was found.
create table search_analytics (
    id bigint generated always as identity primary key,
    searched_at timestamptz not null default now(),
    query text not null,
    -- Lower case, without accents: what is counted.
    query_normalized text not null,
    filters jsonb not null default '{}',
    results bigint not null,
    seconds double precision not null,
    user_id bigint
);

create index search_analytics_searched_at on search_analytics (searched_at desc);
create index search_analytics_query on search_analytics (query_normalized, searched_at desc);

-- The audit log: who did what to which thing. `action` reads like a permission (`start:imports`).
create table user_activity (
    id bigint generated always as identity primary key,
    occurred_at timestamptz not null default now(),
    user_id bigint,
    actor text not null,
    action text not null,
    subject text,
    is_allowed boolean not null default true,
    request_id text,
    address inet,
    detail jsonb not null default '{}'
);

create index user_activity_occurred_at on user_activity (occurred_at desc);
create index user_activity_user on user_activity (user_id, occurred_at desc);
create index user_activity_subject on user_activity (subject, occurred_at desc);

-- Samples of our own speed, for the dashboard's curves; the exact figures are Prometheus's.
create table performance_metrics (
    id bigint generated always as identity primary key,
    measured_at timestamptz not null default now(),
    instance text not null,
    name text not null,
    labels jsonb not null default '{}',
    value double precision not null
);

create index performance_metrics_name on performance_metrics (name, measured_at desc);
