//! A world: five databases, the buckets, a folder and a configuration, all of one test alone.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrivage::config::Config;
use pipeline::Importer;
use storage::{Bucket, Storage};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, JoinSet};

use crate::database::{Home, connect, query};
use crate::process::{Ended, Running};
use crate::slot::Slot;

/// Everything one test works on: nobody else sees it, and nothing of an earlier test is in it.
pub struct World {
    program: PathBuf,
    folder: TempDir,
    storage: Storage,
    slot: Slot,
    runtime: Runtime,
}

/// Where the services of a world are, in the words of the environment: see the crate.
#[derive(Debug, Clone)]
pub struct Services {
    /// As ARRIVAGE_TEST_PG.
    pub server: String,
    /// As ARRIVAGE_TEST_S3.
    pub store: String,
    /// As ARRIVAGE_TEST_REDIS.
    pub redis: String,
}

impl Services {
    /// Those that all tests share.
    pub fn of_environment() -> Self {
        Services {
            server: named("ARRIVAGE_TEST_PG"),
            store: named("ARRIVAGE_TEST_S3"),
            redis: named("ARRIVAGE_TEST_REDIS"),
        }
    }
}

impl World {
    /// A world with the newest schema and nothing in it.
    #[allow(clippy::new_without_default, reason = "too much happens here for a default")]
    pub fn new() -> Self {
        Self::with_settings("")
    }

    /// A world whose databases have no schema at all.
    pub fn without_schema() -> Self {
        let world = Self::new();
        world.block_on(world.slot.wipe());
        world
    }

    /// A world whose configuration says something else than the defaults: TOML sections.
    pub fn with_settings(settings: &str) -> Self {
        Self::on(&Services::of_environment(), settings)
    }

    /// A world over services of its own, which a test may kill.
    pub fn on(services: &Services, settings: &str) -> Self {
        let mut store = storage::Settings::from_url(&services.store).unwrap();
        let program = PathBuf::from(named("ARRIVAGE_BIN"));
        let folder = tempfile::Builder::new().prefix("arrivage-test-").tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let slot = runtime.block_on(Slot::take(&services.server));
        store.buckets.prefix = slot.bucket_prefix();
        let storage = runtime.block_on(empty_buckets(&store));
        fs::write(config_file(&folder), configuration(&slot, &store, &program, settings)).unwrap();
        World { program, folder, storage, slot, runtime }
    }

