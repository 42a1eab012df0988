insert into product_images (product_id, position, url)
select s.product_id, generate_series(1, cardinality(s.image_urls)), unnest(s.image_urls)
from changed_images join staged as s on s.product_id = changed_images.product_id
where s.change = 'u' and s.image_urls is not null
