-- What is wrong with a file, row by row, and what the pipeline said while reading it.

-- One row per problem. The first problem of a rejected record (ordinal 0) counts in summaries and carries the cells as
-- they were sent. No foreign key to import_jobs: the import that writes these rows is their only writer, and 100,000
-- rejects should not cost 100,000 look-ups of the same job.
create table import_errors (
    import_id uuid not null,
    line bigint not null,
    ordinal integer not null,
    code text not null,
    column_name text,
    message text not null,
    raw text[],
    primary key (import_id, line, ordinal),
    check ((ordinal = 0) = (raw is not null))
);

-- Partitioned by month, so that old logs go by dropping a table. The identity breaks ties between logs of one microsecond.
create table import_logs (
    id bigint generated always as identity,
    job_id uuid not null,
    created_at timestamptz not null default now(),
    log_level text not null check (log_level in ('debug', 'info', 'warn', 'error')),
    message text not null,
    fields jsonb not null default '{}'
) partition by range (created_at);

create index import_logs_job on import_logs (job_id, created_at desc, log_level);

-- Keeps what falls outside every month made ahead, so that no log is ever lost.
create table import_logs_default partition of import_logs default;

-- Makes the partitions of this month and of `months` months after it (UTC) and tells how many were missing.
-- Rows that meanwhile fell into the default partition move to their month. Two callers at once wait for each other.
create function import_logs_make_ahead(months integer) returns integer language plpgsql as $$
declare
    made integer := 0;
    this_month timestamp := date_trunc('month', now() at time zone 'UTC');
    lower_bound timestamptz;
    upper_bound timestamptz;
    partition_name text;
begin
    perform pg_advisory_xact_lock(hashtext('import_logs_make_ahead'));
    for ahead in 0 .. months loop
        lower_bound := (this_month + make_interval(months => ahead)) at time zone 'UTC';
        upper_bound := (this_month + make_interval(months => ahead + 1)) at time zone 'UTC';
        partition_name := 'import_logs_' || to_char(this_month + make_interval(months => ahead), 'YYYY_MM');
        if to_regclass(partition_name) is null then
            -- Nobody may add to the default partition between the move and the attaching.
            lock table import_logs in share row exclusive mode;
            execute format('create table %I (like import_logs including defaults including constraints)', partition_name);
            execute format('with moved as (delete from import_logs_default where created_at >= %L and created_at < %L returning *)
                insert into %I select * from moved', lower_bound, upper_bound, partition_name);
            execute format('alter table import_logs attach partition %I for values from (%L) to (%L)',
                partition_name, lower_bound, upper_bound);
            made := made + 1;
        end if;
    end loop;
    return made;
end
$$;

select import_logs_make_ahead(3);
