-- What each import did to the catalogue, and how it was before. No foreign keys on the bulk tables: see 0002.

-- One row per publish, inserted first: import_id is unique, so a second try of the same import finds it and does nothing.
create table import_publications (
    id               bigint generated always as identity primary key,
    import_id        uuid        not null unique,
    supplier_id      bigint      not null references suppliers (id),
    mode             text        not null check (mode in ('full', 'partial')),
    file_sha256      bytea       not null,
    -- Of everything besides the file that shaped the result: mapping, settings, version.
    plan_fingerprint bytea       not null,
    -- read, created, updated, unchanged, rejected, duplicate, held, deactivated.
    counts           jsonb       not null,
    -- Created products have the ids first_created_id .. first_created_id + created_count - 1.
    first_created_id bigint,
    created_count    bigint      not null,
    created_at       timestamptz not null default now()
);
create index import_publications_supplier on import_publications (supplier_id, id desc);

-- Before-images: what makes undo possible. Created products need none.
create table product_changes (
    publication_id bigint not null,
    product_id     bigint not null,
    change         text   not null,
    -- The columns that the publication changed, as they were before; image_urls, variant_group and variant_attributes
    -- are there when product_images or product_variants changed.
    before         jsonb  not null,
    primary key (publication_id, product_id)
);

-- Closed intervals, as in a system-versioned table: a row is written when a value ends. The running value and its
-- beginning are on the product.
create table price_history (
    product_id     bigint      not null,
    valid_from     timestamptz not null,
    valid_to       timestamptz not null,
    -- The publication that ended the value.
    publication_id bigint      not null,
    price          numeric(14, 4),
    price_incl_tax numeric(14, 4),
    currency       text,
    primary key (product_id, valid_from)
);

create table stock_history (
    product_id     bigint      not null,
    valid_from     timestamptz not null,
    valid_to       timestamptz not null,
    -- The publication that ended the value.
    publication_id bigint      not null,
    stock          bigint,
    primary key (product_id, valid_from)
);

-- One UNLOGGED table per import under way, dropped after its publish: a cache, never state.
create schema staging;
