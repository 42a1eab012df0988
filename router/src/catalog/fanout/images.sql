-- Both halves stop at the limit by themselves, so that a page costs a page however large the publication is.
with publication as (
    select first_created_id as first, first_created_id + created_count as beyond
    from import_publications
    where id = $1
),
created as (
    select product_id, position, url
    from product_images
    where product_id >= (select first from publication) and product_id < (select beyond from publication)
        and (product_id, position) > ($2, $3)
    order by product_id, position
    limit $4
),
changed as (
    select i.product_id, i.position, i.url
    from product_changes as c
    join product_images as i on i.product_id = c.product_id
    where c.publication_id = $1 and c.product_id >= $2 and c.before ? 'image_urls'
        and (i.product_id, i.position) > ($2, $3)
    order by i.product_id, i.position
    limit $4
)
select product_id, position, url from created
union all
select product_id, position, url from changed
order by product_id, position
limit $4
