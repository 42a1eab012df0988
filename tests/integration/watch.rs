//! Files that arrive by themselves: what is dropped is found once, and what cannot be taken is answered.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrivage_tests::{Home, Redis, Services, World};
use pipeline::watch::{Desk, Found, Listed, Result, Settings, Watch, WatchError};
use router::catalog::Supplier;
use serde_json::{Value, json};
use storage::{Bucket, Storage};
use tokio_util::sync::CancellationToken;

/// A desk that notes what it is offered and has not seen before.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<(String, Found)>>>);

impl Desk for Notes {
    async fn offer(&self, supplier: &Supplier, found: Vec<Found>) -> Result<()> {
        let mut notes = self.0.lock().unwrap();
        for found in found {
            assert_eq!(found.key.supplier(), supplier.code);
            let note = (supplier.code.clone(), found);
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        Ok(())
    }

    async fn may_list(&self, _: Duration) -> Result<bool> {
        Ok(false)
    }
}

impl Notes {
    /// The file names of a supplier in the order they were offered in.
    fn files(&self, supplier: &str) -> Vec<String> {
        let notes = self.0.lock().unwrap();
        notes.iter().filter(|(code, _)| code == supplier).map(|(_, found)| found.key.file().to_owned()).collect()
    }
}

/// A watch over a world's inbox, its desk and its store.
fn watch(world: &World, settings: Settings) -> (Arc<Watch<Notes>>, Notes, Storage) {
    let importer = world.importer();
    let (notes, storage) = (Notes::default(), importer.storage().clone());
    let watch = Watch::new(importer.router().clone(), storage.clone(), notes.clone(), settings).unwrap();
    (Arc::new(watch), notes, storage)
}

fn put(world: &World, storage: &Storage, key: &str, bytes: &str) {
    world.block_on(storage.put_bytes(Bucket::ImportsFiles, key, bytes.to_owned())).unwrap();
}

/// The receipts below a prefix.
fn receipts(world: &World, prefix: &str) -> Vec<Value> {
    let keys = world.keys(prefix).into_iter().filter(|key| key.ends_with(".receipt.json"));
    keys.map(|key| serde_json::from_slice(&world.object(&key)).unwrap()).collect()
}

#[test]
fn thousands_of_files_are_listed_in_pages_and_offered_in_order_of_arrival() {
    let world = World::new();
    world.supplier("acme");
    world.supplier("bolts");
    let settings = Settings { page_keys: 500, ..Settings::default() };
    let (watch, notes, storage) = watch(&world, settings);
    let apart = || std::thread::sleep(Duration::from_millis(50));

    world.drop_file("acme", "z first.csv", b"sku\n1\n");
    apart();
    let drops = (0..4).map(|worker| {
        let storage = storage.clone();
        async move {
            for number in (worker..2_998).step_by(4) {
                let supplier = if number % 2 == 0 { "acme" } else { "bolts" };
                let key = storage::keys::inbox(supplier, &format!("{:04}.csv", 9_999 - number));
                storage.put_bytes(Bucket::ImportsFiles, key, "sku\n1\n").await.unwrap();
            }
        }
    });
    world.block_on(async {
        let drops: Vec<_> = drops.map(tokio::spawn).collect();
        for drop in drops {
            drop.await.unwrap();
        }
    });
    apart();
    world.drop_file("acme", "a last.csv", b"sku\n1\n");

    let listed = world.block_on(watch.list()).unwrap();
    assert_eq!(listed, Listed { objects: 3_000, offered: 3_000, quarantined: 0, failed: 0 });
    let mut arrived = world.block_on(storage.list_all(Bucket::ImportsFiles, "inbox/acme/")).unwrap();
    arrived.sort_by(|one, other| (one.modified, &one.key).cmp(&(other.modified, &other.key)));
    let arrived: Vec<&str> = arrived.iter().map(|object| object.key.strip_prefix("inbox/acme/").unwrap()).collect();
    assert_eq!(notes.files("acme"), arrived);
    assert_eq!((arrived[0], arrived[arrived.len() - 1]), ("z first.csv", "a last.csv"));
    assert_eq!(notes.files("bolts").len(), 1_499);

    // Again, by two at once, a few at a time: every drop is the one that is known.
    let settings = Settings { page_keys: 300, order_keys: 400, ..Settings::default() };
    let again = Watch::new(world.importer().router().clone(), storage, notes.clone(), settings).unwrap();
    let (one, other) = world.block_on(async { tokio::join!(watch.list(), again.list()) });
    assert_eq!((one.unwrap().offered, other.unwrap().offered), (3_000, 3_000));
    assert_eq!(notes.files("acme").len() + notes.files("bolts").len(), 3_000);
}

#[test]
fn what_no_import_can_take_is_kept_and_answered_and_the_inbox_ends_empty() {
    let world = World::new();
    world.supplier("acme");
    world.supplier("closed");
    world.rows(Home::Catalog, "update suppliers set is_active = false where code = 'closed'");
    let (watch, notes, storage) = watch(&world, Settings::default());
    let long = format!("inbox/acme/{}.csv", "x".repeat(300));
    let cases = [
        ("inbox/nobody/prices.csv", "unknown_supplier", "arrivage supplier add nobody"),
        ("inbox/closed/prices.csv", "inactive_supplier", "active again"),
        ("inbox/acme/2026/prices.csv", "key_invalid", "inbox/<supplier>/<file>"),
        ("inbox/acme/../other/prices.csv", "key_invalid", "inbox/<supplier>/<file>"),
        ("inbox/acme/bell\u{7}\n.csv", "key_invalid", "control characters"),
        ("inbox/Ac Me/prices.csv", "key_invalid", "inbox/<supplier>/<file>"),
        ("inbox/prices.csv", "key_invalid", "inbox/<supplier>/<file>"),
        (&long, "key_invalid", "255 bytes"),
    ];
    for (key, ..) in cases {
        put(&world, &storage, key, key);
    }
    put(&world, &storage, "inbox/acme/folder/", "");

    // Two at once do it once.
    let (one, other) = world.block_on(async { tokio::join!(watch.list(), watch.list()) });
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one.quarantined + other.quarantined >= cases.len() as u64, "{one:?} {other:?}");
    assert_eq!((one.failed, other.failed), (0, 0));
    assert_eq!(world.keys("inbox/"), ["inbox/acme/folder/"], "a console's mark of a folder stays");
    assert!(notes.files("acme").is_empty());

