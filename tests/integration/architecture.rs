//! ARCHITECTURE.md's "What never happens", as far as manifests can tell.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

/// Every crate of the workspace with everything it depends on, in whatever way.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest = |folder: &str| -> Table {
        std::fs::read_to_string(root.join(folder).join("Cargo.toml")).unwrap().parse().unwrap()
    };
    let workspace = manifest("");
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let crates = members.iter().map(|folder| {
        let folder = folder.as_str().unwrap();
        let mut found = Vec::new();
        collect(&Value::Table(manifest(folder)), &mut found);
        (folder.to_owned(), found)
    });
    crates.collect()
}

/// The keys of every table named `dependencies` or the like, those of single targets included.
fn collect(value: &Value, found: &mut Vec<String>) {
    for (name, inner) in value.as_table().into_iter().flatten() {
        match name.as_str() {
            "dependencies" | "dev-dependencies" | "build-dependencies" => {
                found.extend(inner.as_table().into_iter().flatten().map(|(name, _)| name.clone()))
            }
            _ => collect(inner, found),
        }
    }
}

/// Those who depend on a crate whose name begins like this.
fn users_of(beginning: &str) -> Vec<String> {
    let uses = |found: &[String]| found.iter().any(|name| name.starts_with(beginning));
    dependencies().into_iter().filter(|(_, found)| uses(found)).map(|(folder, _)| folder).collect()
}

#[test]
fn only_one_crate_knows_each_outer_world() {
    let check = |beginning: &str, expected: &[&str]| assert_eq!(users_of(beginning), expected, "{beginning}");
    check("sqlx", &["router"]);
    check("deadpool", &["router"]);
    // The harness looks at what was written.
    check("tokio-postgres", &["router", "tests"]);
    check("aws-", &["storage"]);
    check("redis", &["cache"]);
    check("polars", &["feed"]);
    check("calamine", &["feed"]);
    check("rayon", &["feed"]);
    check("reqwest", &["sources"]);
    check("russh", &["sources"]);
    check("clap", &["benches", "cli"]);
    check("s3s", &["cli"]);
}

#[test]
fn the_feed_and_the_item_do_no_input_or_output() {
    let dependencies = dependencies();
    for pure in ["feed", "item"] {
        let impure: Vec<_> = dependencies[pure]
            .iter()
            .filter(|name| {
                ["tokio", "futures", "async", "reqwest", "hyper", "tempfile"].iter().any(|word| name.starts_with(word))
            })
            .collect();
        assert_eq!(impure, [""; 0], "{pure}");
    }
}

#[test]
fn arrows_between_our_crates_point_one_way() {
    let dependencies = dependencies();
    let ours = [
        "fault",
        "item",
        "feed",
        "router",
        "storage",
        "sources",
        "cache",
        "pipeline",
        "arrivage",
        "arrivage-tests",
        "arrivage-benches",
    ];
    let check = |folder: &str, expected: &[&str]| {
        let found: Vec<_> =
            ours.into_iter().filter(|name| dependencies[folder].iter().any(|used| used == name)).collect();
        assert_eq!(found, expected, "{folder}");
    };
    check("item", &[]);
    check("storage", &[]);
    check("cache", &[]);
    check("fault", &[]);
    check("sources", &["storage"]);
    check("feed", &["item"]);
    check("router", &["fault", "item"]);
    check("pipeline", &["fault", "item", "feed", "router", "storage", "sources", "cache"]);
    check("cli", &["fault", "item", "feed", "router", "storage", "sources", "pipeline"]);
}

#[test]
fn every_crate_takes_its_lints_and_its_versions_from_the_workspace() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for folder in dependencies().keys() {
        let manifest: Table = std::fs::read_to_string(root.join(folder).join("Cargo.toml")).unwrap().parse().unwrap();
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{folder}");
        assert_eq!(manifest["package"]["publish"]["workspace"].as_bool(), Some(true), "{folder}");
    }
}
