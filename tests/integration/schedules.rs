//! Schedules: fired once, by the database's clock, and their files fetched.

use arrivage_tests::{Ended, Home, World};
use pipeline::schedules::{self, Brought, Delivery, ScheduleError};
use router::DatabaseRouter;
use router::imports::jobs::{self, Job, JobFilter};
use storage::Bucket;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER_KEY: &str = "//////////////////////////////////////////8=";
const URL: &str = "https://acme.example/prices.csv";

fn world() -> World {
    let world = World::new();
    world.supplier("acme");
    world
}

/// Adds a schedule at a web address that nobody fetches.
fn add(world: &World, name: &str, more: &[&str]) {
    world.arrivage(&[&["schedule", "add", "acme", name, "--url", URL], more].concat()).expect(0);
}

fn router(world: &World) -> DatabaseRouter {
    world.importer().router().clone()
}

fn make_due(world: &World, how_late: &str) {
    world.rows(Home::Imports, &format!("update import_schedules set next_run_at = now() - interval '{how_late}'"));
}

fn fire(world: &World) -> u64 {
    let router = router(world);
    world.block_on(schedules::fire_due(&router)).unwrap()
}

fn newest_job(world: &World, router: &DatabaseRouter) -> Job {
    world.block_on(jobs::list(router.imports(), &JobFilter::default(), 1)).unwrap().remove(0)
}

/// The binary with the key of secrets, and secrets to store, in its environment.
fn with_secrets(world: &World, key: &str, arguments: &[&str]) -> Ended {
    let config = world.folder().join("arrivage-test.toml").display().to_string();
    let environment = [
        ("ARRIVAGE_CONFIG", config.as_str()),
        ("ARRIVAGE_SECRETS_KEY", key),
        ("TOKEN", "tell-nobody"),
        ("NEXT", "hush"),
    ];
    world.start_elsewhere(&environment, arguments).end()
}

#[test]
fn many_workers_at_once_fire_each_schedule_once() {
    let world = world();
    for number in 0..12 {
        add(&world, &format!("s{number}"), &["--every", "15m"]);
    }
    make_due(&world, "1 minute");
    let routers: Vec<DatabaseRouter> = (0..8).map(|_| router(&world)).collect();
    let fired: Vec<u64> = world.block_on(async {
        let workers: Vec<_> = routers
            .into_iter()
            .map(|router| tokio::spawn(async move { schedules::fire_due(&router).await.unwrap() }))
            .collect();
        let mut fired = Vec::new();
        for worker in workers {
            fired.push(worker.await.unwrap());
        }
        fired
    });
    assert_eq!(fired.iter().sum::<u64>(), 12, "{fired:?}");
    assert_eq!(fire(&world), 0);
    let jobs = "select count(*), count(distinct schedule_id), min(status), min(key), min(supplier_code),
                    bool_and(substr(id::text, 15, 1) = '7') from import_jobs";
    world.expect_rows(Home::Imports, jobs, &["12|12|queued||acme|t"]);
    let left = "select count(*) from import_schedules as s join import_jobs as j on j.id = last_import_id
                where next_run_at > now() and last_outcome = 'fired' and last_run_at = j.created_at
                    and s.id = j.schedule_id";
    world.expect_rows(Home::Imports, left, &["12"]);
}

#[test]
fn many_missed_runs_become_one_or_none() {
    let world = world();
    add(&world, "once", &["--cron", "0 6 * * *", "--missed", "once"]);
    add(&world, "skip", &["--cron", "0 6 * * *", "--missed", "skip"]);
    make_due(&world, "3 days");
    assert_eq!((fire(&world), fire(&world)), (1, 0));
    let state = "select name, last_outcome, next_run_at > now(), next_run_at <= now() + interval '1 day'
                 from import_schedules order by 1";
    world.expect_rows(Home::Imports, state, &["once|fired|t|t", "skip|missed|t|t"]);
    // Late by less than a period is late, not missed.
    world.rows(Home::Imports, "update import_jobs set status = 'cancelled', finished_at = now()");
    make_due(&world, "3 hours");
    assert_eq!(fire(&world), 2);
}