    let kept = receipts(&world, "quarantine/");
    assert_eq!((kept.len(), world.keys("quarantine/").len()), (cases.len(), 2 * cases.len()));
    for (key, code, fix) in cases {
        let receipt = kept.iter().find(|receipt| receipt["key"] == key).unwrap_or_else(|| panic!("{key:?}"));
        assert_eq!((&receipt["outcome"], &receipt["code"]), (&json!("quarantined"), &json!(code)), "{key:?}");
        let text = format!("{} {}", receipt["problem"].as_str().unwrap(), receipt["what_to_do"].as_str().unwrap());
        assert!(text.contains(fix) && !text.contains(char::is_control), "{text}");
        assert_eq!(world.object(receipt["kept_at"].as_str().unwrap()), key.as_bytes());
    }
    // Suppliers that are known find the answer where they look for answers.
    assert_eq!(receipts(&world, "outbox/acme/").len(), 4);
    assert_eq!(receipts(&world, "outbox/closed/").len(), 1);
    assert_eq!(world.keys("outbox/").len(), 5);

    // The same key with other bytes is another drop: both are kept.
    put(&world, &storage, "inbox/nobody/prices.csv", "other");
    world.block_on(watch.list()).unwrap();
    assert_eq!(receipts(&world, "quarantine/").len(), cases.len() + 1);
    // A supplier that was created meanwhile is known to the next listing.
    world.supplier("nobody");
    world.drop_file("nobody", "prices.csv", b"sku\n1\n");
    world.block_on(watch.list()).unwrap();
    assert_eq!(notes.files("nobody"), ["prices.csv"]);
}

#[test]
fn a_hint_and_the_listing_tell_of_the_same_drop() {
    let world = World::new();
    world.supplier("acme");
    let (watch, notes, storage) = watch(&world, Settings::default());
    let look = |key: &str| world.block_on(watch.look_at(key)).unwrap();
    let key = world.drop_file("acme", "Prix été.csv", b"sku\n1\n");
    look(&key);
    look(&key);
    world.block_on(watch.list()).unwrap();
    assert_eq!(notes.files("acme"), ["Prix été.csv"]);

    for nothing in ["inbox/acme/gone.csv", "inbox/acme/../gone", "imports/2026/a.csv", "inbox/", "", "\0"] {
        look(nothing);
    }
    look(&format!("inbox/acme/{}", "x".repeat(3_000)));
    put(&world, &storage, "inbox/acme/a\u{1}.csv", "odd");
    look("inbox/acme/a\u{1}.csv");
    assert_eq!(receipts(&world, "outbox/acme/").len(), 1);

    // Overwritten, it is another drop.
    world.drop_file("acme", "Prix été.csv", b"sku\n2\n");
    look(&key);
    assert_eq!(notes.files("acme").len(), 2);
}

