//! What runs out: disk, sessions. And a clock that is off.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use arrivage_tests::{Dump, Home, Stack, World};
use rand::Rng;

use super::{Crew, Days, SETTINGS, chance, crew, expect_oracle, sized, world};

const DAYS: Days = Days { products: 2_000 };

const END_MAX: Duration = Duration::from_secs(90);

/// How long it lasts.
fn shortage() -> Duration {
    Duration::from_secs(sized(3, 30))
}

#[test]
fn a_full_disk_fails_an_import_by_name_and_it_ends_once_there_is_room() {
    let (calm, storm) = (world(), world());
    let Some(disk) = Disk::mount(&storm.folder().join("disk"), "64k") else {
        return eprintln!("skipped: this user may not mount a file system");
    };
    let folder = disk.0.to_str().unwrap();
    let (mut kept, mut crew) =
        (Crew::of(&calm, 1), Crew::with_environment(&storm, 1, &[("ARRIVAGE__IMPORT__SPOOL_DIR", folder)]));
    for world in [&calm, &storm] {
        world.drop_file("acme", &Days::name(0), &DAYS.file(0));
    }
    kept.finish(1, END_MAX);
    wait_for_failures(&storm, "spool");
    std::thread::sleep(shortage());
    storm.expect_rows(Home::Catalog, "select count(*) from products", &["0"]);
    assert_eq!(storm.keys("inbox/").len(), 1, "the file stays where it was dropped");
    disk.grow("64m");
    crew.finish(1, END_MAX);
    expect_oracle(&Dump::of(&calm), &storm);
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0, "nothing stays in the spool folder");
}