#[test]
fn an_interval_keeps_its_step_when_it_is_late() {
    let world = world();
    add(&world, "often", &["--every", "15m"]);
    make_due(&world, "50 minutes");
    let before = "select extract(epoch from next_run_at)::numeric % 900 from import_schedules";
    let step = world.rows(Home::Imports, before);
    assert_eq!(fire(&world), 1);
    assert_eq!(world.rows(Home::Imports, before), step);
    let soon =
        "select next_run_at - now() between interval '9 minutes' and interval '10 minutes' from import_schedules";
    world.expect_rows(Home::Imports, soon, &["t"]);
}

#[test]
fn imports_of_one_schedule_do_not_pile_up() {
    let world = world();
    add(&world, "often", &["--every", "15m"]);
    make_due(&world, "1 minute");
    assert_eq!(fire(&world), 1);
    make_due(&world, "1 minute");
    assert_eq!(fire(&world), 0);
    let told = "select last_outcome, position(last_import_id::text in last_detail) > 0, next_run_at > now()
                from import_schedules";
    world.expect_rows(Home::Imports, told, &["unfinished|t|t"]);
    let running = world.arrivage(&["schedule", "run", "acme", "often"]).expect(1);
    assert!(running.stderr.contains("has not ended"), "{running:#?}");
    // A held one waits for a person, and the next file does not wait with it.
    world.rows(Home::Imports, "update import_jobs set status = 'held', guard_code = 'too_many_rejects'");
    make_due(&world, "1 minute");
    assert_eq!(fire(&world), 1);
}

#[test]
fn a_paused_schedule_runs_only_when_told_to() {
    let world = world();
    add(&world, "daily", &["--cron", "0 6 * * *"]);
    world.arrivage(&["schedule", "pause", "acme", "daily"]).expect(0);
    make_due(&world, "1 hour");
    assert_eq!(fire(&world), 0);
    let import = world.arrivage(&["schedule", "run", "acme", "daily", "--json"]).expect(0).import_id();
    world.expect_rows(Home::Imports, "select id, status from import_jobs", &[&format!("{import}|queued")]);
    assert_eq!(fire(&world), 0);
    world.arrivage(&["schedule", "resume", "acme", "daily"]).expect(0);
    world.expect_rows(Home::Imports, "select is_paused, next_run_at > now() from import_schedules", &["f|t"]);
    assert_eq!(fire(&world), 0, "what fell due in the pause is not made up for");
}

#[test]
fn a_schedule_that_cannot_be_read_stops_no_other() {
    let world = world();
    add(&world, "broken", &["--cron", "0 6 * * *"]);
    add(&world, "fine", &["--cron", "0 6 * * *"]);
    make_due(&world, "1 hour");
    world.rows(Home::Imports, "update import_schedules set time_zone = 'Mars/Olympus' where name = 'broken'");
    assert_eq!((fire(&world), fire(&world)), (1, 0));
    let state = "select name, last_outcome, next_run_at is null from import_schedules order by 1";
    world.expect_rows(Home::Imports, state, &["broken|failed|t", "fine|fired|f"]);
    let shown = world.arrivage(&["schedule", "show", "acme", "broken"]).expect(0).stdout;
    assert!(shown.contains("Mars/Olympus") && shown.contains("never"), "{shown}");
}

