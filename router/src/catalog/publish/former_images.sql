delete from product_images using changed_images where product_images.product_id = changed_images.product_id
