//! `arrivage-bench queue`: what the queue itself costs, and how many small files a worker imports.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chrono::{TimeZone, Utc};
use clap::Args;
use item::{Counts, Mode};
use router::imports::jobs::{self, Claim, Claimant, Dropped};
use router::imports::workers::Worker;
use router::{DatabaseUrl, Db, Imports};
use serde_json::json;
use storage::{Bucket, Storage, keys};

use crate::psql::Psql;
use crate::stack::{Scratch, Stack};

/// Products of a small file.
const ROWS: u64 = 20;

/// Measure the queue: what one job costs in the database, and small files a second through a real worker.
///
/// Works in databases and buckets of its own on the services that `arrivage dev up` has started.
#[derive(Debug, Args)]
pub struct Queue {
    /// Files, of 20 rows each.
    #[arg(long, default_value_t = 10_000)]
    files: u64,
    /// Suppliers that they come from.
    #[arg(long, default_value_t = 100)]
    suppliers: u64,
    /// Imports under way at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// The release build of `arrivage` [default: the one beside this program].
    #[arg(long, value_name = "PROGRAM")]
    arrivage: Option<PathBuf>,
}

impl Queue {
    /// Runs the command.
    pub fn run(&self) -> Result<()> {
        let here = std::env::current_exe().context("find this program")?;
        let beside = here.parent().unwrap_or(std::path::Path::new(".")).join("arrivage");
        let arrivage = self.arrivage.clone().unwrap_or(beside);
        let stack = Stack::find()?;
        stack.sweep()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;

        let databases = self.databases(&stack, &arrivage, "queue")?;
        runtime.block_on(self.queue_alone(&databases))?;
        drop(databases);

        let databases = self.databases(&stack, &arrivage, "files")?;
        let storage = runtime.block_on(Storage::connect(&stack.storage))?;
        runtime.block_on(self.drop_files(&storage))?;
        self.through_a_worker(&databases, &arrivage)?;
        runtime.block_on(clear(&storage))
    }

    /// Migrated databases that know the suppliers.
    fn databases(&self, stack: &Stack, arrivage: &std::path::Path, purpose: &str) -> Result<Scratch> {
        let databases = stack.scratch(purpose)?;
        let migrated = Command::new(arrivage).arg("migrate").envs(databases.environment()).output()?;
        ensure!(migrated.status.success(), "arrivage migrate: {}", String::from_utf8_lossy(&migrated.stderr));
        databases.database("catalog").query(&format!(
            "insert into suppliers (code, name, currency, default_mode)
             select 's' || n, 'Supplier ' || n, 'EUR', 'partial' from generate_series(1, {}) as n",
            self.suppliers
        ))?;
        Ok(databases)
    }

    /// Offers, claims and ends jobs with nothing to do in between.
    async fn queue_alone(&self, databases: &Scratch) -> Result<()> {
        let db = imports(&databases.database("imports"))?;
        let worker = Worker::appear(&db).await?;
        let who = Claimant { name: "bench".to_owned(), number: worker.number(), lease_seconds: 30 };
        let begun = Instant::now();
        for supplier in 1..=self.suppliers {
            let count = self.files / self.suppliers;
            let drops: Vec<Dropped> = (0..count).map(|number| dropped(supplier, number)).collect();
            jobs::offer(&db, (supplier as i64, &format!("s{supplier}")), Mode::Partial, "bench", &drops).await?;
        }
        let offered = begun.elapsed();
        let (counts, report) = (Counts { read: ROWS, unchanged: ROWS, ..Counts::default() }, json!({}));
        let (mut claiming, mut ending, mut jobs_done) = (Duration::ZERO, Duration::ZERO, 0_u32);
        loop {
            let begun = Instant::now();
            let claimed = jobs::claim(&db, &who, Claim::default()).await?;
            claiming += begun.elapsed();
            let Some((job, attempt)) = claimed else { break };
            let begun = Instant::now();
            jobs::complete_identical(&db, &attempt, job.id, &counts, &report).await?;
            ending += begun.elapsed();
            jobs_done += 1;
        }
        let each = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(jobs_done.max(1));
        println!("queue alone: {jobs_done} jobs of {} suppliers", self.suppliers);
        println!("  offer     {:>7.3} ms a job", each(offered));
        println!("  claim     {:>7.3} ms a job", each(claiming));
        println!("  complete  {:>7.3} ms a job", each(ending));
        println!("  together  {:>7.3} ms a job", each(offered + claiming + ending));
        Ok(())
    }

