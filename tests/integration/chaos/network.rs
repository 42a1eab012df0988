//! What networks do to a body, to a COPY and to any other conversation.

use std::time::{Duration, Instant};

use arrivage_tests::{Break, Dump, Home, Proxy, Services, Way, World};
use rand::Rng;

use super::crew::{is_done, wait_until_begun};
use super::{Crew, Days, chance, expect_oracle, oracle, sized, world};

const DAYS: Days = Days { products: 2_000 };

const END_MAX: Duration = Duration::from_secs(90);

/// A file of so many bytes needs two reads of 5 MiB, which is the least that S3 takes.
const PART: (&str, &str) = ("ARRIVAGE__STORAGE__PART_BYTES", "5242880");
const BODY_BYTES: usize = 6 << 20;
const ONE_AT_A_TIME: (&str, &str) = ("ARRIVAGE__STORAGE__PARTS_IN_FLIGHT", "1");

#[test]
fn a_body_cut_short_again_and_again_fails_by_name_and_is_read_once_it_comes() {
    let (calm, storm) = (world(), world());
    let file = long(0);
    calm.drop_file("acme", "long.csv", &file);
    Crew::of(&calm, 1).finish(1, END_MAX);

    let store = Proxy::to_server_of(&Services::of_environment().store);
    // More often than one attempt asks again: four times for a range, five times for the file.
    store.break_after(Break::End, Way::Down, 300_000, 13);
    store.break_after(Break::Reset, Way::Down, 300_000, 13);
    let mut crew = Crew::with_environment(&storm, 1, &[(ENDPOINT, &endpoint(&store)), PART, ONE_AT_A_TIME]);
    storm.drop_file("acme", "long.csv", &file);
    crew.finish(1, END_MAX);
    assert_eq!(store.broken(), 26);
    expect_oracle(&Dump::of(&calm), &storm);
    expect_failures(&storm, "storage", "long.csv");
}

