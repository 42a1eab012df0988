insert into category_of
select categories.path, categories.id
from staged_names join categories on categories.path = staged_names.category_path
