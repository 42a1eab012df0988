//! kill -9 of the servers under an import.

use std::time::Duration;

use arrivage_tests::{Dump, Home, Redis, Stack, World};
use rand::Rng;
use serde_json::json;
use storage::Bucket;

use super::{Crew, Days, SETTINGS, chance, crew, expect_oracle, sized, world};

const DAYS: Days = Days { products: 2_000 };

const END_MAX: Duration = Duration::from_secs(90);

/// How long a killed server stays away at most.
const AWAY_MAX: Duration = Duration::from_secs(2);

/// The list in Redis that MinIO's events would come by.
const EVENTS: &str = "chaos-events";

#[test]
fn killed_in_mid_import_a_server_comes_back_to_workers_that_go_on_by_themselves() {
    let mut random = chance();
    let stack = Stack::new();
    let calm = world();
    let storm = World::on(&stack.services(), &settings(&stack));
    storm.supplier("acme");
    let redis = Redis::at(&stack.services().redis);
    let (mut kept, mut crew) = (Crew::of(&calm, 1), Crew::of(&storm, 2));
    let mut whole = Duration::from_millis(500);
    let servers: Vec<&str> = ["postgres", "redis", "s3"].repeat(sized(1, 20));
    for (day, server) in servers.iter().enumerate() {
        let (name, file, imports) = (Days::name(day), DAYS.file(day), day as u64 + 1);
        calm.drop_file("acme", &name, &file);
        let key = storm.drop_file("acme", &name, &file);
        let bucket = storm.storage().bucket_name(Bucket::ImportsFiles);
        let event = json!({"EventName": "s3:ObjectCreated:Put", "Key": format!("{bucket}/{key}")}).to_string();
        redis.send(&["RPUSH", EVENTS, &event]);
        if *server != "redis" {
            crew::wait_until_begun(&storm, imports);
            std::thread::sleep(whole.mul_f64(random.random()));
        }
        stack.kill(server);
        if *server == "redis" {
            // Nothing needs it: the import ends while it is away, at the first attempt.
            crew.finish(imports, END_MAX);
            let attempts = "select attempt, failures from import_jobs order by arrived_at desc limit 1";
            storm.expect_rows(Home::Imports, attempts, &["1|0"]);
        } else {
            std::thread::sleep(AWAY_MAX.mul_f64(random.random()));
        }
        stack.up();
        crew.finish(imports, END_MAX);
        kept.finish(imports, END_MAX);
        whole = crew::newest_took(&calm);
        expect_oracle(&Dump::of(&calm), &storm);
        let how =
            storm.rows(Home::Imports, "select attempt, failures from import_jobs order by arrived_at desc limit 1");
        eprintln!("killed {server} in import {imports}: as if nothing had happened; attempts and failures: {how:?}");
    }
    let begun = std::time::Instant::now();
    while !redis.send(&["EXISTS", EVENTS]).starts_with(":0") {
        assert!(begun.elapsed() < END_MAX, "events stay in Redis");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn settings(stack: &Stack) -> String {
    let redis = stack.services().redis;
    format!("{SETTINGS}\n[watch.redis]\nlist = {EVENTS:?}\npoll_ms = 200\n[redis]\nurl = {redis:?}\n")
}