#[test]
fn schedules_are_added_shown_and_removed() {
    let world = world();
    let daily = ["--cron", "30 2 * * *", "--time-zone", "Europe/Paris", "--mode", "partial"];
    add(&world, "daily", &daily);
    let shown = world.arrivage(&["schedule", "show", "acme", "daily", "--json"]).expect(0).json();
    assert_eq!((shown["mode"].as_str(), shown["source"]["url"].as_str()), (Some("partial"), Some(URL)));
    assert_eq!(shown["next_runs"].as_array().unwrap().len(), 3);
    let listed = world.arrivage(&["schedule", "list"]).expect(0).stdout;
    assert!(listed.contains("30 2 * * * (Europe/Paris)") && listed.contains(URL), "{listed}");
    // The night in which the clocks are put forward, and the one in which they are put back.
    for (night, expected) in [
        ("2027-03-27T12:00:00Z", ["2027-03-28 03:00:00 CEST", "2027-03-28 01:00:00 UTC", "2027-03-29 02:30:00 CEST"]),
        ("2027-10-30T12:00:00Z", ["2027-10-31 02:30:00 CEST", "2027-10-31 00:30:00 UTC", "2027-11-01 02:30:00 CET"]),
    ] {
        let rhythm =
            schedules::Rhythm::new(&router::imports::schedules::When::Cron("30 2 * * *".to_owned()), "Europe/Paris");
        let first = rhythm.unwrap().first(night.parse().unwrap()).unwrap();
        world.rows(Home::Imports, &format!("update import_schedules set next_run_at = '{first}'"));
        let runs = world.arrivage(&["schedule", "next", "acme", "daily", "-n", "2"]).expect(0).stdout;
        for run in expected {
            assert!(runs.contains(run), "no {run}:\n{runs}");
        }
    }
    world.arrivage(&["schedule", "remove", "acme", "daily"]).expect(0);
    world.arrivage(&["schedule", "show", "acme", "daily"]).expect(1);
}

#[test]
fn what_would_never_work_is_refused_when_it_is_added() {
    let world = world();
    let check = |code: i32, expected: &str, arguments: &[&str]| {
        let ended = world.arrivage(&[&["schedule", "add", "acme", "x"], arguments].concat()).expect(code);
        assert!(ended.stderr.contains(expected), "no `{expected}`: {ended:#?}");
    };
    check(1, "30 6 * * 1-5", &["--url", URL, "--cron", "0 25 * * *"]);
    check(1, "no such day", &["--url", URL, "--cron", "0 6 30 2 *"]);
    check(1, "Europe/Paris", &["--url", URL, "--cron", "0 6 * * *", "--time-zone", "Europe/Atlantis"]);
    check(1, "1m to 400d", &["--url", URL, "--every", "10s"]);
    check(2, "such as 15m", &["--url", URL, "--every", "soon"]);
    check(2, "--every", &["--url", URL]);
    check(2, "--url", &["--every", "1h"]);
    check(2, "cannot be used with", &["--every", "1h", "--url", URL, "--folder", "/srv/a.csv"]);
    check(1, "https://host/path", &["--every", "1h", "--url", "ftp://acme.example/prices.csv"]);
    check(1, "--host-key", &["--every", "1h", "--sftp", "sftp://me@acme.example/prices.csv"]);
    check(1, "--secret-env", &["--every", "1h", "--url", URL, "--user", "me"]);
    check(1, "absolute", &["--every", "1h", "--folder", "prices.csv"]);
    add(&world, "x", &["--every", "1h"]);
    check(1, "exists already", &["--every", "1h", "--url", URL]);
    world.expect_rows(Home::Imports, "select count(*) from import_schedules", &["1"]);
}

#[test]
fn secrets_are_stored_sealed_and_shown_nowhere() {
    let world = world();
    let with_token = ["schedule", "add", "acme", "daily", "--every", "1h", "--url", URL, "--secret-env", "TOKEN"];
    let keyless = with_secrets(&world, "", &with_token).expect(1);
    assert!(keyless.stderr.contains("openssl rand -base64 32"), "{keyless:#?}");
    let added = with_secrets(&world, KEY, &[&with_token[..], &["--json"]].concat()).expect(0);
    assert_eq!(added.json()["has_secret"], true);
    let printed = [
        added.stdout,
        added.stderr,
        world.arrivage(&["schedule", "show", "acme", "daily"]).expect(0).stdout,
        world.arrivage(&["schedule", "list", "--json"]).expect(0).stdout,
        with_secrets(&world, KEY, &["config"]).expect(0).stdout,
    ];
    for text in printed {
        assert!(!text.contains("tell-nobody") && !text.contains(KEY), "{text}");
    }
    let sealed = "select position('tell' in encode(secret, 'escape')), octet_length(secret) - 1 - 24 - 16
                  from import_schedules";
    world.expect_rows(Home::Imports, sealed, &["0|11"]);

    let other = with_secrets(&world, OTHER_KEY, &["schedule", "test", "acme", "daily"]).expect(1);
    assert!(other.stderr.contains("set the key it was stored with"), "{other:#?}");
    with_secrets(&world, KEY, &["schedule", "secret", "acme", "daily", "--secret-env", "NEXT"]).expect(0);
    world.expect_rows(Home::Imports, sealed, &["0|4"]);
}

