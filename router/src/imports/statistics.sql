-- The day on which import $1 ended, for its supplier, from all imports that ended on it.
with day as (
    select supplier_id, date_trunc('day', finished_at, 'UTC') as begins
    from import_jobs
    where id = $1 and finished_at is not null and not dry_run
), ended as (
    select import_jobs.*
    from day join import_jobs using (supplier_id)
    where finished_at >= day.begins and finished_at < day.begins + interval '24 hours' and not dry_run
), published as (
    -- What an import counted before it was held and cancelled has not happened.
    select coalesce(sum(read), 0), coalesce(sum(created), 0), coalesce(sum(updated), 0), coalesce(sum(unchanged), 0),
        coalesce(sum(rejected), 0), coalesce(sum(duplicate), 0), coalesce(sum(held), 0), coalesce(sum(deactivated), 0)
    from ended where status = 'completed'
), imports as (
    select count(*), count(*) filter (where status = 'completed'), count(*) filter (where status = 'failed'),
        coalesce(sum(extract(epoch from finished_at - started_at)), 0) as seconds
    from ended
)
insert into import_statistics (supplier_id, day, imports, completed, failed, seconds, rows_read, rows_created,
    rows_updated, rows_unchanged, rows_rejected, rows_duplicate, rows_held, products_deactivated)
select supplier_id, (begins at time zone 'UTC')::date, imports.*, published.*
from day, imports, published
on conflict (supplier_id, day) do update
set imports = excluded.imports, completed = excluded.completed, failed = excluded.failed, seconds = excluded.seconds,
    rows_read = excluded.rows_read, rows_created = excluded.rows_created, rows_updated = excluded.rows_updated,
    rows_unchanged = excluded.rows_unchanged, rows_rejected = excluded.rows_rejected,
    rows_duplicate = excluded.rows_duplicate, rows_held = excluded.rows_held,
    products_deactivated = excluded.products_deactivated
