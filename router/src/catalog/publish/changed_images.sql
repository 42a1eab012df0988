insert into changed_images
select s.product_id, held.urls
from staged as s
left join lateral (
    select array_agg(url order by position) as urls from product_images where product_id = s.product_id
) as held on true
where s.change = 'u' and s.image_urls is distinct from held.urls
