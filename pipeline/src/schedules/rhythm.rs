//! When a schedule runs: computed here, decided by the database's clock.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds};
use router::imports::Schedule;
use router::imports::schedules::When;

/// Longest cron expression: more is no expression a person wrote.
const CRON_CHARS_MAX: usize = 200;

/// Shortest interval, in seconds: workers look for what is due a few times a minute.
const EVERY_SECONDS_MIN: i64 = 60;

/// Longest interval, in seconds: 400 days, so that a yearly one fits and no sum overflows.
const EVERY_SECONDS_MAX: i64 = 400 * 86_400;

/// How late a run may always be without being missed, whatever its period.
const GRACE: TimeDelta = TimeDelta::seconds(60);

/// When a schedule runs.
#[derive(Debug, Clone)]
pub enum Rhythm {
    /// By a cron expression on the clocks of a time zone. When they are put forward over a run, it runs as soon as they
    /// go on; when they are put back, a run at a fixed time comes once.
    Cron {
        /// The expression.
        cron: Box<Cron>,
        /// The time zone.
        zone: Tz,
    },
    /// Every so often, whatever the clocks on the wall say.
    Every(TimeDelta),
}

/// Why a rhythm cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RhythmError {
    /// No cron expression.
    #[error(
        "cannot read cron expression `{expression}`: {reason}; write minute hour day-of-month month day-of-week, such as \
         \"30 6 * * 1-5\" for 06:30 from Monday to Friday; a sixth field in front is seconds"
    )]
    Cron {
        /// As given.
        expression: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The expression is well-formed, but no day is like that.
    #[error("cron expression `{expression}` never comes true: there is no such day")]
    Never {
        /// As given.
        expression: String,
    },
    /// No time zone.
    #[error("unknown time zone `{zone}`: give an IANA name, such as Europe/Paris or UTC")]
    Zone {
        /// As given.
        zone: String,
    },
    /// An interval out of range.
    #[error("cannot run every {seconds} s: give 1m to 400d")]
    Every {
        /// As given.
        seconds: i64,
    },
}

impl Rhythm {
    /// Reads a rhythm as it was written down.
    ///
    /// # Errors
    /// Every [`RhythmError`] but [`RhythmError::Never`].
    pub fn new(when: &When, time_zone: &str) -> Result<Self, RhythmError> {
        match when {
            When::Cron(expression) => {
                let zone = time_zone.parse().map_err(|_| RhythmError::Zone { zone: time_zone.to_owned() })?;
                Ok(Rhythm::Cron { cron: Box::new(parse(expression)?), zone })
            }
            When::EverySeconds(seconds @ EVERY_SECONDS_MIN..=EVERY_SECONDS_MAX) => {
                Ok(Rhythm::Every(TimeDelta::seconds(*seconds)))
            }
            When::EverySeconds(seconds) => Err(RhythmError::Every { seconds: *seconds }),
        }
    }

    /// The rhythm of a schedule.
    ///
    /// # Errors
    /// As [`Rhythm::new`].
    pub fn of(schedule: &Schedule) -> Result<Self, RhythmError> {
        Self::new(&schedule.when, &schedule.time_zone)
    }

    /// The first run of a new schedule.
    ///
    /// # Errors
    /// [`RhythmError::Never`].
    pub fn first(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, RhythmError> {
        self.next(now, now).ok_or_else(|| RhythmError::Never {
            expression: match self {
                Rhythm::Cron { cron, .. } => cron.pattern.to_string(),
                Rhythm::Every(period) => format!("every {} s", period.num_seconds()),
            },
        })
    }

    /// The first run after `now` of a rhythm that has a run at `due`; none when there is none in thousands of years.
    pub fn next(&self, due: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Rhythm::Cron { cron, zone } => {
                let next = cron.find_next_occurrence(&now.with_timezone(zone), false).ok()?;
                Some(next.with_timezone(&Utc)).filter(|next| *next > now)
            }
            Rhythm::Every(period) => {
                // Whole periods from the run that was due: being late moves none of the later ones.
                let late = (now - due).num_seconds().max(0);
                let periods = late / period.num_seconds() + 1;
                due.checked_add_signed(TimeDelta::seconds(periods.checked_mul(period.num_seconds())?))
            }
        }
    }

