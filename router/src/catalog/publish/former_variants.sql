delete from product_variants using changed_variants where product_variants.product_id = changed_variants.product_id
