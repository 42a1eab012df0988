update products as p
set
    content_hash = s.content_hash,
    is_active = true,
    brand_id = brand_of.id,
    category_id = category_of.id,
    updated_at = now(),
    updated_publication = $1,
    price_since = case when {price_changes} then now() else p.price_since end,
    stock_since = case when {stock_changes} then now() else p.stock_since end,
    {assignments}
from staged as s
left join brand_of on brand_of.name = s.brand
left join category_of on category_of.path = s.category_path
where s.change = 'u' and p.id = s.product_id and p.supplier_id is not distinct from $2
