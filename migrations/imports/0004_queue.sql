-- Imports that run by themselves: who works on what, what waits, and what has been answered.

-- Fencing tokens grow over all imports, so that one fence per supplier tells old from new whatever the import.
create sequence import_epochs;
-- A worker is a session that holds the advisory lock of its number: the lock is gone as soon as the process is.
create sequence import_workers as integer;

alter table import_jobs
    -- The drop that the import is about: bucket, key, the store's version of it and its time, cut to seconds.
    add column etag text,
    -- The order of a supplier's files; the store's time for what was found in the inbox. In whole seconds, as the store
    -- tells them: within a second the order is that of queueing.
    add column arrived_at timestamptz not null default date_trunc('second', now()),
    add column schedule_id bigint,
    -- The file lies in the archive, under the key that the import's id gives.
    add column archived_at timestamptz,
    add column lease_worker integer,
    add column heartbeat_at timestamptz,
    add column attempt_started_at timestamptz,
    -- Attempts that ended by a fault or by the death of their worker since a person last had a say.
    add column failures integer not null default 0,
    -- What can be done about a failed import: `manual` may be tried again by a person, `never` needs another file.
    add column retry text check (retry in ('manual', 'never')),
    -- Why it was cancelled without a person: a newer full file, or the same bytes that are under way or held already.
    add column superseded_by uuid,
    -- The import that published these very bytes before: nothing was left to do.
    add column identical_to uuid,
    -- The supplier has its receipt, and the inbox is rid of the file.
    add column answered_at timestamptz;

update import_jobs set answered_at = now() where finished_at is not null or status = 'held';
update import_jobs set archived_at = now() where file_id in (select id from import_files where archive_key is not null);
select setval('import_epochs', (select coalesce(max(epoch), 0) + 1 from import_jobs), false);

-- One running import per supplier, whoever claims it.
create unique index import_jobs_running on import_jobs (supplier_id) where lease_owner is not null;
-- One import per drop, however often it is seen.
create unique index import_jobs_drop on import_jobs (bucket, key, etag, arrived_at) where etag is not null;

-- What waits, by supplier and arrival: the claim looks only at the first of each supplier.
drop index import_jobs_waiting;
create index import_jobs_waiting on import_jobs (supplier_id, arrived_at, id)
    where finished_at is null and status <> 'held' and lease_owner is null;
create index import_jobs_unanswered on import_jobs (updated_at)
    where answered_at is null and (finished_at is not null or status = 'held');
-- "Has a newer full file been published?"
create index import_jobs_published on import_jobs (supplier_id, arrived_at) where status = 'completed' and not dry_run;

create function import_jobs_wake() returns trigger language plpgsql as $$
begin
    perform pg_notify('import_jobs', '');
    return null;
end
$$;
create trigger import_jobs_wake after insert on import_jobs for each statement execute function import_jobs_wake();

-- Work that one of many workers does every so often: the one that moves `next_at` on.
create table worker_turns (
    name text primary key,
    next_at timestamptz not null
);
