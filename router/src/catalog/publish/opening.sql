-- A publication works set by set over one staging table: memory for its hashes, never a sort of whole staged rows, and no
-- compilation of plans that run once.
set local work_mem = '64MB';
set local enable_mergejoin = off;
set local jit = off;
-- Products are found by id where few of them change; the supplier's other products are no way to them, which is why the
-- statements compare suppliers with `is not distinct from`: no index answers that.
set local random_page_cost = 1.1;
-- Created rows are read, and so inserted, in the order of their ids.
set local synchronize_seqscans = off;

-- How many rows of each kind there are: a small sample tells the planner.
set local default_statistics_target = 10;
analyze {staging} (change, ordinal, product_id);

-- The staging table under a name that the other statements can know.
create temp view staged as select * from {staging};

-- Brands and category paths of the staged rows, each once, with the first line they stand in.
create temp table staged_names (brand text, category_path text[], first_line bigint) on commit drop;
-- What they become: two small tables to be hashed beside the staged rows.
create temp table brand_of (name text, id integer) on commit drop;
create temp table category_of (path text[], id integer) on commit drop;
-- Updated products whose images or variant differ from what is staged, as they were before.
create temp table changed_images (product_id bigint, before text[]) on commit drop;
create temp table changed_variants (product_id bigint, variant_group text, variant_attributes jsonb) on commit drop;
