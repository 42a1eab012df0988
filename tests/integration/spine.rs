//! The main job: a file dropped into the bucket is in the catalogue, correctly, and again the next day at almost no cost.

use arrivage_tests::{Ended, Home, World};

const HEADER: &str = "sku;ean;title;description;brand;category;price;currency;stock;weight (kg);image urls;variant group;colour;warranty\n";

/// Products of which each day's file has most: nothing changes in them.
fn steady(numbers: std::ops::Range<usize>) -> String {
    numbers
        .map(|number| {
            format!("S-{number:02};;Steady {number};;Forgeval;Hardware > Screws;{number},50;EUR;{number};;;;;\n")
        })
        .collect()
}

/// Twenty rows: eighteen products, a row without a title on line 5, a repeated SKU on line 6.
fn first_day() -> String {
    let special = "V-1;4006381333931;Vis à bois 4x40;Boîte de 200;Forgeval;Hardware > Screws;1 234,50;EUR;12;0,25;\
                   https://img.example/1.jpg|https://img.example/1b.jpg;V;red;10 years\n\
                   V-2;0012345678905;Vis à bois 4x50;;FORGEVAL;Hardware > Screws > Long;0,90;EUR;0;;https://img.example/2.jpg;V;blue;\n\
                   V-3;;Colle;;Brévin;;12,00;EUR;;;;;;\n\
                   X-1;;;;;;1,00;EUR;;;;;;\n\
                   V-1;;Vis à bois, encore;;;;1,00;EUR;;;;;;\n";
    format!("{HEADER}{special}{}", steady(0..15))
}

/// V-1 has another price, V-2 another stock and picture, V-3 and S-00 are gone, N-1 is new.
fn second_day() -> String {
    let special = "V-1;4006381333931;Vis à bois 4x40;Boîte de 200;Forgeval;Hardware > Screws;1 300,00;EUR;12;0,25;\
                   https://img.example/1.jpg|https://img.example/1b.jpg;V;red;10 years\n\
                   V-2;0012345678905;Vis à bois 4x50;;FORGEVAL;Hardware > Screws > Long;0,90;EUR;7;;https://img.example/2c.jpg;V;blue;\n\
                   N-1;;Niveau;;Brévin;Tools;30,00;EUR;1;;;;;\n";
    format!("{HEADER}{special}{}", steady(1..15))
}

fn import(world: &World, name: &str, file: &str) -> Ended {
    let key = world.drop_file("acme", name, file.as_bytes());
    world.arrivage(&["import", "--bucket-key", &key, "--json"]).expect(0)
}

fn after_first_day() -> (World, Ended) {
    let world = World::new();
    world.supplier("acme");
    let ended = import(&world, "tarif.csv", &first_day());
    (world, ended)
}

/// Where every row of these tables lies and who wrote it: equal when nothing was written.
fn versions(world: &World, tables: &[&str]) -> Vec<String> {
    let rows =
        |table: &&str| world.rows(Home::Catalog, &format!("select '{table}', ctid, xmin from {table} order by ctid"));
    tables.iter().flat_map(rows).collect()
}

/// The tables that readers of the catalogue see.
const VISIBLE: &[&str] =
    &["products", "product_images", "product_variants", "brands", "categories", "price_history", "stock_history"];

#[test]
fn a_dropped_file_is_in_the_catalogue_exactly() {
    let (world, ended) = after_first_day();
    let ended = ended.expect_counts("20 read, 18 created, 1 rejected, 1 duplicate");
    assert_eq!(ended.json()["rejects_by_code"], serde_json::json!({"required_missing": 1, "duplicate_sku": 1}));

    // A GTIN keeps its zeros, and a brand the spelling it was first seen in.
    world.expect_rows(
        Home::Catalog,
        "select sku, gtin, title, description, brands.name, array_to_string(path, ' > '), price, currency, stock, weight_g,
             is_active, variant_group, v.attributes->>'colour', p.attributes
         from products as p left join brands on brands.id = brand_id left join categories on categories.id = category_id
         left join product_variants as v on product_id = p.id
         where sku like 'V-%' order by sku",
        &[
            "V-1|04006381333931|Vis à bois 4x40|Boîte de 200|Forgeval|Hardware > Screws|1234.5000|EUR|12|250.0000|t|V|red|\
             {\"warranty\": \"10 years\"}",
            "V-2|00012345678905|Vis à bois 4x50||Forgeval|Hardware > Screws > Long|0.9000|EUR|0||t|V|blue|",
            "V-3||Colle||Brévin||12.0000|EUR|||t|||",
        ],
    );
    world.expect_rows(
        Home::Catalog,
        "select sku, position, url from product_images join products on products.id = product_id order by 1, 2",
        &["V-1|1|https://img.example/1.jpg", "V-1|2|https://img.example/1b.jpg", "V-2|1|https://img.example/2.jpg"],
    );
    world.expect_rows(Home::Catalog, "select count(*) from price_history", &["0"]);
}

