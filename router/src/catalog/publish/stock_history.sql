insert into stock_history (product_id, valid_from, valid_to, publication_id, stock)
select p.id, p.stock_since, greatest(now(), p.stock_since), $1, p.stock
from staged as s
join products as p on p.id = s.product_id
where s.change = 'u' and p.supplier_id is not distinct from $2 and {stock_changes} and p.stock is not null
