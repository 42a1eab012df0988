insert into products (
    id, supplier_id, key_hash, content_hash, is_active, brand_id, category_id, created_at, updated_at, price_since,
    stock_since, created_publication, updated_publication, {columns}
)
select
    $3 + s.ordinal, $2, s.key_hash, s.content_hash, true, brand_of.id, category_of.id, now(), now(), now(),
    now(), $1, $1, {staged_columns}
from staged as s
left join brand_of on brand_of.name = s.brand
left join category_of on category_of.path = s.category_path
where s.change = 'c' and s.ordinal >= 0 and s.ordinal < $4