#[test]
fn events_from_the_webhook_and_from_redis_lead_to_their_files() {
    let world = World::new();
    world.supplier("acme");
    let redis = Redis::at(&Services::of_environment().redis);
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut settings = Settings::default();
    settings.webhook.listen = address.to_string();
    settings.webhook.token = "hush".into();
    // The buckets of this world are its own, so their name is one for the keys in Redis too.
    let bucket = world.importer().storage().bucket_name(Bucket::ImportsFiles);
    settings.redis.list = format!("{bucket}:list");
    settings.redis.hash = format!("{bucket}:hash");
    settings.redis.poll_ms = 20;
    let (watch, notes, _) = self::watch(&world, settings.clone());
    let stop = CancellationToken::new();
    let running = {
        let (watch, url, stop) = (Arc::clone(&watch), redis.url().to_owned(), stop.clone());
        world.spawn(async move { watch.run(&url, &stop).await })
    };
    let record = |file: &str| {
        json!({"eventName": "s3:ObjectCreated:Put",
               "s3": {"bucket": {"name": bucket}, "object": {"key": format!("inbox%2Facme%2F{file}"), "size": 6}}})
    };
    for file in ["webhook.csv", "list.csv", "hash.csv"] {
        world.drop_file("acme", file, b"sku\n1\n");
    }
    let event = json!({"EventName": "s3:ObjectCreated:Put", "Records": [record("webhook.csv")]}).to_string();
    assert_eq!(post(&address.to_string(), "hush", &event), 200);
    assert_eq!(post(&address.to_string(), "guess", &event), 401);
    redis.send(&["RPUSH", &settings.redis.list, "not an event"]);
    let event = json!([{"Event": [record("list.csv")], "EventTime": "2026-03-09T05:00:00Z"}]).to_string();
    redis.send(&["RPUSH", &settings.redis.list, &event]);
    let event = json!({"Records": [record("hash.csv")]}).to_string();
    redis.send(&["HSET", &settings.redis.hash, &format!("{bucket}/inbox/acme/hash.csv"), &event]);

    let removed = || redis.send(&["EXISTS", &settings.redis.list, &settings.redis.hash]).starts_with(":0");
    wait_until(|| notes.files("acme").len() == 3 && removed());
    let mut files = notes.files("acme");
    files.sort();
    assert_eq!(files, ["hash.csv", "list.csv", "webhook.csv"]);
    assert_eq!((watch.hint_counts().taken, watch.hint_counts().unreadable), (3, 1));

    stop.cancel();
    world.block_on(running).unwrap().unwrap();
    assert!(TcpStream::connect(address).is_err());
}

/// A desk that is closed at first.
struct ClosedAtFirst {
    is_open: Arc<AtomicBool>,
    notes: Notes,
}

impl Desk for ClosedAtFirst {
    async fn offer(&self, supplier: &Supplier, found: Vec<Found>) -> Result<()> {
        if !self.is_open.swap(true, Ordering::Relaxed) {
            return Err(WatchError::Settings("the desk is closed".to_owned()));
        }
        self.notes.offer(supplier, found).await
    }

    async fn may_list(&self, every: Duration) -> Result<bool> {
        self.notes.may_list(every).await
    }
}

#[test]
fn an_event_in_redis_stays_until_its_file_is_taken() {
    let world = World::new();
    world.supplier("acme");
    world.drop_file("acme", "a.csv", b"sku\n1\n");
    let redis = Redis::at(&Services::of_environment().redis);
    let importer = world.importer();
    let bucket = importer.storage().bucket_name(Bucket::ImportsFiles);
    let mut settings = Settings::default();
    settings.redis.list = format!("{bucket}:waiting");
    settings.redis.poll_ms = 20;
    let event = json!({"EventName": "s3:ObjectCreated:Put", "Key": format!("{bucket}/inbox/acme/a.csv")}).to_string();
    redis.send(&["RPUSH", &settings.redis.list, &event]);

    let (is_open, notes) = (Arc::new(AtomicBool::new(false)), Notes::default());
    let desk = ClosedAtFirst { is_open: Arc::clone(&is_open), notes: notes.clone() };
    let list = settings.redis.list.clone();
    let watch = Watch::new(importer.router().clone(), importer.storage().clone(), desk, settings).unwrap();
    let (url, stop) = (redis.url().to_owned(), CancellationToken::new());
    let told = stop.clone();
    let running = world.spawn(async move { watch.run(&url, &told).await });
    wait_until(|| is_open.load(Ordering::Relaxed));
    assert!(redis.send(&["EXISTS", &list]).starts_with(":1"), "refused, it stays");
    wait_until(|| notes.files("acme") == ["a.csv"] && redis.send(&["EXISTS", &list]).starts_with(":0"));
    stop.cancel();
    world.block_on(running).unwrap().unwrap();
}

#[track_caller]
fn wait_until(mut done: impl FnMut() -> bool) {
    for _ in 0..500 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it did not come about within 10 seconds");
}

/// Posts an event as MinIO does; gives the status of the answer. The listener may need a moment to begin.
fn post(address: &str, token: &str, event: &str) -> u16 {
    let mut connection = None;
    wait_until(|| {
        connection = TcpStream::connect(address).ok();
        connection.is_some()
    });
    let mut connection = connection.unwrap();
    let length = event.len();
    write!(
        connection,
        "POST /events HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{event}"
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}
