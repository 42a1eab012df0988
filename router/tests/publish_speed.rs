//! How fast a large first import is staged and published, beside `psql \copy` of the same rows, and then an update of a
//! hundredth of them and of all. Run by hand:
//! `cargo test -p router --test publish_speed -- --ignored --nocapture`.

#![allow(clippy::unwrap_used)]

mod support;

use std::fmt::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use item::{Column, Counts, Field, Gtin, IntColumn, ItemBatch, Mode, TextColumn};
use router::catalog::staging::{Change, RowEncoder, Writer};
use router::catalog::suppliers::{self, NewSupplier};
use router::catalog::{Publish, Published, publish, snapshot};
use router::{Bulk, Catalog, Db};
use sqlx::Executor;

const BATCH: u64 = 10_000;

fn rows() -> u64 {
    std::env::var("ARRIVAGE_ROWS").map_or(1_000_000, |rows| rows.parse().unwrap())
}

/// Numbers that look random and are the same in every run (splitmix64).
fn scattered(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn gtin(number: u64) -> String {
    let body = 300_000_000_000 + scattered(number) % 99_999_999_999;
    (0..10)
        .map(|check| format!("{body}{check}"))
        .find(|digits| Gtin::parse(digits).is_ok())
        .map_or_else(String::new, |digits| format!("0{digits}"))
}

/// Items `from..to`, all thirty fields filled as a good supplier would; their prices rise by the day.
fn items(from: u64, to: u64, day: i64) -> ItemBatch {
    let mut batch = ItemBatch::new((from + 2..to + 2).collect());
    let text = |write: &dyn Fn(&mut String, u64)| {
        let mut column = TextColumn::with_capacity((to - from) as usize, 0);
        for number in from..to {
            write(column.buffer(), number);
            column.finish();
        }
        Column::Text(column)
    };
    let int =
        |value: &dyn Fn(u64) -> i64| Column::Int((from..to).map(|number| Some(value(number))).collect::<IntColumn>());
    let price = |number: u64| (scattered(number) % 5_000_000) as i64 / 100 * 100 + 10_000 + day * 100;
    let words =
        ["steel", "compact", "garden", "cordless", "premium", "kitchen", "folding", "outdoor", "classic", "smart"];
    let word = |number: u64, place: u64| words[(scattered(number * 31 + place) % 10) as usize];
    batch.set(Field::Sku, text(&|out, n| write!(out, "ACME-{n:08}").unwrap()));
    batch.set(Field::Gtin, text(&|out, n| out.push_str(&gtin(n))));
    batch.set(Field::GtinRestricted, int(&|_| 0));
    batch.set(Field::Mpn, text(&|out, n| write!(out, "M{:x}", scattered(n) as u32).unwrap()));
    batch.set(Field::Brand, text(&|out, n| write!(out, "Brand {}", scattered(n) % 2_000).unwrap()));
    batch.set(Field::Title, text(&|out, n| write!(out, "{} {} {} {n}", word(n, 1), word(n, 2), word(n, 3)).unwrap()));
    batch
        .set(Field::Description, text(&|out, n| (0..14).for_each(|place| write!(out, "{} ", word(n, place)).unwrap())));
    batch.set(
        Field::CategoryPath,
        text(&|out, n| {
            let leaf = scattered(n) % 500;
            write!(out, "Department {}\u{1f}Aisle {}\u{1f}Shelf {leaf}", leaf % 10, leaf % 50).unwrap();
        }),
    );
    batch.set(Field::Price, int(&price));
    batch.set(Field::PriceInclTax, int(&|n| price(n) * 12 / 10));
    batch.set(Field::Rrp, int(&|n| price(n) * 15 / 10));
    batch.set(Field::Currency, text(&|out, _| out.push_str("EUR")));
    batch.set(Field::TaxRate, int(&|_| 200_000));
    batch.set(Field::MinOrderQuantity, int(&|n| (n % 5 + 1) as i64 * 10_000));
    batch.set(Field::PackSize, int(&|n| (n % 12 + 1) as i64 * 10_000));
    batch.set(Field::Unit, text(&|out, _| out.push_str("C62")));
    batch.set(Field::Stock, int(&|n| (scattered(n) % 1_000) as i64));
    batch.set(Field::WeightG, int(&|n| (scattered(n) % 20_000) as i64 * 10_000));
    batch.set(Field::LengthMm, int(&|n| (scattered(n + 1) % 2_000) as i64 * 10_000));
    batch.set(Field::WidthMm, int(&|n| (scattered(n + 2) % 1_000) as i64 * 10_000));
    batch.set(Field::HeightMm, int(&|n| (scattered(n + 3) % 1_000) as i64 * 10_000));
    batch.set(Field::Condition, text(&|out, _| out.push_str("new")));
    batch.set(Field::CountryOfOrigin, text(&|out, n| out.push_str(["FR", "DE", "CN", "IT"][(n % 4) as usize])));
    batch.set(Field::CustomsCode, text(&|out, n| write!(out, "{:08}", 82_000_000 + scattered(n) % 900_000).unwrap()));
    batch.set(
        Field::ImageUrls,
        text(&|out, n| {
            write!(out, "https://images.example.com/acme/{n}/front.jpg").unwrap();
            if n % 3 == 0 {
                write!(out, "\u{1f}https://images.example.com/acme/{n}/back.jpg").unwrap();
            }
        }),
    );
    batch.set(
        Field::VariantGroup,
        text(&|out, n| {
            if n % 5 == 0 {
                write!(out, "G{}", n / 20).unwrap();
            }
        }),
    );
    batch.set(
        Field::VariantAttributes,
        text(&|out, n| {
            if n % 5 == 0 {
                write!(out, r#"{{"size":"{}"}}"#, n % 60).unwrap();
            }
        }),
    );
    batch.set(Field::AvailableFrom, int(&|n| 20_000 + (n % 700) as i64));
    batch.set(Field::Discontinued, int(&|n| i64::from(n % 50 == 0)));
    batch.set(
        Field::Attributes,
        text(&|out, n| write!(out, r#"{{"Color":"{}","Warranty (months)":"{}"}}"#, word(n, 9), n % 36).unwrap()),
    );
    batch
}

/// Clock ticks (hundredths of a second) of processor time that the session's server process has used: on a busy machine
/// they say more than the clock. Needs a superuser and a server on this machine, on Linux.
const CPU: &str = "copy cpu from program 'cut -d\" \" -f14,15 /proc/$PPID/stat'";
const CPU_TABLE: &str = "create temp table cpu (ticks text)";
const CPU_READ: &str = "select sum(split_part(ticks, ' ', 1)::int + split_part(ticks, ' ', 2)::int)::text from cpu";

async fn server_seconds(bulk: &Bulk<Catalog>) -> f64 {
    bulk.batch_execute(&format!("{CPU_TABLE}; {CPU}")).await.unwrap();
    let ticks: String = bulk.query_one(CPU_READ, &[]).await.unwrap().get(0);
    bulk.batch_execute("drop table cpu").await.unwrap();
    ticks.parse::<f64>().unwrap() / 100.0
}

fn report(what: &str, rows: u64, took: Duration) {
    println!("{what:<36} {:>8.2} s {:>10.0} rows/s", took.as_secs_f64(), rows as f64 / took.as_secs_f64());
}

/// Stages the items of a day that `change` tells of; returns what to publish.
async fn stage(db: &Db<Catalog>, supplier_id: i64, day: i64, change: impl Fn(u64) -> Option<Change>) -> Publish {
    let import_id = uuid::Uuid::now_v7();
    let mut counts = Counts::default();
    let fence = router::Fence { import_id, supplier_id, epoch: 1 };
    let mut writer = Writer::open(db, &fence).await.unwrap();
    let mut encoder = RowEncoder::with_capacity(8 << 20);
    let (mut encoding, mut sending, mut bytes) = (Duration::ZERO, Duration::ZERO, 0);
    for from in (0..rows()).step_by(BATCH as usize) {
        let batch = items(from, rows().min(from + BATCH), day);
        let (keys, contents) = (batch.key_hashes(), batch.content_hashes());
        let began = Instant::now();
        for row in 0..batch.len() {
            counts.read += 1;
            match change(from + row as u64) {
                Some(change) => {
                    counts.created += u64::from(matches!(change, Change::Created { .. }));
                    counts.updated += u64::from(matches!(change, Change::Updated { .. }));
                    encoder.push(change, &batch, row, keys[row], contents[row]);
                }
                None => counts.unchanged += 1,
            }
        }
        encoding += began.elapsed();
        bytes += encoder.bytes();
        let began = Instant::now();
        writer.send(encoder.take()).await.unwrap();
        sending += began.elapsed();
    }
    let began = Instant::now();
    let staged = writer.finish().await.unwrap();
    report(&format!("day {day}: encode ({} MB)", bytes >> 20), staged, encoding);
    report(&format!("day {day}: send"), staged, sending + began.elapsed());
    let (file_sha256, plan_fingerprint) = ([0; 32], Vec::new());
    Publish { import_id, supplier_id, epoch: 1, mode: Mode::Full, file_sha256, plan_fingerprint, counts }
}

/// Publishes and returns by the clock and in server processor time how long it took.
async fn timed_publish(db: &Db<Catalog>, day: i64, publication: &Publish) -> (Published, Duration, f64) {
    let mut bulk = db.bulk().await.unwrap();
    bulk.batch_execute("checkpoint").await.unwrap();
    let idle = server_seconds(&bulk).await;
    let began = Instant::now();
    let published = publish(&mut bulk, publication).await.unwrap();
    let took = began.elapsed();
    let cpu = server_seconds(&bulk).await - idle;
    report(&format!("day {day}: publish ({cpu:.1} s server)"), published.created + published.updated, took);
    (published, took, cpu)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn a_first_import_and_its_updates_beside_psql_copy_of_the_same_rows() {
    support::with_migrated(|databases| async move {
        let db = databases.router.catalog();
        let supplier = suppliers::create(db, &NewSupplier::new("acme", "Acme")).await.unwrap().id;
        let publication = stage(db, supplier, 0, |number| Some(Change::Created { ordinal: number })).await;
        let (published, clock, cpu) = timed_publish(db, 0, &publication).await;

        let began = Instant::now();
        let read = snapshot::load(&db.bulk().await.unwrap(), supplier, |_, _, _| ()).await.unwrap();
        report("snapshot", read, began.elapsed());

        let (copied, copied_cpu) = psql_copy(&databases).await;
        println!(
            "publish / psql copy: {:.2} by the clock, {:.2} in server processor time",
            clock.as_secs_f64() / copied.as_secs_f64(),
            cpu / copied_cpu
        );

        let first = published.first_created_id.unwrap();
        for (day, every) in [(1, 100), (2, 1)] {
            let change =
                |number| (number % every == 0).then_some(Change::Updated { product_id: first + number as i64 });
            let publication = stage(db, supplier, day, change).await;
            timed_publish(db, day, &publication).await;
        }
    })
    .await;
}

/// Copies the published rows out and, timed, into a table with the same columns and indexes.
async fn psql_copy(databases: &support::Databases) -> (Duration, f64) {
    let file = std::env::temp_dir().join(format!("{}.tsv", databases.catalog_name()));
    let mut session = support::connect(Some(databases.catalog_name())).await;
    let same = "create table copied (like products including all) with (fillfactor = 85)";
    session.execute(same).await.unwrap();
    psql(databases, &[&format!("\\copy (select * from products order by id) to '{}'", file.display())]);
    session.execute("checkpoint").await.unwrap();
    let began = Instant::now();
    let ticks = psql(databases, &[&format!("\\copy copied from '{}'", file.display()), CPU_TABLE, CPU, CPU_READ]);
    let took = began.elapsed();
    let cpu = ticks.trim().parse::<f64>().unwrap() / 100.0;
    let megabytes = std::fs::metadata(&file).unwrap().len() >> 20;
    report(&format!("psql copy, {megabytes} MB ({cpu:.1} s server)"), rows(), took);
    std::fs::remove_file(&file).unwrap();
    session.execute("drop table copied").await.unwrap();
    (took, cpu)
}

fn psql(databases: &support::Databases, commands: &[&str]) -> String {
    let url = support::url_of(&support::server_url(), databases.catalog_name());
    let mut psql = Command::new("psql");
    psql.args(["-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &url]);
    commands.iter().for_each(|command| _ = psql.args(["-c", command]));
    let output = psql.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