#[test]
fn the_other_databases_and_the_buckets_follow() {
    let (world, ended) = after_first_day();
    let import = ended.import_id();
    let job =
        "select status, read = created + updated + unchanged + rejected + duplicate + held, read from import_jobs";
    world.expect_rows(Home::Imports, job, &["completed|t|20"]);
    world.expect_rows(Home::Imports, "select rows_created from import_statistics", &["18"]);
    world.expect_rows(
        Home::Imports,
        "select line, code from import_errors order by 1",
        &["5|required_missing", "6|duplicate_sku"],
    );
    world.expect_rows(
        Home::Media,
        "select count(*) from media_files join media_processing_jobs on media_id = media_files.id",
        &["3"],
    );
    world.expect_rows(
        Home::Code2asin,
        "select gtin, status from code2asin_jobs order by 1",
        &["00012345678905|pending", "04006381333931|pending"],
    );
    world.expect_rows(Home::Code2asin, "select count(*) from code2asin_suppliers", &["2"]);
    world.expect_rows(Home::Analytics, "select rows_created from import_metrics", &["18"]);
    world.expect_rows(Home::Analytics, "select rows_created from supplier_metrics", &["18"]);
    world.expect_rows(Home::Catalog, "select count(*) from outbox_deliveries", &["4"]);

    assert_eq!(world.keys("inbox/"), [""; 0]);
    let archived = world.keys("imports/");
    assert!(archived.len() == 1 && archived[0].ends_with(&format!("/{import}/tarif.csv")), "{archived:?}");
    assert_eq!(world.object(&archived[0]), first_day().into_bytes());
    let rejects = String::from_utf8(world.object("outbox/acme/tarif.csv.rejects.csv")).unwrap();
    assert_eq!(rejects.lines().count(), 3, "{rejects}");
    assert!(rejects.contains("line 2"), "the duplicate names the first line: {rejects}");
}

#[test]
fn the_second_day_writes_only_the_difference() {
    let (world, _) = after_first_day();
    let steady = "select sku, ctid, xmin, updated_at from products where sku like 'S-%' and sku <> 'S-00' order by sku";
    let before = world.rows(Home::Catalog, steady);
    assert_eq!(before.len(), 14);
    let ended = import(&world, "tarif.csv", &second_day());
    ended.expect_counts("17 read, 1 created, 2 updated, 14 unchanged, 2 deactivated");

    assert_eq!(world.rows(Home::Catalog, steady), before);
    world.expect_rows(
        Home::Catalog,
        "select sku, price, stock, is_active from products where sku not like 'S-%' or not is_active order by sku",
        &["N-1|30.0000|1|t", "S-00|0.5000|0|f", "V-1|1300.0000|12|t", "V-2|0.9000|7|t", "V-3|12.0000||f"],
    );
    let prices = "select sku, h.price, valid_from = created_at, valid_to = price_since, valid_to = updated_at
                  from price_history as h join products on id = product_id";
    world.expect_rows(Home::Catalog, prices, &["V-1|1234.5000|t|t|t"]);
    let stocks = "select sku, h.stock, valid_to = stock_since from stock_history as h join products on id = product_id";
    world.expect_rows(Home::Catalog, stocks, &["V-2|0|t"]);
    let pictures = "select url from product_images join products on id = product_id where sku = 'V-2'";
    world.expect_rows(Home::Catalog, pictures, &["https://img.example/2c.jpg"]);

    let pictured = "V-2|updated||0|[\"https://img.example/2.jpg\"]|f";
    let images = "select sku, change, before->>'price', before->>'stock', before->'image_urls', before ? 'title'
                  from product_changes join products on id = product_id order by sku";
    world.expect_rows(
        Home::Catalog,
        images,
        &["S-00|deactivated||||f", "V-1|updated|1234.5000|||f", pictured, "V-3|deactivated||||f"],
    );
    world.expect_rows(Home::Media, "select count(*) from media_files", &["4"]);
}

#[test]
fn an_identical_file_writes_nothing() {
    let (world, _) = after_first_day();
    let every = world.rows(Home::Catalog, "select tablename from pg_tables where schemaname = 'public'");
    let every: Vec<&str> = every.iter().map(String::as_str).collect();
    let before = versions(&world, &every);

    let answer =
        import(&world, "tarif.csv", &first_day()).expect_counts("20 read, 18 unchanged, 1 rejected, 1 duplicate");
    assert_eq!(answer.json()["identical"], true);
    assert_eq!(versions(&world, &every), before);
    let same =
        "select new.status, old.status from import_jobs as new join import_jobs as old on old.id = new.identical_to";
    world.expect_rows(Home::Imports, same, &["completed|completed"]);
    world.expect_rows(Home::Imports, "select times_received from import_files", &["2"]);
    assert_eq!(world.keys("inbox/"), [""; 0]);
}

#[test]
fn the_same_rows_in_other_bytes_touch_no_product() {
    let (world, _) = after_first_day();
    let before = versions(&world, VISIBLE);
    let answer = import(&world, "tarif.csv", &(first_day() + "\n"))
        .expect_counts("20 read, 18 unchanged, 1 rejected, 1 duplicate");
    assert_eq!(answer.json()["identical"], false);
    assert_eq!(versions(&world, VISIBLE), before);
    world.expect_rows(Home::Catalog, "select count(*) from import_publications", &["2"]);
}

#[test]
fn a_product_that_comes_back_is_active_again() {
    let (world, _) = after_first_day();
    import(&world, "tarif.csv", &second_day());
    import(&world, "tarif.csv", &(first_day() + "\n"))
        .expect_counts("20 read, 4 updated, 14 unchanged, 1 rejected, 1 duplicate, 1 deactivated");
    let back = "select sku, is_active from products where sku in ('V-3', 'S-00', 'N-1') order by sku";
    world.expect_rows(Home::Catalog, back, &["N-1|f", "S-00|t", "V-3|t"]);
    world.expect_rows(Home::Catalog, "select count(*) from product_changes where change = 'reactivated'", &["2"]);
    let prices = "select count(*), count(distinct valid_from) from price_history join products on id = product_id where sku = 'V-1'";
    world.expect_rows(Home::Catalog, prices, &["2|2"]);
}
