insert into brand_of
select staged_names.brand, brands.id
from staged_names join brands on lower(brands.name) = lower(staged_names.brand)
