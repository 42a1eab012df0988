insert into product_variants (product_id, supplier_id, variant_group, attributes)
select $1 + ordinal, $2, variant_group, variant_attributes
from staged
where change = 'c' and (variant_group is not null or variant_attributes is not null)
