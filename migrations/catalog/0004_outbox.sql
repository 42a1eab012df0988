-- What the other databases, the caches and the clients have to be told; written in the publish transaction.

create table outbox (
    id             bigint generated always as identity primary key,
    publication_id bigint      not null references import_publications (id),
    import_id      uuid        not null,
    supplier_id    bigint      not null references suppliers (id),
    topic          text        not null,
    payload        jsonb       not null,
    created_at     timestamptz not null default now()
);

-- Who has been told. Ids of concurrent transactions become visible out of order: that is why there is no cursor.
create table outbox_deliveries (
    event_id     bigint      not null references outbox (id) on delete cascade,
    consumer     text        not null,
    delivered_at timestamptz not null default now(),
    primary key (event_id, consumer)
);