/// A world with a folder that may be read, another bucket that may be reached, and a file in each.
fn world_with_sources() -> (World, tempfile::TempDir) {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("prices.csv"), "sku;title;price\nA;Screw;1,00\n").unwrap();
    let settings = format!(
        "[sources]\nallow_private_networks = [\"127.0.0.0/8\"]\nfolder_roots = [{:?}]\n",
        root.path().display().to_string()
    );
    let world = World::with_settings(&settings);
    world.supplier("acme");
    (world, root)
}

fn sources_of(world: &World) -> sources::Settings {
    let config = world.folder().join("arrivage-test.toml");
    let mut settings = arrivage::config::Config::load(Some(&config)).unwrap().sources;
    settings.secrets_key = Some(sources::Secret::new(KEY));
    settings
}

/// Fires the one schedule there is, fetches its file, and ends the import.
fn bring(world: &World) -> Result<(Job, Brought), ScheduleError> {
    let router = router(world);
    make_due(world, "1 second");
    assert_eq!(fire(world), 1);
    let job = newest_job(world, &router);
    let brought = world.block_on(schedules::bring(&router, &pipeline::Settings::default(), &sources_of(world), &job));
    world.rows(
        Home::Imports,
        "update import_jobs set status = 'cancelled', finished_at = now() where finished_at is null",
    );
    brought.map(|brought| (job, brought))
}

fn delivery(world: &World) -> (Job, Delivery) {
    match bring(world).unwrap() {
        (job, Brought::File(delivery)) => (job, delivery),
        (_, Brought::NotModified) => panic!("nothing was brought"),
    }
}

/// The file comes until an import of it has ended well, and again when it has changed.
fn check_that_it_comes_until_it_is_kept(world: &World, change: impl Fn(&str)) {
    for _ in 0..2 {
        let (job, delivery) = delivery(world);
        assert_eq!(std::fs::read_to_string(delivery.file.path()).unwrap(), "sku;title;price\nA;Screw;1,00\n");
        assert_eq!((delivery.name.as_str(), delivery.bytes), ("prices.csv", 29));
        world.expect_rows(
            Home::Imports,
            "select last_outcome, last_detail from import_schedules",
            &["fetched|prices.csv"],
        );
        drop(job);
    }
    let (job, kept) = delivery(world);
    let router = router(world);
    world.block_on(schedules::keep_validators(&router, &job, &kept.validators)).unwrap();
    assert!(matches!(bring(world).unwrap(), (_, Brought::NotModified)));
    world.expect_rows(Home::Imports, "select last_outcome from import_schedules", &["not_modified"]);
    // A person who asks for it gets it.
    let name = world.rows(Home::Imports, "select name from import_schedules").remove(0);
    world.arrivage(&["schedule", "run", "acme", &name]).expect(0);
    world.expect_rows(Home::Imports, "select validators is null from import_schedules", &["t"]);
    let asked_for = newest_job(world, &router);
    world.block_on(schedules::keep_validators(&router, &asked_for, &kept.validators)).unwrap();
    world.rows(
        Home::Imports,
        "update import_jobs set status = 'cancelled', finished_at = now() where finished_at is null",
    );
    // What an import of before tells comes too late.
    world.block_on(schedules::keep_validators(&router, &job, &Default::default())).unwrap();
    assert!(matches!(bring(world).unwrap(), (_, Brought::NotModified)));
    change("sku;title;price\nA;Screw;2,00 EUR\n");
    let (_, delivery) = delivery(world);
    assert!(std::fs::read_to_string(delivery.file.path()).unwrap().contains("2,00 EUR"));
}

