-- One pass over the staged rows for both.
insert into staged_names
select brand, category_path, min(line)
from staged
where change <> 'd'
group by grouping sets ((brand), (category_path))
having brand is not null or category_path is not null
