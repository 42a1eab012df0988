//! Bucket events in the real Redis of the test stack.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use cache::{EventList, EventListSettings};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use tokio::time::timeout;
use uuid::Uuid;

/// Redis, with a list and a hash of one test alone.
struct Place {
    url: String,
    redis: MultiplexedConnection,
    settings: EventListSettings,
}

async fn place() -> Place {
    let url = std::env::var("ARRIVAGE_TEST_REDIS")
        .expect("ARRIVAGE_TEST_REDIS is not set: `make test` sets it, and so does `eval \"$(arrivage dev env)\"`");
    let redis = redis::Client::open(url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let name = Uuid::now_v7();
    let settings = EventListSettings {
        list: format!("test:{name}:list"),
        hash: format!("test:{name}:hash"),
        page_events: 3,
        event_bytes_max: 1_000,
        poll: Duration::from_millis(10),
        ..EventListSettings::default()
    };
    Place { url, redis, settings }
}

impl Place {
    fn events(&self) -> EventList {
        EventList::open(&self.url, self.settings.clone()).unwrap()
    }

    async fn push(&mut self, events: &[&str]) {
        let _: u64 = self.redis.rpush(&self.settings.list, events).await.unwrap();
    }

    async fn set(&mut self, field: &str, event: &str) {
        let _: u64 = self.redis.hset(&self.settings.hash, field, event).await.unwrap();
    }
}

async fn texts(events: &EventList) -> Vec<String> {
    let waiting = timeout(Duration::from_secs(10), events.next()).await.expect("events wait");
    waiting.iter().map(|event| String::from_utf8(event.json().to_vec()).unwrap()).collect()
}

#[tokio::test]
async fn a_list_is_read_in_order_and_what_is_not_removed_comes_again() {
    let mut place = place().await;
    place.push(&["1", "2", "3", "4"]).await;
    let events = place.events();
    let first = events.next().await;
    assert_eq!(texts(&place.events()).await, ["1", "2", "3"], "a second reader sees the same");
    events.remove(&first).await;
    events.remove(&first).await;
    assert_eq!(texts(&events).await, ["4"], "and what both removed is removed once");
}

#[tokio::test]
async fn a_newer_event_of_an_object_outlives_the_removal_of_the_older() {
    let mut place = place().await;
    place.set("imports-files/inbox/acme/a.csv", "old").await;
    let events = place.events();
    let seen = events.next().await;
    place.set("imports-files/inbox/acme/a.csv", "new").await;
    events.remove(&seen).await;
    assert_eq!(texts(&events).await, ["new"]);
    let seen = events.next().await;
    events.remove(&seen).await;
    let left: bool = place.redis.exists(&place.settings.hash).await.unwrap();
    assert!(!left);
}

#[tokio::test]
async fn a_hash_of_any_size_is_read_in_pages_to_its_end() {
    let mut place = place().await;
    for number in 0..500 {
        place.set(&format!("bucket/{number}"), &format!("event {number}")).await;
    }
    let events = place.events();
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 500 {
        let page = timeout(Duration::from_secs(10), events.next()).await.expect("events wait");
        assert!(page.len() <= 3);
        seen.extend(page.iter().map(|event| event.json().to_vec()));
        events.remove(&page).await;
    }
    assert!(timeout(Duration::from_millis(100), events.next()).await.is_err(), "nothing is left");
}

#[tokio::test]
async fn an_event_too_long_is_removed_and_stops_nobody() {
    let mut place = place().await;
    let long = "x".repeat(1_001);
    place.push(&[&long, "1"]).await;
    place.set("field", &long).await;
    let events = place.events();
    assert_eq!(texts(&events).await, ["1"]);
    let waiting = events.next().await;
    events.remove(&waiting).await;
    for key in [&place.settings.list, &place.settings.hash] {
        let left: bool = place.redis.exists(key).await.unwrap();
        assert!(!left, "{key}");
    }
}

#[tokio::test]
async fn a_redis_that_is_away_is_waited_for() {
    let mut place = place().await;
    place.push(&["1"]).await;
    // A door that is shut at first: nobody listens there until the proxy does.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let door = listener.local_addr().unwrap();
    drop(listener);
    let (keys, server) = place.url.rsplit_once('@').unwrap();
    let (server, _) = server.split_once('/').unwrap_or((server, ""));
    let events = EventList::open(&format!("{keys}@{door}"), place.settings.clone()).unwrap();
    let next = tokio::spawn(async move { texts(&events).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!next.is_finished());

    let listener = tokio::net::TcpListener::bind(door).await.unwrap();
    let server = server.to_owned();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut server = tokio::net::TcpStream::connect(&server).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    assert_eq!(next.await.unwrap(), ["1"]);
}

#[tokio::test]
async fn a_url_that_names_no_redis_is_refused_without_being_repeated() {
    let refused = EventList::open("http://:tell-nobody@host", EventListSettings::default()).err().unwrap();
    assert!(refused.to_string().contains("redis://") && !format!("{refused:?}").contains("tell-nobody"), "{refused:?}");
}
