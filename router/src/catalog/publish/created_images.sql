insert into product_images (product_id, position, url)
select $1 + ordinal, generate_series(1, cardinality(image_urls)), unnest(image_urls)
from staged
where change = 'c' and image_urls is not null
