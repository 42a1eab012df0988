update products as p
set is_active = false, updated_at = now(), updated_publication = $1
from staged as s
where s.change = 'd' and p.id = s.product_id and p.supplier_id is not distinct from $2 and p.is_active
