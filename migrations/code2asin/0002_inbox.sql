-- Events of the catalogue that have arrived here. Each write of an event's effects passes by its row: a relay that was
-- given up for dead brings a lower token and writes nothing.
create table inbox (
    import_id   uuid        not null,
    topic       text        not null,
    token       bigint      not null,
    received_at timestamptz not null default now(),
    primary key (import_id, topic)
);
