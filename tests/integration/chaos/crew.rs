//! The workers of a world, and waiting until they have done all there is to do.

use std::time::{Duration, Instant};

use arrivage_tests::{Ended, Home, Running, World};

/// How often the standing is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// Workers of one world. Like a supervisor it replaces one that ended by itself, and no other.
pub struct Crew<'w> {
    world: &'w World,
    environment: Vec<(String, String)>,
    members: Vec<Running>,
    /// What those said who have gone.
    pub said: String,
}

impl<'w> Crew<'w> {
    /// So many workers.
    pub fn of(world: &'w World, workers: usize) -> Self {
        Self::with_environment(world, workers, &[])
    }

    /// Workers that find this in their environment.
    pub fn with_environment(world: &'w World, workers: usize, environment: &[(&str, &str)]) -> Self {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut crew = Crew { world, environment, members: Vec::new(), said: String::new() };
        (0..workers).for_each(|_| crew.hire(&[]));
        crew
    }

    /// One more worker, with more in its environment.
    pub fn hire(&mut self, more: &[(&str, &str)]) {
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment: Vec<_> = self.environment.iter().cloned().chain(more).collect();
        self.members.push(self.world.start_with(&environment, &["work"]));
    }

    /// How many work.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// A worker, by the order in which they were hired.
    pub fn member(&self, place: usize) -> &Running {
        &self.members[place]
    }

    /// Sends SIGKILL to a worker.
    pub fn kill(&mut self, place: usize) {
        let killed = self.members.remove(place).kill_now();
        self.keep(&killed);
    }

    /// Sends SIGKILL to the worker of this process, if it is one of them.
    pub fn kill_process(&mut self, pid: u32) -> bool {
        let place = self.members.iter().position(|member| member.pid() == pid);
        place.map(|place| self.kill(place)).is_some()
    }

    /// Replaces those that ended by themselves; returns how many that were.
    pub fn tend(&mut self) -> usize {
        let mut ended = 0;
        for place in (0..self.members.len()).rev() {
            if !self.members[place].is_running() {
                self.kill(place);
                ended += 1;
            }
        }
        (0..ended).for_each(|_| self.hire(&[]));
        ended
    }

    /// Waits until so many imports have been made, and nothing is left to do for any of them.
    #[track_caller]
    pub fn finish(&mut self, imports: u64, within: Duration) {
        let begun = Instant::now();
        while !is_done(self.world, imports) {
            self.tend();
            if begun.elapsed() > within {
                let standing = standing(self.world);
                (0..self.members.len()).for_each(|_| self.kill(0));
                panic!("not done within {within:?}:\n{standing}\nthe workers said:\n{}", self.said);
            }
            std::thread::sleep(GLANCE);
        }
    }

    /// Kills them all and gives what any of them ever said.
    pub fn dismiss(mut self) -> String {
        (0..self.members.len()).for_each(|_| self.kill(0));
        self.said
    }

    fn keep(&mut self, ended: &Ended) {
        self.said.push_str(&ended.stderr);
    }
}

/// Whether so many imports have ended, been answered and been told of.
pub fn is_done(world: &World, imports: u64) -> bool {
    let jobs = world.rows(
        Home::Imports,
        "select count(*), count(*) filter (where answered_at is null or finished_at is null and status <> 'held') from import_jobs",
    );
    let (all, open) = jobs[0].split_once('|').unwrap();
    all.parse::<u64>().unwrap() >= imports
        && open == "0"
        && world.number(Home::Catalog, "select count(*) from outbox_deliveries where delivered_at is null") == 0
}

/// Where the imports that have not ended stand, for people.
pub fn standing(world: &World) -> String {
    let jobs = world.rows(
        Home::Imports,
        "select file_name, status, 'attempt', attempt, 'failures', failures, lease_owner, 'lease', lease_expires_at - now(),
             'beat', heartbeat_at - now(), 'due', run_after - now(), 'finished', finished_at, 'answered', answered_at, failure_message
         from import_jobs where finished_at is null or answered_at is null order by arrived_at",
    );
    let owed = world.rows(
        Home::Catalog,
        "select consumer, event_id, 'failures', failures, 'due', due_at - now(), last_fault from outbox_deliveries
         where delivered_at is null order by event_id",
    );
    let imports = world.number(Home::Imports, "select count(*) from import_jobs");
    format!("{imports} imports; open: {jobs:#?}; owed: {owed:#?}; inbox: {:?}", world.keys("inbox/"))
}

/// Waits until a worker has begun with so many imports.
#[track_caller]
pub fn wait_until_begun(world: &World, imports: u64) {
    let begun = Instant::now();
    while world.number(Home::Imports, "select count(*) from import_jobs where attempt > 0") < imports {
        assert!(begun.elapsed() < Duration::from_secs(90), "nobody begins:\n{}", standing(world));
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// How long the newest import took, from its claim to its answer.
pub fn newest_took(world: &World) -> Duration {
    let took = "select extract(epoch from answered_at - started_at) from import_jobs order by arrived_at desc, id desc limit 1";
    Duration::from_secs_f64(world.rows(Home::Imports, took)[0].parse().unwrap())
}

/// The process that works on an import now, and the number of its attempt.
pub fn holder(world: &World) -> Option<(u32, u32)> {
    let held = world.rows(Home::Imports, "select lease_owner, attempt from import_jobs where lease_owner is not null");
    let (owner, attempt) = held.first()?.split_once('|')?;
    Some((pid_of(owner)?, attempt.parse().ok()?))
}

/// A worker is named after its machine and its process.
fn pid_of(owner: &str) -> Option<u32> {
    owner.rsplit(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}
