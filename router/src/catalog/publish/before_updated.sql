-- Of each product the columns that change, as they were; written as text and read as JSON once, because most columns of
-- most products stay as they are.
insert into product_changes (publication_id, product_id, change, before)
select
    $1, p.id, case when p.is_active then 'updated' else 'reactivated' end,
    ('{' || concat_ws(
        ',',
        '"content_hash":' || to_json(p.content_hash),
        '"updated_at":' || to_json(p.updated_at),
        '"updated_publication":' || p.updated_publication,
        case when not p.is_active then '"is_active":false' end,
        case when {price_changes} then '"price_since":' || to_json(p.price_since) end,
        case when {stock_changes} then '"stock_since":' || to_json(p.stock_since) end,
        case when p.brand_id is distinct from brand_of.id then '"brand_id":' || coalesce(p.brand_id::text, 'null') end,
        case when p.category_id is distinct from category_of.id
            then '"category_id":' || coalesce(p.category_id::text, 'null') end,
        {changed_columns},
        case when i.product_id is not null then '"image_urls":' || coalesce(to_json(i.before)::text, 'null') end,
        case when v.product_id is not null then
            '"variant_group":' || coalesce(to_json(v.variant_group)::text, 'null')
            || ',"variant_attributes":' || coalesce(v.variant_attributes::text, 'null') end
    ) || '}')::jsonb
from staged as s
join products as p on p.id = s.product_id
left join brand_of on brand_of.name = s.brand
left join category_of on category_of.path = s.category_path
left join changed_images as i on i.product_id = p.id
left join changed_variants as v on v.product_id = p.id
where s.change = 'u' and p.supplier_id is not distinct from $2
