insert into changed_variants
select s.product_id, v.variant_group, v.attributes
from staged as s
left join product_variants as v on v.product_id = s.product_id
where s.change = 'u' and (s.variant_group, s.variant_attributes) is distinct from (v.variant_group, v.attributes)
