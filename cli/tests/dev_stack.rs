//! The development stack, brought up and down as a person would, with real kills.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use storage::{Bucket, Settings, Storage};
use tempfile::TempDir;

/// A folder for a stack of the test's own, purged when the test ends, well or not.
struct Folder {
    _parent: TempDir,
    root: PathBuf,
}

impl Folder {
    fn new() -> Self {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().canonicalize().unwrap().join("stack");
        Self { _parent: parent, root }
    }

    fn dev(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arrivage"));
        command.arg("dev").args(arguments).arg("--stack").arg(&self.root).output().unwrap()
    }

    fn dev_ok(&self, arguments: &[&str]) -> String {
        let output = self.dev(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn status(&self) -> serde_json::Value {
        serde_json::from_slice(&self.dev(&["status", "--json"]).stdout).unwrap()
    }

    fn pids(&self) -> Vec<i32> {
        let status = self.status();
        let services = status["services"].as_array().unwrap();
        services.iter().filter_map(|service| service["pid"].as_i64()).map(|pid| i32::try_from(pid).unwrap()).collect()
    }

    /// What `dev env` tells tests.
    fn environment(&self) -> HashMap<String, String> {
        let text = self.dev_ok(&["env"]);
        let pairs = text.lines().map(|line| line.strip_prefix("export ").unwrap().split_once('=').unwrap());
        pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.dev(&["down", "--purge"]);
    }
}

fn sql(environment: &HashMap<String, String>, statement: &str) -> String {
    let url = environment["ARRIVAGE_TEST_PG"].replace("/postgres", "/catalog");
    let output = Command::new("psql").args([&url, "-Atqc", statement]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Sends commands after the password; gives the last line of the answer.
fn redis(environment: &HashMap<String, String>, command: &str) -> String {
    let rest = environment["ARRIVAGE_TEST_REDIS"].strip_prefix("redis://:").unwrap();
    let (password, address) = rest.split_once('@').unwrap();
    let mut connection = TcpStream::connect(address.strip_suffix("/0").unwrap()).unwrap();
    write!(connection, "AUTH {password}\r\n{command}\r\nQUIT\r\n").unwrap();
    let lines: Vec<_> = BufReader::new(connection).lines().map(Result::unwrap).collect();
    lines[lines.len() - 2].clone()
}

async fn store(environment: &HashMap<String, String>) -> Storage {
    let storage = Storage::connect(&Settings::from_url(&environment["ARRIVAGE_TEST_S3"]).unwrap()).await.unwrap();
    storage.ensure_buckets().await.unwrap();
    storage
}

fn kill(pid: i32) {
    Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
}

/// Processes whose command line or working folder names the stack or its cluster.
fn processes_of(root: &Path, cluster: Option<&Path>) -> Vec<String> {
    let names: Vec<_> = [Some(root), cluster].into_iter().flatten().map(|path| path.to_str().unwrap()).collect();
    let entries = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let seen = entries.filter(|process| !process.ends_with(std::process::id().to_string())).map(|process| {
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        let folder = fs::read_link(process.join("cwd")).unwrap_or_default();
        format!("{} in {}", String::from_utf8_lossy(&line).replace('\0', " "), folder.display())
    });
    seen.filter(|process| names.iter().any(|name| process.contains(name))).collect()
}

#[tokio::test]
async fn a_killed_stack_starts_again_with_its_data_and_a_purged_one_leaves_nothing() {
    let folder = Folder::new();
    folder.dev_ok(&["up"]);
    assert_eq!(folder.status()["up"], true);
    let before = folder.environment();
    sql(&before, "create table kept as select 42 as answer");
    assert_eq!(redis(&before, "SET kept 42"), "+OK");
    store(&before).await.put_bytes(Bucket::ImportsFiles, "kept", "42").await.unwrap();
    let pids = folder.pids();
    assert_eq!(pids.len(), 3);

    folder.dev_ok(&["up"]);
    assert_eq!(folder.pids(), pids, "a second `up` changes nothing");

    pids.into_iter().for_each(kill);
    assert!(!folder.dev(&["status"]).status.success());
    folder.dev_ok(&["up"]);
    let after = folder.environment();
    assert_eq!(after, before, "ports and passwords stay");
    assert_eq!(sql(&after, "select answer from kept"), "42");
    assert_eq!(redis(&after, "GET kept"), "42");
    assert_eq!(store(&after).await.get_bytes(Bucket::ImportsFiles, "kept", 9).await.unwrap(), "42");

    kill(folder.pids()[0]);
    folder.dev_ok(&["up"]);
    assert_eq!(sql(&after, "select answer from kept"), "42", "PostgreSQL alone was killed");

    folder.dev_ok(&["down"]);
    assert_eq!(folder.pids(), Vec::<i32>::new());
    folder.dev_ok(&["up"]);
    assert_eq!(sql(&folder.environment(), "select answer from kept"), "42", "after an orderly stop");

    let cluster = fs::canonicalize(folder.root.join("postgres")).unwrap();
    folder.dev_ok(&["down", "--purge"]);
    assert_eq!(processes_of(&folder.root, Some(&cluster)), Vec::<String>::new());
    assert!(!folder.root.exists() && !cluster.exists());
    folder.dev_ok(&["down"]);
}

#[test]
fn two_ups_at_once_make_one_stack() {
    let folder = Folder::new();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| folder.dev_ok(&["up"]));
        }
    });
    assert_eq!(folder.status()["up"], true);
    assert_eq!(processes_of(&folder.root, None).iter().filter(|process| process.contains("s3-server")).count(), 1);
}

#[test]
fn a_taken_port_is_left_to_whoever_has_it() {
    let folder = Folder::new();
    folder.dev_ok(&["up"]);
    let port = |status: &serde_json::Value| u16::try_from(status["services"][1]["port"].as_u64().unwrap()).unwrap();
    let before = port(&folder.status());
    folder.dev_ok(&["down"]);
    let _taken = std::net::TcpListener::bind(("127.0.0.1", before)).unwrap();
    folder.dev_ok(&["up"]);
    assert_ne!(port(&folder.status()), before);
    let overlay = fs::read_to_string(folder.root.join("stack.toml")).unwrap();
    assert!(overlay.contains(&port(&folder.status()).to_string()) && !overlay.contains(&before.to_string()));
}

#[test]
fn a_stack_inside_another_is_its_own_until_the_outer_one_is_purged() {
    let folder = Folder::new();
    let inner = Folder { _parent: tempfile::tempdir().unwrap(), root: folder.root.join("test") };
    inner.dev_ok(&["up"]);
    folder.dev_ok(&["up"]);
    folder.dev_ok(&["down"]);
    assert_eq!(inner.status()["up"], true);
    folder.dev_ok(&["down", "--purge"]);
    assert!(!folder.root.exists());
    assert_eq!(processes_of(&folder.root, None), Vec::<String>::new());
}

#[test]
fn what_others_put_there_stays() {
    let folder = Folder::new();
    fs::create_dir(&folder.root).unwrap();
    fs::write(folder.root.join("thesis.txt"), "years of work").unwrap();
    let refused = folder.dev(&["up"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is not empty and not a stack"));
    folder.dev_ok(&["down", "--purge"]);
    assert!(folder.root.join("thesis.txt").exists());
}
