select
    wanted.id,
    {fields}
from unnest($1::bigint[]) with ordinality as wanted (id, place)
left join products as p on p.id = wanted.id
left join brands as b on b.id = p.brand_id
left join categories as c on c.id = p.category_id
left join product_variants as v on v.product_id = p.id
left join lateral (
    select array_agg(url order by position) as urls from product_images where product_id = p.id
) as i on true
order by wanted.place