#[test]
fn a_file_of_a_folder_is_brought() {
    let (world, root) = world_with_sources();
    let path = root.path().join("prices.csv");
    let path_text = path.display().to_string();
    world.arrivage(&["schedule", "add", "acme", "daily", "--every", "1h", "--folder", &path_text]).expect(0);
    let seen = world.arrivage(&["schedule", "test", "acme", "daily", "--json"]).expect(0).json();
    assert_eq!((seen["name"].as_str(), seen["bytes"].as_u64()), (Some("prices.csv"), Some(29)));
    check_that_it_comes_until_it_is_kept(&world, |text| std::fs::write(&path, text).unwrap());
    std::fs::remove_file(&path).unwrap();
    let fault = bring(&world).unwrap_err();
    assert_eq!((fault.code_word(), fault.permanent()), ("source_not_found", false));
    let told = "select last_outcome, position('prices.csv' in last_detail) > 0 from import_schedules";
    world.expect_rows(Home::Imports, told, &["failed|t"]);
    // Without a word in the configuration no folder is read.
    let refused = world.arrivage(&["schedule", "test", "--folder", "/etc/passwd"]).expect(1);
    assert!(refused.stderr.contains("sources.folder_roots"), "{refused:#?}");
}

#[test]
fn the_newest_object_of_another_bucket_is_brought() {
    let (world, _root) = world_with_sources();
    let text = "sku;title;price\nA;Screw;1,00\n";
    world.drop_file("acme", "prices.csv", text.as_bytes());
    let store = storage::Settings::from_url(&std::env::var("ARRIVAGE_TEST_S3").unwrap()).unwrap();
    let bucket = world.importer().storage().bucket_name(Bucket::ImportsFiles);
    let place = format!("s3://{bucket}/inbox/acme/");
    let source = ["--s3", &place, "--s3-endpoint", &store.endpoint, "--access-key", &store.access_key];
    let secret = world.save("secret", store.secret_key.reveal().as_bytes()).display().to_string();
    let adding =
        [&["schedule", "add", "acme", "bucket", "--every", "1h", "--secret-file", &secret][..], &source].concat();
    with_secrets(&world, KEY, &adding).expect(0);
    let seen = with_secrets(&world, KEY, &["schedule", "test", "acme", "bucket", "--json"]).expect(0).json();
    assert_eq!((seen["name"].as_str(), seen["bytes"].as_u64()), (Some("prices.csv"), Some(29)));
    check_that_it_comes_until_it_is_kept(&world, |text| {
        world.drop_file("acme", "prices.csv", text.as_bytes());
    });
    // The same store without a word in the configuration is an address of the intranet.
    let elsewhere = self::world();
    let refused = [&["schedule", "test", "--secret-file", &secret][..], &source].concat();
    let refused = elsewhere.arrivage(&refused).expect(1);
    assert!(refused.stderr.contains("sources.allow_private_networks"), "{refused:#?}");
}

#[test]
fn an_import_whose_schedule_is_gone_says_so() {
    let (world, _root) = world_with_sources();
    add(&world, "daily", &["--every", "1h"]);
    make_due(&world, "1 second");
    assert_eq!(fire(&world), 1);
    let router = router(&world);
    let job = newest_job(&world, &router);
    world.arrivage(&["schedule", "remove", "acme", "daily"]).expect(0);
    let brought = world.block_on(schedules::bring(&router, &pipeline::Settings::default(), &sources_of(&world), &job));
    assert!(matches!(brought.unwrap_err(), ScheduleError::Removed { .. }));
}
