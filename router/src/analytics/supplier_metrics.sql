-- The day on which import $1 was published, for its supplier, from all imports published on it.
with day as (
    select supplier_id, date_trunc('day', published_at, 'UTC') as begins from import_metrics where import_id = $1
)
insert into supplier_metrics (supplier_id, day, imports, rows_read, rows_created, rows_updated, rows_unchanged,
    rows_rejected, rows_duplicate, rows_held, products_deactivated, file_bytes, seconds)
select supplier_id, (begins at time zone 'UTC')::date, count(*), sum(rows_read), sum(rows_created), sum(rows_updated),
    sum(rows_unchanged), sum(rows_rejected), sum(rows_duplicate), sum(rows_held), sum(products_deactivated),
    sum(file_bytes), sum(seconds)
from day join import_metrics using (supplier_id)
where published_at >= begins and published_at < begins + interval '24 hours'
group by supplier_id, begins
on conflict (supplier_id, day) do update
set imports = excluded.imports, rows_read = excluded.rows_read, rows_created = excluded.rows_created,
    rows_updated = excluded.rows_updated, rows_unchanged = excluded.rows_unchanged,
    rows_rejected = excluded.rows_rejected, rows_duplicate = excluded.rows_duplicate, rows_held = excluded.rows_held,
    products_deactivated = excluded.products_deactivated, file_bytes = excluded.file_bytes, seconds = excluded.seconds
