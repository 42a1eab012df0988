insert into product_variants (product_id, supplier_id, variant_group, attributes)
select s.product_id, $1, s.variant_group, s.variant_attributes
from changed_variants join staged as s on s.product_id = changed_variants.product_id
where s.change = 'u' and (s.variant_group is not null or s.variant_attributes is not null)
