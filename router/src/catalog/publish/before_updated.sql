-- The product as it was, less the columns that never change and those that do not change now.
insert into product_changes (publication_id, product_id, change, before)
select
    $1, p.id, case when p.is_active then 'updated' else 'reactivated' end,
    to_jsonb(p) - array[
        'id', 'supplier_id', 'key_hash', 'created_at', 'created_publication',
        case when p.is_active then 'is_active' end,
        case when p.brand_id is not distinct from brand_of.id then 'brand_id' end,
        case when p.category_id is not distinct from category_of.id then 'category_id' end,
        case when not {price_changes} then 'price_since' end,
        case when not {stock_changes} then 'stock_since' end,
        {unchanged_columns}
    ]
    || case when i.product_id is null then '{}' else jsonb_build_object('image_urls', i.before) end
    || case when v.product_id is null then '{}' else jsonb_build_object(
        'variant_group', v.variant_group, 'variant_attributes', v.variant_attributes) end
from staged as s
join products as p on p.id = s.product_id
left join brand_of on brand_of.name = s.brand
left join category_of on category_of.path = s.category_path
left join changed_images as i on i.product_id = p.id
left join changed_variants as v on v.product_id = p.id
where s.change = 'u' and p.supplier_id = $2
