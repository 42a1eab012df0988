//! Many at once who want the same, and two files of which one is later.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrivage_tests::{Dump, Home, Redis, Services, World};
use pipeline::{Importer, Order};
use rand::Rng;
use rand::seq::SliceRandom;
use serde_json::json;
use storage::{Bucket, InboxKey};

use super::{Crew, Days, SETTINGS, chance, oracle, sized, world};

const DAYS: Days = Days { products: 2_000 };

const END_MAX: Duration = Duration::from_secs(90);

const WORKERS: usize = 4;

/// Offers of one file, beside the listings of the workers.
const OFFERS: usize = 50;

/// The setting that names the list of MinIO's Redis target.
const LIST: &str = "ARRIVAGE__WATCH__REDIS__LIST";

/// Who offers a file.
#[derive(Clone, Copy)]
enum By {
    /// A person, with the file in hand.
    Upload,
    /// A person, for the object in the inbox.
    Order,
    /// MinIO, by its webhook.
    Webhook,
    /// MinIO, by its Redis target.
    Redis,
}

#[test]
fn a_file_offered_fifty_times_at_once_by_people_events_and_listings_has_one_effect() {
    let mut random = chance();
    let (calm, storm) = (world(), world_with_events("list_seconds = 1"));
    let mut kept = Crew::of(&calm, 1);
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let importer = storm.importer();
    let mut crew = Crew::with_environment(&storm, WORKERS - 1, &[(LIST, &list(&importer))]);
    crew.hire(&[("ARRIVAGE__WATCH__WEBHOOK__LISTEN", &address), ("ARRIVAGE__WATCH__WEBHOOK__TOKEN", "hush")]);
    for day in 0..sized(2, 20) {
        let (name, file) = (Days::name(day), DAYS.file(day));
        calm.drop_file("acme", &name, &file);
        let path = storm.save(&name, &file);
        let key = storm.drop_file("acme", &name, &file);
        let mut offers: Vec<By> =
            [By::Upload, By::Order, By::Webhook, By::Redis].into_iter().cycle().take(OFFERS).collect();
        offers.shuffle(&mut random);
        let offers = offers.into_iter().map(|by| {
            let (importer, key, path, address) = (Arc::clone(&importer), key.clone(), path.clone(), address.clone());
            async move {
                let order = Order {
                    key: InboxKey::parse(&key).unwrap(),
                    mode: None,
                    mapping: None,
                    dry_run: false,
                    force: false,
                };
                match by {
                    By::Upload => drop(importer.submit_file(&order, &path).await.unwrap()),
                    // It may have been imported and taken from the inbox before this one comes to see it.
                    By::Order => drop(importer.submit_object(&order).await),
                    By::Webhook => tell_webhook(&importer, &address, &key).await,
                    By::Redis => tell_redis(&importer, &key),
                }
            }
        });
        storm.block_on(async {
            let offers: Vec<_> = offers.map(tokio::spawn).collect();
            for offer in offers {
                offer.await.unwrap();
            }
        });
        crew.finish(day as u64 + 1, END_MAX);
        kept.finish(day as u64 + 1, END_MAX);
        let effects = |world| Dump::of(world).only(&["catalog.", "media.", "code2asin.", "analytics."]);
        effects(&calm).assert_same(&effects(&storm));
        oracle::expect_order(&storm);
    }
    let jobs = storm.rows(
        Home::Imports,
        "select status, identical_to is not null, superseded_by is not null, count(*) from import_jobs group by 1, 2, 3 order by 1, 2, 3",
    );
    eprintln!("status, identical, superseded, imports: {jobs:?}");
}

#[test]
fn of_two_files_of_one_supplier_the_later_one_wins_whichever_is_heard_of_first() {
    let mut random = chance();
    let active = "select sku, price, stock, gtin from products where is_active order by sku";
    for round in 0..sized(2, 20) {
        // No listing after the first: only what is told is heard of.
        let storm = world_with_events("list_seconds = 3600");
        let importer = storm.importer();
        let mut crew = Crew::with_environment(&storm, 2, &[(LIST, &list(&importer))]);
        let begun = Instant::now();
        while storm.number(Home::Imports, "select count(*) from worker_turns where name = 'listing'") == 0 {
            assert!(begun.elapsed() < END_MAX, "nobody lists");
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(500));
        // The later one comes before the other in the alphabet.
        let older = storm.drop_file("acme", "z.csv", &DAYS.file(0));
        // A store tells whole seconds.
        std::thread::sleep(Duration::from_millis(1_100));
        let newer = storm.drop_file("acme", "a.csv", &DAYS.file(1));
        let is_newer_first = round % 2 == 0;
        let [first, second] = if is_newer_first { [&newer, &older] } else { [&older, &newer] };
        tell_redis(&importer, first);
        let between = Duration::from_millis(random.random_range(0..700));
        std::thread::sleep(between);
        tell_redis(&importer, second);
        crew.finish(2, END_MAX);

        let calm = world();
        calm.drop_file("acme", "a.csv", &DAYS.file(1));
        Crew::of(&calm, 1).finish(1, END_MAX);
        assert_eq!(storm.rows(Home::Catalog, active), calm.rows(Home::Catalog, active));
        oracle::expect_order(&storm);
        let ended = storm.rows(Home::Imports, "select file_name, status from import_jobs order by arrived_at, id");
        assert_eq!(ended[1], "a.csv|completed");
        eprintln!("newer heard of first: {is_newer_first}, {between:?} before the other: {ended:?}");
    }
}

/// A world whose workers follow MinIO's events in Redis.
fn world_with_events(watch: &str) -> World {
    let redis = Services::of_environment().redis;
    let settings = SETTINGS.replace("list_seconds = 1", watch);
    let world = World::with_settings(&format!("{settings}\n[redis]\nurl = {redis:?}\n[watch.redis]\npoll_ms = 20\n"));
    world.supplier("acme");
    world
}

fn tell_redis(importer: &Importer, key: &str) {
    let bucket = importer.storage().bucket_name(Bucket::ImportsFiles);
    let redis = Redis::at(&Services::of_environment().redis);
    redis.send(&["RPUSH", &list(importer), &event(&bucket, key)]);
}

async fn tell_webhook(importer: &Importer, address: &str, key: &str) {
    let bucket = importer.storage().bucket_name(Bucket::ImportsFiles);
    let (address, event) = (address.to_owned(), event(&bucket, key));
    let told = tokio::task::spawn_blocking(move || {
        let mut connection = connect(&address);
        let length = event.len();
        write!(
            connection,
            "POST /events HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer hush\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{event}"
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    });
    told.await.unwrap();
}

/// The worker that listens may still be on its way.
fn connect(address: &str) -> TcpStream {
    let begun = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Ok(connection) => return connection,
            Err(fault) => assert!(begun.elapsed() < END_MAX, "{fault}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn event(bucket: &str, key: &str) -> String {
    json!({"EventName": "s3:ObjectCreated:Put", "Key": format!("{bucket}/{key}")}).to_string()
}

/// The list of this world alone.
fn list(importer: &Importer) -> String {
    format!("{}:chaos", importer.storage().bucket_name(Bucket::ImportsFiles))
}
