-- Both halves stop at the limit by themselves, so that a page costs a page however large the publication is.
with publication as (
    select first_created_id as first, first_created_id + created_count as beyond
    from import_publications
    where id = $1
),
created as (
    select id as product_id, supplier_id, gtin
    from products
    where id >= (select first from publication) and id < (select beyond from publication) and id > $2
        and gtin is not null and gtin_restricted is not true
    order by id
    limit $3
),
changed as (
    select p.id as product_id, p.supplier_id, p.gtin
    from product_changes as c
    join products as p on p.id = c.product_id
    where c.publication_id = $1 and c.product_id > $2 and c.before ? 'gtin'
        and p.gtin is not null and p.gtin_restricted is not true
    order by p.id
    limit $3
)
select product_id, supplier_id, gtin from created
union all
select product_id, supplier_id, gtin from changed
order by product_id
limit $3