    /// Whether a run at `due` counts as missed at `now`: its whole period has passed, so that the next run is due as well,
    /// and it is late by more than a minute.
    pub fn missed(&self, due: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        now - due > GRACE && self.next(due, due).is_some_and(|following| following <= now)
    }
}

/// The next `n` runs of a schedule after `now`, of a paused one as if it were resumed now. One that is overdue comes first:
/// it runs as soon as a worker looks.
///
/// # Errors
/// As [`Rhythm::of`].
pub fn next_runs(schedule: &Schedule, now: DateTime<Utc>, n: usize) -> Result<Vec<DateTime<Utc>>, RhythmError> {
    let rhythm = Rhythm::of(schedule)?;
    let following = |run: &DateTime<Utc>| rhythm.next(*run, (*run).max(now));
    let first = if schedule.is_paused { rhythm.next(now, now) } else { schedule.next_run_at };
    Ok(std::iter::successors(first, following).take(n).collect())
}

fn parse(expression: &str) -> Result<Cron, RhythmError> {
    let refused = |reason: &str| RhythmError::Cron {
        expression: expression.chars().take(CRON_CHARS_MAX).collect(),
        reason: reason.trim_end_matches('.').to_owned(),
    };
    if expression.chars().count() > CRON_CHARS_MAX {
        return Err(refused("it is too long"));
    }
    let parser = CronParser::builder().seconds(Seconds::Optional).build();
    parser.parse(expression).map_err(|fault| refused(&fault.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cron(expression: &str, zone: &str) -> Rhythm {
        Rhythm::new(&When::Cron(expression.to_owned()), zone).unwrap()
    }

    fn time(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
    }

    /// The runs after a moment, on the clocks of the zone.
    fn check(expression: &str, zone: &str, after: &str, expected: &[&str]) {
        let rhythm = cron(expression, zone);
        let mut now = time(after);
        for expected in expected {
            now = rhythm.next(now, now).unwrap();
            assert_eq!(now, time(expected), "{expression} in {zone}");
        }
    }

    #[test]
    fn runs_keep_to_the_clocks_of_their_zone() {
        check("0 6 * * *", "UTC", "2027-01-10T05:59:59Z", &["2027-01-10T06:00:00Z", "2027-01-11T06:00:00Z"]);
        check("0 6 * * *", "Europe/Paris", "2027-01-10T00:00:00Z", &["2027-01-10T06:00:00+01:00"]);
        check("0 6 * * *", "Europe/Paris", "2027-07-10T00:00:00Z", &["2027-07-10T06:00:00+02:00"]);
        check("0 6 * * *", "Asia/Kathmandu", "2027-07-10T00:00:00Z", &["2027-07-10T06:00:00+05:45"]);
        check("*/20 * * * * *", "UTC", "2027-01-10T05:59:45Z", &["2027-01-10T06:00:00Z", "2027-01-10T06:00:20Z"]);
        check("30 6 * * 1-5", "UTC", "2027-01-08T07:00:00Z", &["2027-01-11T06:30:00Z"]);
    }

    #[test]
    fn a_run_in_the_hour_that_spring_leaves_out_comes_when_the_clocks_go_on() {
        check(
            "30 2 * * *",
            "Europe/Paris",
            "2027-03-27T12:00:00Z",
            &["2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00"],
        );
        // What runs in every hour of that night leaves none of those there are out.
        check(
            "0 * * * *",
            "Europe/Paris",
            "2027-03-28T00:30:00Z",
            &["2027-03-28T03:00:00+02:00", "2027-03-28T04:00:00+02:00"],
        );
    }

    #[test]
    fn a_run_in_the_hour_that_autumn_repeats_comes_once() {
        check(
            "30 2 * * *",
            "Europe/Paris",
            "2027-10-30T12:00:00Z",
            &["2027-10-31T02:30:00+02:00", "2027-11-01T02:30:00+01:00"],
        );
        // A worker that comes late, between the two, does not run it again either.
        check("30 2 * * *", "Europe/Paris", "2027-10-31T01:10:00Z", &["2027-11-01T02:30:00+01:00"]);
        check(
            "30 * * * *",
            "Europe/Paris",
            "2027-10-31T00:00:00Z",
            &["2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00", "2027-10-31T03:30:00+01:00"],
        );
    }

    #[test]
    fn the_29th_of_february_comes_in_leap_years() {
        check(
            "0 6 29 2 *",
            "Europe/Paris",
            "2027-01-01T00:00:00Z",
            &["2028-02-29T06:00:00+01:00", "2032-02-29T06:00:00+01:00"],
        );
        check("0 6 29 2 *", "UTC", "2096-03-01T00:00:00Z", &["2104-02-29T06:00:00Z"]);
        check("0 6 L 2 *", "UTC", "2027-01-01T00:00:00Z", &["2027-02-28T06:00:00Z", "2028-02-29T06:00:00Z"]);
    }

    #[test]
    fn what_is_no_rhythm_is_refused_with_what_to_write() {
        let check = |when: When, zone: &str, expected: &str| {
            let message = Rhythm::new(&when, zone).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        };
        for expression in
            ["", "6", "61 * * * *", "* 25 * * *", "0 6 * * monday-ish", "* * * * * * * *", "0 6 * *", "a\nb c"]
        {
            check(When::Cron(expression.into()), "UTC", "30 6 * * 1-5");
        }
        check(When::Cron("* ".repeat(200)), "UTC", "too long");
        check(When::Cron("0 6 * * *".into()), "Europe/Pariss", "Europe/Paris or UTC");
        check(When::EverySeconds(59), "UTC", "1m to 400d");
        check(When::EverySeconds(i64::MAX), "UTC", "1m to 400d");
    }

    #[test]
    fn a_day_that_never_comes_is_told_at_once() {
        let rhythm = cron("0 6 30 2 *", "UTC");
        assert!(matches!(rhythm.first(time("2027-01-01T00:00:00Z")), Err(RhythmError::Never { .. })));
    }

    #[test]
    fn an_interval_keeps_its_step_however_late_it_is() {
        let rhythm = Rhythm::new(&When::EverySeconds(900), "UTC").unwrap();
        let due = time("2027-01-10T06:00:00Z");
        for (now, expected) in [
            ("2027-01-10T06:00:00Z", "2027-01-10T06:15:00Z"),
            ("2027-01-10T06:14:59Z", "2027-01-10T06:15:00Z"),
            ("2027-01-10T06:15:00Z", "2027-01-10T06:30:00Z"),
            ("2027-01-12T09:07:00Z", "2027-01-12T09:15:00Z"),
        ] {
            assert_eq!(rhythm.next(due, time(now)), Some(time(expected)), "{now}");
        }
    }

    #[test]
    fn a_run_is_missed_when_its_whole_period_has_passed() {
        let check = |rhythm: &Rhythm, due: &str, now: &str, expected: bool| {
            assert_eq!(rhythm.missed(time(due), time(now)), expected, "{due} at {now}");
        };
        let daily = cron("0 6 * * *", "UTC");
        check(&daily, "2027-01-10T06:00:00Z", "2027-01-10T06:00:00Z", false);
        check(&daily, "2027-01-10T06:00:00Z", "2027-01-11T05:59:59Z", false);
        check(&daily, "2027-01-10T06:00:00Z", "2027-01-11T06:00:00Z", true);
        // A period shorter than workers look is not missed for that.
        let often = cron("*/10 * * * * *", "UTC");
        check(&often, "2027-01-10T06:00:00Z", "2027-01-10T06:00:45Z", false);
        check(&often, "2027-01-10T06:00:00Z", "2027-01-10T06:01:05Z", true);
    }
}