#[test]
fn with_no_session_left_on_the_server_workers_wait_and_go_on_once_there_are() {
    let mut random = chance();
    let calm = world();
    let stack = Stack::new();
    let storm = World::on(&stack.services(), SETTINGS);
    storm.supplier("acme");
    // Not the superuser that tests are, whom no limit stops.
    storm.rows(Home::Catalog, "create role worker login password 'worker'; grant arrivage to worker");
    let urls = Home::ALL.map(|home| {
        let url = storm.database_url(home);
        let (_, place) = url.split_once('@').unwrap();
        (
            format!("ARRIVAGE__DATABASES__{}__URL", home.name().to_uppercase()),
            format!("postgres://worker:worker@{place}"),
        )
    });
    let environment = urls.each_ref().map(|(name, url)| (name.as_str(), url.as_str()));
    let (mut kept, mut crew) = (Crew::of(&calm, 1), Crew::with_environment(&storm, 2, &environment));
    for day in 0..sized(2, 6) {
        let imports = day as u64 + 1;
        for world in [&calm, &storm] {
            world.drop_file("acme", &Days::name(day), &DAYS.file(day));
        }
        crew::wait_until_begun(&storm, imports);
        std::thread::sleep(Duration::from_millis(random.random_range(0..600)));
        // Committed before the sessions are ended: one that came in between would stay.
        storm.rows(Home::Catalog, "alter role worker connection limit 0");
        storm.wait(30, "the end of all sessions", || {
            storm
                .rows(Home::Catalog, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'worker'")
                .is_empty()
        });
        std::thread::sleep(shortage());
        storm.rows(Home::Catalog, "alter role worker connection limit -1");
        crew.finish(imports, END_MAX);
        kept.finish(imports, END_MAX);
        expect_oracle(&Dump::of(&calm), &storm);
    }
    let said = crew.dismiss();
    assert!(said.contains("too many connections for role"), "{said}");
}

#[test]
fn with_every_session_of_its_pools_waiting_a_worker_fails_by_name_and_goes_on_afterwards() {
    let (calm, storm) = (world(), world());
    let small = Home::ALL.map(|home| {
        let name = |setting: &str| format!("ARRIVAGE__DATABASES__{}__{setting}", home.name().to_uppercase());
        [
            (name("QUERIES_MAX"), "1"),
            (name("QUERIES_OVERFLOW"), "0"),
            (name("BULK_MAX"), "1"),
            (name("ACQUIRE_TIMEOUT_MS"), "500"),
        ]
    });
    let environment: Vec<(&str, &str)> = small.iter().flatten().map(|(name, value)| (name.as_str(), *value)).collect();
    let (mut kept, mut crew) = (Crew::of(&calm, 1), Crew::with_environment(&storm, 1, &environment));
    for (day, table) in ["suppliers", "import_publications"].iter().enumerate() {
        let imports = day as u64 + 1;
        let held = storm.hold(Home::Catalog, &format!("lock table {table} in access exclusive mode"));
        for world in [&calm, &storm] {
            world.drop_file("acme", &Days::name(day), &DAYS.file(day));
        }
        std::thread::sleep(shortage());
        drop(held);
        crew.finish(imports, END_MAX);
        kept.finish(imports, END_MAX);
        expect_oracle(&Dump::of(&calm), &storm);
    }
    let said = crew.dismiss();
    assert!(said.contains("500 ms") || said.contains("exhausted"), "{said}");
}

#[test]
fn workers_whose_clocks_are_an_hour_off_keep_and_take_over_leases_as_others_do() {
    let mut random = chance();
    let (calm, storm) = (world(), world());
    let Some(clock) = Clock::build(storm.folder()) else { return eprintln!("skipped: there is no C compiler") };
    let (mut kept, mut crew) = (Crew::of(&calm, 1), Crew::of(&storm, 0));
    let hire = |crew: &mut Crew<'_>, hours: i64| {
        crew.hire(&[("LD_PRELOAD", clock.0.to_str().unwrap()), ("ARRIVAGE_CLOCK_SHIFT", &(hours * 3_600).to_string())]);
    };
    hire(&mut crew, 1);
    hire(&mut crew, -1);
    for day in 0..sized(2, 20) {
        let imports = day as u64 + 1;
        for world in [&calm, &storm] {
            world.drop_file("acme", &Days::name(day), &DAYS.file(day));
        }
        crew::wait_until_begun(&storm, imports);
        std::thread::sleep(Duration::from_millis(random.random_range(0..500)));
        let leases = storm.rows(
            Home::Imports,
            "select id from import_jobs where lease_expires_at not between now() - interval '10 s' and now() + interval '4 s'",
        );
        assert!(leases.is_empty(), "leases run by the database's clock: {leases:?}");
        // In turn the one that is ahead and the one that is behind: whoever was hired last stands last.
        crew.kill(0);
        crew.finish(imports, END_MAX);
        kept.finish(imports, END_MAX);
        expect_oracle(&Dump::of(&calm), &storm);
        let off = "select id from import_jobs where greatest(started_at, finished_at, answered_at) not between now() - interval '30 min' and now()";
        storm.expect_rows(Home::Imports, off, &[]);
        hire(&mut crew, if day % 2 == 0 { 1 } else { -1 });
    }
}

/// Waits until an import has failed for this reason.
fn wait_for_failures(world: &World, code: &str) {
    let begun = Instant::now();
    let failed = format!("select count(*) from import_logs where log_level = 'warn' and fields->>'code' = '{code}'");
    while world.number(Home::Imports, &failed) == 0 {
        let ended =
            world.rows(Home::Imports, "select status, failure_message from import_jobs where finished_at is not null");
        assert!(
            ended.is_empty() && begun.elapsed() < END_MAX,
            "no failure `{code}`: {ended:?}\n{}",
            crew::standing(world)
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A file system of its own size, gone when it is dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir(folder).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder).output();
        mounted.is_ok_and(|mounted| mounted.status.success()).then(|| Disk(folder.to_owned()))
    }

    fn grow(&self, size: &str) {
        let options = format!("remount,size={size}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A worker that is killed a moment later may still be in it.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// A library that moves the clock of a process that preloads it.
struct Clock(PathBuf);

impl Clock {
    fn build(folder: &Path) -> Option<Self> {
        let library = folder.join("clock.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("integration/chaos/clock.c");
        let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).output();
        let built = built.ok()?;
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Some(Clock(library))
    }
}
