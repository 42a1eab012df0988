-- Who sends, and the two small vocabularies that grow with what is sent.

create table suppliers (
    id            bigint generated always as identity primary key,
    -- Part of bucket keys and file names, hence the narrow alphabet.
    code          text        not null unique constraint suppliers_code_check check (code ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    name          text        not null,
    -- ISO 4217, for prices that name none.
    currency      text        constraint suppliers_currency_check check (currency ~ '^[A-Z]{3}$'),
    -- ISO 3166-1 alpha-2.
    country       text        constraint suppliers_country_check check (country ~ '^[A-Z]{2}$'),
    -- Of messages to the supplier.
    language      text        not null default 'en',
    default_mode  text        not null default 'full' check (default_mode in ('full', 'partial')),
    -- What overrides detection when this supplier's files are read.
    feed_settings jsonb       not null default '{}',
    is_active     boolean     not null default true,
    created_at    timestamptz not null default now()
);

-- A brand keeps the spelling it was first seen in.
create table brands (
    id   integer generated always as identity primary key,
    name text not null,
    -- Unique by a hash index: a name may be longer than the 2.7 kB that a b-tree entry can hold.
    constraint brands_name_key exclude using hash (lower(name) with =)
);

create table categories (
    id        integer generated always as identity primary key,
    parent_id integer references categories (id),
    -- The last element of the path.
    name      text    not null,
    -- From the root down.
    path      text[]  not null,
    -- 1 for a root.
    depth     integer not null,
    constraint categories_path_key exclude using hash (path with =)
);
create index categories_parent on categories (parent_id);
