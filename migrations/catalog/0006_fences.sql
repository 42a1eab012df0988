-- What keeps a worker that was given up for dead from writing when it wakes.

-- Raised when an import is taken over; an attempt of a lower epoch may not write to this supplier's catalogue any more.
create table import_fences (
    supplier_id bigint primary key,
    epoch       bigint not null
);

-- Which deliveries are due, to whom: made with the event, so that a look for work costs as much as there is work.
alter table outbox_deliveries
    alter column delivered_at drop not null,
    alter column delivered_at drop default,
    -- Raised by each claim; who follows the catalogue refuses a lower one.
    add column token      bigint      not null default 0,
    -- When it may be claimed: after a pause behind a failure, or when its claim has lapsed.
    add column due_at     timestamptz not null default now(),
    add column failures   integer     not null default 0,
    add column last_fault text;

insert into outbox_deliveries (event_id, consumer)
select id, consumer from outbox cross join unnest('{analytics,media,code2asin,imports}'::text[]) as consumer
on conflict do nothing;

create index outbox_deliveries_due on outbox_deliveries (consumer, event_id) where delivered_at is null;
