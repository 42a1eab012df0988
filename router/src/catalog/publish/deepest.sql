select coalesce(max(cardinality(category_path)), 0) from staged_names
