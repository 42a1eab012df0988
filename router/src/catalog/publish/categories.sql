-- Categories of one depth, below those of the depth before.
insert into categories (parent_id, name, path, depth)
select parent.id, fresh.path[$1], fresh.path, $1
from (select distinct category_path[1:$1] as path from staged_names where cardinality(category_path) >= $1) as fresh
left join categories as parent on parent.path = fresh.path[1:$1 - 1]
where not exists (select from categories where categories.path = fresh.path)
order by fresh.path
on conflict do nothing
