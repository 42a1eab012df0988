-- Sent unnamed, so that the plan is made for the conditions that are there.
select
    p.id, s.code as supplier, p.sku, p.gtin, p.title, b.name as brand, c.path as category_path,
    (p.price * 10000)::bigint as price, (p.price_incl_tax * 10000)::bigint as price_incl_tax, p.currency, p.stock,
    p.is_active, p.created_at, p.updated_at
from products as p
join suppliers as s on s.id = p.supplier_id
left join brands as b on b.id = p.brand_id
left join categories as c on c.id = p.category_id
where ($1::text is null or s.code = $1)
    and ($2::text is null or p.sku = $2)
    and ($3::text is null or p.gtin = $3)
    and ($4::text is null or p.title ilike $4 or p.mpn ilike $4 or b.name ilike $4)
    and ($5::boolean is null or p.is_active = $5)
order by p.supplier_id, p.sku
limit $6
