-- In order, so that two publications that add the same names wait for each other without a deadlock.
insert into brands (name)
select name
from (
    select distinct on (lower(brand)) brand as name
    from staged_names
    where brand is not null
    order by lower(brand), first_line
) as fresh
where not exists (select from brands where lower(brands.name) = lower(fresh.name))
order by lower(name)
on conflict do nothing
