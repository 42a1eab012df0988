-- The catalogue itself. The publish transaction is the only writer of these tables, set by set, and checks its own row
-- counts; foreign keys would cost it an index look-up per row and find nothing. So there are none here.

-- Ids come from here in contiguous ranges, one per publication: see reserve_product_ids.
create sequence products_id_seq as bigint;

create table products (
    -- Fixed-width columns and the hashes first: reading a supplier's snapshot stops after them.
    id                  bigint      not null,
    supplier_id         bigint      not null,
    -- XXH3-128 of the SKU and of the whole content, big-endian.
    key_hash            bytea       not null,
    content_hash        bytea       not null,
    -- False when the product was absent from a full file.
    is_active           boolean     not null,
    gtin_restricted     boolean,
    -- True when the supplier says that the product ends; absence is another fact.
    discontinued        boolean,
    brand_id            integer,
    category_id         integer,
    created_at          timestamptz not null,
    updated_at          timestamptz not null,
    -- Since when the running price and stock stand; the former ones are in price_history and stock_history.
    price_since         timestamptz not null,
    stock_since         timestamptz not null,
    created_publication bigint      not null,
    updated_publication bigint      not null,
    stock               bigint,
    available_from      date,
    -- Compared byte by byte, whatever the server's locale: faster, and the same everywhere.
    sku                 text collate "C" not null,
    -- Padded to 14 digits.
    gtin                text collate "C",
    price               numeric(14, 4),
    price_incl_tax      numeric(14, 4),
    rrp                 numeric(14, 4),
    currency            text,
    tax_rate            numeric(14, 4),
    min_order_quantity  numeric(14, 4),
    pack_size           numeric(14, 4),
    unit                text,
    weight_g            numeric(14, 4),
    length_mm           numeric(14, 4),
    width_mm            numeric(14, 4),
    height_mm           numeric(14, 4),
    condition           text,
    country_of_origin   text,
    customs_code        text,
    mpn                 text,
    title               text        not null,
    description         text,
    -- Every column nobody mapped.
    attributes          jsonb,
    primary key (id)
-- Room on the page for the next version of a row: price and stock are in no index, so that their updates stay on it (HOT).
) with (fillfactor = 85);
alter sequence products_id_seq owned by products.id;

create unique index products_supplier_sku on products (supplier_id, sku);
create index products_active_created on products (is_active, created_at desc);
-- The normaliser keeps a SKU within 255 bytes and a title within 1,000: an entry fits into the 2.7 kB of a b-tree.
create index products_sku_active_title on products (sku, is_active, title);
create index products_supplier on products (supplier_id);
create index products_gtin on products (gtin) where gtin is not null;

-- Reserves n ids and returns the first. The lock keeps two reservations from interleaving; it is a session lock given
-- back at once, because a transaction lock would make one publish wait for the end of the other.
create function reserve_product_ids(n bigint) returns bigint
language plpgsql as $$
declare
    first_id bigint;
begin
    if n < 1 then
        return null;
    end if;
    perform pg_advisory_lock(hashtext('reserve_product_ids'));
    first_id := nextval('products_id_seq');
    perform setval('products_id_seq', first_id + n - 1);
    perform pg_advisory_unlock(hashtext('reserve_product_ids'));
    return first_id;
end
$$;

create table product_images (
    product_id bigint  not null,
    -- From 1, in the supplier's order.
    position   integer not null,
    url        text    not null,
    primary key (product_id, position)
);

create table product_variants (
    product_id    bigint not null primary key,
    supplier_id   bigint not null,
    -- Shared by the variants of one product; null when only attributes were sent.
    variant_group text,
    -- What tells them apart, such as {"size": "42"}.
    attributes    jsonb
);
create index product_variants_group on product_variants (supplier_id, variant_group);