    /// Runs the binary to its end.
    pub fn arrivage(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).end()
    }

    /// Starts the binary.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command().env("ARRIVAGE_CONFIG", config_file(&self.folder)).args(arguments))
    }

    /// Starts the binary with more in its environment.
    pub fn start_with(&self, environment: &[(String, String)], arguments: &[&str]) -> Running {
        let mut command = self.command();
        command.env("ARRIVAGE_CONFIG", config_file(&self.folder));
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        Running::start(command.args(arguments))
    }

    /// Starts the binary with an environment of its own in place of this world's services.
    pub fn start_elsewhere(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Running {
        Running::start(self.command().envs(environment.iter().copied()).args(arguments))
    }

    /// The binary in this world's folder, which no stack and no configuration of the machine reaches.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(self.folder.path()).env_clear();
        command.env("PATH", env::var_os("PATH").unwrap_or_default());
        command.env("ARRIVAGE_STACK", self.folder.path().join("no-stack"));
        // What a killed import leaves behind goes with this world.
        command.env("TMPDIR", self.folder.path());
        command
    }

    /// Creates a supplier whose prices are in euros.
    #[track_caller]
    pub fn supplier(&self, code: &str) {
        self.arrivage(&["supplier", "add", code, "--currency", "EUR"]).expect(0);
    }

    /// Imports a file of these bytes by the command line, with `--json` and further arguments.
    pub fn import(&self, supplier: &str, name: &str, bytes: &[u8], more: &[&str]) -> Ended {
        self.save(name, bytes);
        self.arrivage(&[&["import", name, "--supplier", supplier, "--json"], more].concat())
    }

    /// Puts an object into a supplier's inbox and returns its key.
    pub fn drop_file(&self, supplier: &str, name: &str, bytes: &[u8]) -> String {
        let key = storage::keys::inbox(supplier, name);
        self.block_on(self.storage.put_bytes(Bucket::ImportsFiles, &key, bytes.to_vec())).unwrap();
        key
    }

    /// Puts an object into the imports bucket.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        self.block_on(self.storage.put_bytes(Bucket::ImportsFiles, key, bytes.to_vec())).unwrap();
    }

    /// The keys in the imports bucket that begin like this.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        let listed = self.block_on(self.storage.list_all(Bucket::ImportsFiles, prefix)).unwrap();
        listed.into_iter().map(|object| object.key).collect()
    }

    /// The bytes of an object of the imports bucket.
    pub fn object(&self, key: &str) -> Vec<u8> {
        self.block_on(self.storage.get_bytes(Bucket::ImportsFiles, key, 64 << 20)).unwrap().to_vec()
    }

    /// Writes a file into this world's folder, which is where the binary runs.
    pub fn save(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// An importer in this very process, over this world's services.
    pub fn importer(&self) -> Arc<Importer> {
        let config = Config::load(Some(&config_file(&self.folder))).unwrap();
        self.block_on(arrivage::commands::import::importer(&config)).unwrap()
    }

    /// Waits until this holds, at most so long.
    #[track_caller]
    pub fn wait(&self, seconds: u64, what: &str, mut holds: impl FnMut() -> bool) {
        let begun = std::time::Instant::now();
        while !holds() {
            if begun.elapsed().as_secs() >= seconds {
                let jobs = "select file_name, status, attempt, failure_code, failure_message, lease_owner from import_jobs order by arrived_at";
                panic!("{what} did not come about within {seconds} s; imports: {:#?}", self.rows(Home::Imports, jobs));
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Waits until every import has ended, is held, or waits for a person, and all is answered and delivered.
    #[track_caller]
    pub fn wait_idle(&self, seconds: u64) {
        self.wait(seconds, "the end of all imports", || {
            self.number(Home::Imports, "select count(*) from import_jobs where answered_at is null") == 0
                && self.number(Home::Catalog, "select count(*) from outbox_deliveries where delivered_at is null") == 0
                && self.keys("inbox/").is_empty()
        });
    }

    /// Waits for a future.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Runs a future beside the test.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        self.runtime.spawn(future)
    }

    /// Runs SQL and returns its rows, each as its values with `|` between them; null is the empty text.
    pub fn rows(&self, home: Home, sql: &str) -> Vec<String> {
        let url = self.database_url(home);
        let rows = self.block_on(async { query(&connect(&url).await, sql).await });
        rows.iter().map(|row| row.join("|")).collect()
    }

    /// Runs SQL in a transaction that is rolled back when the result is dropped: what it locks stays locked until then.
    pub fn hold(&self, home: Home, sql: &str) -> impl Sized + use<> {
        let url = self.database_url(home);
        self.block_on(async {
            let session = connect(&url).await;
            query(&session, &format!("begin; {sql}")).await;
            session
        })
    }

    /// Fails unless the rows of a query are these.
    #[track_caller]
    pub fn expect_rows(&self, home: Home, sql: &str, expected: &[&str]) {
        assert_eq!(self.rows(home, sql), expected, "{sql}");
    }

    /// The one number that a query gives.
    #[track_caller]
    pub fn number(&self, home: Home, sql: &str) -> u64 {
        let rows = self.rows(home, sql);
        rows.first().and_then(|row| row.parse().ok()).unwrap_or_else(|| panic!("no number but {rows:?}: {sql}"))
    }

    /// The store, to do to it what suppliers do.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Keeps a database as it is now, for [`World::restore`].
    pub fn set_aside(&self, home: Home) {
        self.block_on(self.slot.set_aside(home));
    }

    /// Puts a database back to the state in which it was set aside, sequences included.
    pub fn restore(&self, home: Home) {
        self.block_on(self.slot.restore(home));
    }

    /// The URL of one of its databases.
    pub fn database_url(&self, home: Home) -> String {
        self.slot.url(home)
    }
}

/// The buckets, without what an earlier test left in the one that tests fill.
async fn empty_buckets(store: &storage::Settings) -> Storage {
    let storage = Storage::connect(store).await.unwrap();
    storage.ensure_buckets().await.expect("the S3 server that ARRIVAGE_TEST_S3 names answers");
    let left = storage.list_all(Bucket::ImportsFiles, "").await.unwrap();
    // A test may have left thousands.
    for some in left.chunks(16) {
        let removals = some.iter().map(|object| {
            let (storage, key) = (storage.clone(), object.key.clone());
            async move { storage.delete(Bucket::ImportsFiles, key).await.unwrap() }
        });
        JoinSet::from_iter(removals).join_all().await;
    }
    storage
}

/// A setting of the environment that tests cannot do without.
fn named(variable: &str) -> String {
    let named = env::var(variable);
    named.unwrap_or_else(|_| {
        panic!("{variable} is not set: run `make test`, or eval \"$(arrivage dev env)\" beforehand")
    })
}

fn config_file(folder: &TempDir) -> PathBuf {
    folder.path().join("arrivage-test.toml")
}

fn configuration(slot: &Slot, store: &storage::Settings, program: &Path, more: &str) -> String {
    let database = |home: &Home| format!("[databases.{}]\nurl = {:?}\n", home.name(), slot.url(*home));
    let databases: String = Home::ALL.iter().map(database).collect();
    format!(
        "{databases}[storage]\nendpoint = {:?}\naccess_key = {:?}\nsecret_key = {:?}\n[storage.buckets]\nprefix = {:?}\n\
         [import]\ndecoder = {:?}\n{more}",
        store.endpoint,
        store.access_key,
        store.secret_key.reveal(),
        store.buckets.prefix,
        program.display().to_string(),
    )
}
