-- Who may use the API.

create table users (
    id            bigint generated always as identity primary key,
    email         text        not null,
    name          text        not null,
    -- PHC string; null when the user only signs in elsewhere.
    password_hash text,
    role          text        not null check (role in ('guest', 'user', 'manager', 'admin', 'supplier')),
    -- Whose files and products a supplier's user sees.
    supplier_id   bigint      references suppliers (id),
    language      text        not null default 'en',
    is_active     boolean     not null default true,
    created_at    timestamptz not null default now(),
    last_login_at timestamptz,
    constraint users_supplier_check check ((role = 'supplier') = (supplier_id is not null))
);
create unique index users_email on users (lower(email));

create table api_keys (
    id           bigint generated always as identity primary key,
    user_id      bigint      not null references users (id) on delete cascade,
    name         text        not null,
    -- The public part of the key, by which it is found; of the secret only the SHA-256 is kept.
    prefix       text        not null unique,
    secret_hash  bytea       not null,
    -- Such as read:products; never more than the user's role allows.
    permissions  text[]      not null default '{}',
    created_at   timestamptz not null default now(),
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
create index api_keys_user on api_keys (user_id);
