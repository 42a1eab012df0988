select count(*) filter (where change = 'c'), count(*) filter (where change = 'u'), count(*) filter (where change = 'd')
from staged
