insert into product_changes (publication_id, product_id, change, before)
select $1, p.id, 'deactivated',
    jsonb_build_object('is_active', true, 'updated_at', p.updated_at, 'updated_publication', p.updated_publication)
from staged as s
join products as p on p.id = s.product_id
where s.change = 'd' and p.supplier_id is not distinct from $2 and p.is_active