#[test]
fn a_body_replaced_while_it_is_read_is_never_imported_as_a_mixture() {
    let (calm, storm) = (world(), world());
    calm.drop_file("acme", "long.csv", &long(1));
    Crew::of(&calm, 1).finish(1, END_MAX);

    let store = Proxy::to_server_of(&Services::of_environment().store);
    store.break_after(Break::Silence, Way::Down, 1_000_000, 1);
    let key = storm.drop_file("acme", "long.csv", &long(0));
    let mut crew = Crew::with_environment(&storm, 1, &[(ENDPOINT, &endpoint(&store)), PART, ONE_AT_A_TIME]);
    let begun = Instant::now();
    while store.broken() == 0 {
        assert!(begun.elapsed() < END_MAX, "nobody reads it");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(storm.drop_file("acme", "long.csv", &long(1)), key);
    store.clear();
    crew.finish(2, END_MAX);
    let effects = |world| Dump::of(world).only(&["catalog.", "media.", "code2asin.", "analytics."]);
    effects(&calm).assert_same(&effects(&storm));
    oracle::expect_order(&storm);
    let states =
        storm.rows(Home::Imports, "select status, superseded_by is not null from import_jobs order by arrived_at, id");
    assert_eq!(states, ["cancelled|t", "completed|f"]);
}

#[test]
fn a_connection_reset_in_mid_copy_publishes_nothing_of_it_and_is_tried_again() {
    let (calm, storm) = (world(), world());
    let file = Days { products: 6_000 }.file(0);
    calm.drop_file("acme", "big.csv", &file);
    Crew::of(&calm, 1).finish(1, END_MAX);
    let products = calm.number(Home::Catalog, "select count(*) from products");

    let url = storm.database_url(Home::Catalog);
    let catalog = Proxy::to_server_of(&url);
    catalog.break_after(Break::Reset, Way::Up, 200_000, 1);
    let mut crew = Crew::with_environment(&storm, 1, &[(CATALOG, &catalog.url(&url))]);
    storm.drop_file("acme", "big.csv", &file);
    let begun = Instant::now();
    while !is_done(&storm, 1) {
        let visible = storm.number(Home::Catalog, "select count(*) from products");
        assert!([0, products].contains(&visible), "{visible} of {products} products are visible");
        assert!(begun.elapsed() < END_MAX, "it never ends");
        crew.tend();
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(catalog.broken(), 1);
    expect_oracle(&Dump::of(&calm), &storm);
    expect_failures(&storm, "database", "big.csv");
}

#[test]
fn whatever_conversation_breaks_off_at_whatever_byte_an_import_ends_as_if_none_had() {
    let mut random = chance();
    let (calm, storm) = (world(), world());
    let store = Proxy::to_server_of(&Services::of_environment().store);
    let urls = Home::ALL.map(|home| storm.database_url(home));
    let ways: Vec<Proxy> = urls.iter().map(|url| Proxy::to_server_of(url)).collect();
    let mut environment = vec![(ENDPOINT.to_owned(), endpoint(&store))];
    for ((home, way), url) in Home::ALL.iter().zip(&ways).zip(&urls) {
        environment.push((format!("ARRIVAGE__DATABASES__{}__URL", home.name().to_uppercase()), way.url(url)));
    }
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let (mut kept, mut crew) = (Crew::of(&calm, 1), Crew::with_environment(&storm, 2, &environment));
    for day in 0..sized(3, 40) {
        for way in ways.iter().chain([&store]) {
            let how = if random.random() { Break::Reset } else { Break::End };
            let direction = if random.random() { Way::Up } else { Way::Down };
            // From the first words of a session to the middle of a long answer.
            let bytes = 10_f64.powf(random.random_range(1.0..5.0));
            way.break_after(how, direction, bytes as u64, random.random_range(0..3));
        }
        let imports = day as u64 + 1;
        for world in [&calm, &storm] {
            world.drop_file("acme", &Days::name(day), &DAYS.file(day));
        }
        wait_until_begun(&storm, imports);
        crew.finish(imports, END_MAX);
        kept.finish(imports, END_MAX);
        expect_oracle(&Dump::of(&calm), &storm);
    }
    let broken: Vec<u32> = ways.iter().chain([&store]).map(Proxy::broken).collect();
    eprintln!("conversations broken off, with the five databases and the store: {broken:?}");
}

const ENDPOINT: &str = "ARRIVAGE__STORAGE__ENDPOINT";
const CATALOG: &str = "ARRIVAGE__DATABASES__CATALOG__URL";

/// The store's endpoint by way of a proxy, without the keys that tests know it by.
fn endpoint(store: &Proxy) -> String {
    store.url("http://127.0.0.1:1")
}

/// A file of few products and many bytes.
fn long(day: usize) -> Vec<u8> {
    let file = Days { products: 300 }.file(day);
    let padding = "x".repeat(BODY_BYTES / 300);
    let mut long = Vec::new();
    for (number, line) in file.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).enumerate() {
        long.extend_from_slice(line);
        long.extend_from_slice(if number == 0 { b";remark" } else { b";" });
        if number > 0 {
            long.extend_from_slice(padding.as_bytes());
        }
        long.push(b'\n');
    }
    long
}

/// Fails unless an import failed at first, each time for this reason, and was tried again.
#[track_caller]
fn expect_failures(world: &World, code: &str, file: &str) {
    let told = world.rows(
        Home::Imports,
        "select fields->>'code', message from import_logs where log_level = 'warn' and fields ? 'code' order by id",
    );
    assert!(!told.is_empty() && told.iter().all(|log| log.starts_with(&format!("{code}|"))), "{file}: {told:#?}");
    eprintln!("{file}: {}", told[0]);
    let attempts = world.number(Home::Imports, "select attempt from import_jobs");
    assert_eq!(attempts, told.len() as u64 + 1, "{told:#?}");
}
