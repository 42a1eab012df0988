//! Workbooks and packed files.

use arrivage_tests::{Dump, Home, World, files};
use pipeline::{ImportError, Order, Progress};
use storage::InboxKey;

const FILE: &str = "sku;ean;title;brand;category;price;stock;image urls\n\
    A-1;0012345678905;Vis à bois 4x40;Forgeval;Hardware > Screws;1234.50;12;https://img.example/1.jpg\n\
    A-2;4006381333931;Étau d'établi;Brévin;Tools;89.90;0;\n\
    007;;Colle;;;0.5;;\n";

/// What the products are, whatever the file was that brought them.
const PRODUCTS: &[&str] = &[
    "catalog.products",
    "catalog.product_images",
    "catalog.product_variants",
    "catalog.brands",
    "catalog.categories",
    "media.",
    "code2asin.",
];

#[test]
fn the_same_rows_packed_or_in_a_workbook_make_the_same_catalogue() {
    let cells: Vec<Vec<&str>> = FILE.lines().map(|line| line.split(';').collect()).collect();
    let workbook = files::workbook(&cells);
    let catalogue = |name: &str, bytes: &[u8]| {
        let world = World::new();
        world.supplier("acme");
        world.import("acme", name, bytes, &[]).expect(0).expect_counts("3 read, 3 created");
        Dump::of(&world).only(PRODUCTS)
    };
    let plain = catalogue("prices.csv", FILE.as_bytes());
    let zipped_workbook = files::zip(&[("prices.xlsx", workbook.as_slice()), ("readme.pdf", b"x".as_slice())]);
    for (name, bytes) in [
        ("prices.csv.gz", files::gzip(FILE.as_bytes())),
        ("prices.zip", files::zip(&[("folder/prices.csv", FILE.as_bytes()), ("__MACOSX/prices.csv", b"x".as_slice())])),
        ("prices.xlsx", workbook.clone()),
        ("prices without ending", workbook),
        ("workbook.zip", zipped_workbook),
    ] {
        eprintln!("{name}");
        plain.assert_same(&catalogue(name, &bytes));
    }
}

#[test]
fn a_reject_of_a_workbook_names_its_row_in_the_sheet() {
    let mut rows = vec![vec!["Prices of November"], vec![], vec!["sku", "title", "price"]];
    let skus: Vec<String> = (0..20).map(|number| format!("A-{number}")).collect();
    rows.extend(skus.iter().map(|sku| vec![sku.as_str(), "Screw", "1.50"]));
    rows.push(vec!["A-20", "", "1.50"]);
    let world = World::new();
    world.supplier("acme");
    world
        .import("acme", "prices.xlsx", &files::workbook(&rows), &[])
        .expect(0)
        .expect_counts("21 read, 20 created, 1 rejected");
    world.expect_rows(Home::Imports, "select line, code from import_errors", &["24|required_missing"]);
}

#[test]
fn a_workbook_bomb_ends_its_import_by_name_and_nothing_else() {
    let cell = |place: &str, text: &str| format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let row = |number: u32, cells: &str| format!("<row r=\"{number}\">{cells}</row>");
    let no_strings = "<sst count=\"0\" uniqueCount=\"0\"></sst>";
    let far_corner = row(1, &cell("A1", "sku")) + &row(1_048_576, &cell("XFD1048576", "x"));
    let shared = row(1, "<c r=\"A1\" t=\"s\"><v>0</v></c>");
    let bombs = [
        ("far corner.xlsx", files::crafted_workbook(&far_corner, no_strings)),
        (
            "shared strings.xlsx",
            files::crafted_workbook(
                &shared,
                "<sst count=\"1\" uniqueCount=\"18446744073709551615\"><si><t>sku</t></si></sst>",
            ),
        ),
        (
            "many strings.xlsx",
            files::crafted_workbook(&shared, "<sst count=\"1\" uniqueCount=\"4000000000\"><si><t>sku</t></si></sst>"),
        ),
    ];
    let world = World::new();
    world.supplier("acme");
    // One process imports them all, as a service does.
    let importer = world.importer();
    let import = |name: &str, bytes: &[u8]| {
        world.drop_file("acme", name, bytes);
        let order = Order::new(InboxKey::new("acme", name).unwrap());
        world.block_on(importer.import_object(&order, &Progress::default())).map_err(Box::new)
    };
    for (name, bytes) in bombs {
        assert!(bytes.len() < 3_000, "{name} has {} bytes", bytes.len());
        let fault = import(name, &bytes).unwrap_err();
        assert!(matches!(*fault, ImportError::File(_)) && fault.code().is_some(), "{name}: {fault:?}");
        let next = format!("after {name}.csv");
        let report = import(&next, files::products('A', 0..3).as_bytes()).unwrap();
        assert_eq!(report.counts.read, 3);
    }
    world.expect_rows(Home::Catalog, "select count(*) from products", &["3"]);
    world.expect_rows(Home::Imports, "select count(*) from import_jobs where status = 'failed'", &["3"]);
}
