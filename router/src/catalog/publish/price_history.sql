-- Where there was no price, none ends. A clock that was set back must not end a value before it began.
insert into price_history (product_id, valid_from, valid_to, publication_id, price, price_incl_tax, currency)
select p.id, p.price_since, greatest(now(), p.price_since), $1, p.price, p.price_incl_tax, p.currency
from staged as s
join products as p on p.id = s.product_id
where s.change = 'u' and p.supplier_id is not distinct from $2 and {price_changes}
    and (p.price is not null or p.price_incl_tax is not null)