    async fn drop_files(&self, storage: &Storage) -> Result<()> {
        storage.ensure_buckets().await?;
        clear(storage).await?;
        let begun = Instant::now();
        let mut dropping = tokio::task::JoinSet::new();
        for number in 0..self.files {
            if dropping.len() >= 8 {
                dropping.join_next().await.context("a drop")???;
            }
            let key = keys::inbox(&format!("s{}", number % self.suppliers + 1), &format!("{number}.csv"));
            let (storage, file) = (storage.clone(), file(number));
            dropping.spawn(async move { storage.put_bytes(Bucket::ImportsFiles, key, file).await.map(drop) });
        }
        while let Some(dropped) = dropping.join_next().await {
            dropped??;
        }
        println!("dropped {} files in {:.1} s", self.files, begun.elapsed().as_secs_f64());
        Ok(())
    }

    /// A worker finds them all and imports them; done is when everything is answered and delivered.
    fn through_a_worker(&self, databases: &Scratch, arrivage: &std::path::Path) -> Result<()> {
        let (catalog, imports) = (databases.database("catalog"), databases.database("imports"));
        let begun = Instant::now();
        let worker = Command::new(arrivage)
            .args(["work", "--jobs", &self.jobs.to_string()])
            .envs(databases.environment())
            .stderr(Stdio::null())
            .spawn()?;
        let mut worker = Killed(worker);
        let count = |psql: &Psql, sql: &str| psql.number::<u64>(sql);
        let mut completed = None;
        loop {
            std::thread::sleep(Duration::from_millis(500));
            ensure!(worker.0.try_wait()?.is_none(), "the worker ended");
            let done = count(&imports, "select count(*) from import_jobs where status = 'completed'")?;
            if done >= self.files && completed.is_none() {
                completed = Some(begun.elapsed());
            }
            let answered = count(&imports, "select count(*) from import_jobs where answered_at is not null")?;
            let owed = count(&catalog, "select count(*) from outbox_deliveries where delivered_at is null")?;
            if answered >= self.files && owed == 0 {
                break;
            }
        }
        let all = begun.elapsed().as_secs_f64();
        let completed = completed.map_or(all, |time| time.as_secs_f64());
        let files = self.files as f64;
        println!("one worker, {} at once and small files beside them: {} files of {ROWS} rows", self.jobs, self.files);
        println!("  completed {:>7.1} files/s, {:.1} ms a file", files / completed, completed * 1e3 / files);
        println!("  answered and delivered {:.1} s after the start", all);
        println!("  products  {}", count(&catalog, "select count(*) from products")?);
        Ok(())
    }
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn imports(psql: &Psql) -> Result<Db<Imports>> {
    let mut settings = router::Settings::default();
    settings.imports.url = DatabaseUrl::new(psql.url());
    Ok(Db::open(&settings.imports)?)
}

fn dropped(supplier: u64, number: u64) -> Dropped {
    Dropped {
        key: keys::inbox(&format!("s{supplier}"), &format!("{number}.csv")),
        file_name: format!("{number}.csv"),
        etag: number.to_string(),
        bytes: 1_000,
        arrived_at: Utc.timestamp_opt(1_790_000_000 + number as i64, 0).single().unwrap_or_default(),
    }
}

/// Twenty products of its own.
fn file(number: u64) -> String {
    let rows = (0..ROWS).map(|row| format!("F{number}-{row},Screw {row} of box {number},1.{row:02},{row}\n"));
    rows.fold("sku,title,price,stock\n".to_owned(), |file, row| file + &row)
}

async fn clear(storage: &Storage) -> Result<()> {
    for object in storage.list_all(Bucket::ImportsFiles, "").await? {
        storage.delete(Bucket::ImportsFiles, &object.key).await?;
    }
    Ok(())
}
