//! `arrivage schedule add`

use anyhow::{Result, bail, ensure};
use clap::{ArgGroup, Args};
use item::Mode;
use pipeline::schedules::Rhythm;
use router::DatabaseRouter;
use router::imports::schedules::{self, MissedRuns, NewSchedule, When};
use sources::Source;

use super::place::{Place, SecretFrom};
use super::view;
use crate::cli::Context;
use crate::commands::supplier;
use crate::config::Config;

/// Longest name of a schedule.
const NAME_CHARS_MAX: usize = 100;

/// Add a schedule: when it runs, where the file is, how to log in.
///
/// Nothing is fetched yet: the expression, the time zone and the address are checked, and the next runs shown.
/// `arrivage schedule test` connects.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("when").required(true).args(["cron", "every"])),
    group(ArgGroup::new("where").required(true).args(["url", "sftp", "s3", "folder"])),
    after_help = "Examples:\n  \
        schedule add acme daily --cron \"0 6 * * *\" --time-zone Europe/Paris --url https://acme.example/prices.csv\n  \
        schedule add acme stock --every 15m --mode partial --url https://acme.example/stock.csv --secret-env TOKEN\n  \
        schedule add acme sftp --cron \"30 5 * * 1-5\" --sftp 'sftp://me@acme.example/out/prices-*.csv'\n      \
        --host-key SHA256:… --secret-file ~/.ssh/acme\n  \
        schedule add acme bucket --every 1h --s3 s3://acme-feeds/daily/ --s3-region eu-west-3\n      \
        --access-key AKIA… --secret-env ACME_SECRET_KEY\n\n\
        Cron: minute hour day-of-month month day-of-week, with `*`, `1-5`, `1,15`, `*/10`, MON, JAN, L (the last day of \
        the month); a sixth field in front is seconds. When the clocks of the time zone are put forward over a run, it \
        runs as soon as they go on; when they are put back, a run at a fixed time comes once.\n\n\
        Secrets are stored encrypted; ARRIVAGE_SECRETS_KEY holds the key (`openssl rand -base64 32`)."
)]
pub struct Add {
    /// Code of the supplier.
    supplier: String,
    /// Name of the schedule, unique for the supplier.
    name: String,
    /// When it runs, as a cron expression.
    #[arg(long, value_name = "EXPRESSION")]
    cron: Option<String>,
    /// IANA time zone of the cron expression.
    #[arg(long, value_name = "ZONE", default_value = "UTC", conflicts_with = "every")]
    time_zone: String,
    /// Run every so often, such as 15m, 2h or 1d.
    #[arg(long, value_name = "TIME", value_parser = parse_every)]
    every: Option<i64>,
    /// What a run that nobody was there to start becomes: once (one run makes up for all missed) or skip (none does).
    #[arg(long, value_name = "once|skip", default_value = "once", value_parser = parse_missed)]
    missed: MissedRuns,
    /// full: products absent from the file are deactivated; partial: they stay [default: the supplier's].
    #[arg(long)]
    mode: Option<Mode>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    secret: SecretFrom,
}

impl Add {
    pub(super) async fn run(&self, context: &Context, config: &Config, router: &DatabaseRouter) -> Result<()> {
        check_name(&self.name)?;
        let source = self.place.source()?;
        if let Source::Sftp(sftp) = &source {
            ensure!(
                sftp.host_key.is_some(),
                "an SFTP source needs the server's host key: `arrivage schedule test --sftp …` shows it; when the \
                 server's owner has confirmed it, give it with --host-key"
            );
        }
        let when = self.when()?;
        let rhythm = Rhythm::new(&when, &self.time_zone)?;
        let secret = self.secret.read()?;
        ensure!(
            secret.is_some() || !source.needs_secret(),
            "this source needs a secret: give it with --secret-env VAR or --secret-file FILE"
        );
        let supplier = supplier::known(router, &self.supplier).await?;
        let sealed = match &secret {
            Some(secret) => Some(config.sources.secrets_key()?.seal(secret, supplier.id, &self.name)),
            None => None,
        };
        let new = NewSchedule {
            supplier_id: supplier.id,
            supplier_code: &supplier.code,
            name: &self.name,
            when: &when,
            time_zone: &self.time_zone,
            mode: self.mode.unwrap_or(supplier.default_mode),
            source: &serde_json::to_value(&source)?,
            secret: sealed.as_deref(),
            missed_runs: self.missed,
            next_run_at: rhythm.first(schedules::now(router.imports()).await?)?,
        };
        let schedule = schedules::create(router.imports(), &new).await?;
        view::print(context, router, &schedule).await
    }

    fn when(&self) -> Result<When> {
        match (&self.cron, self.every) {
            (Some(cron), _) => Ok(When::Cron(cron.clone())),
            (None, Some(seconds)) => Ok(When::EverySeconds(seconds)),
            (None, None) => bail!("give --cron or --every"),
        }
    }
}

fn check_name(name: &str) -> Result<()> {
    let length = name.chars().count();
    ensure!(
        (1..=NAME_CHARS_MAX).contains(&length) && name.trim() == name && !name.chars().any(char::is_control),
        "cannot take {name:?} as the name of a schedule: give 1 to {NAME_CHARS_MAX} characters, no control characters"
    );
    Ok(())
}

/// `90s`, `15m`, `2h`, `1d`.
fn parse_every(text: &str) -> Result<i64, String> {
    let form = || "give a number and s, m, h or d, such as 15m".to_owned();
    let unit_at = text.len() - text.chars().next_back().map_or(0, char::len_utf8);
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(form()),
    };
    number.parse::<u32>().map(|number| i64::from(number) * seconds).map_err(|_| form())
}

fn parse_missed(text: &str) -> Result<MissedRuns, String> {
    match text {
        "once" => Ok(MissedRuns::Once),
        "skip" => Ok(MissedRuns::Skip),
        _ => Err("give once or skip".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read_with_their_unit() {
        for (text, expected) in [("90s", Some(90)), ("15m", Some(900)), ("2h", Some(7_200)), ("1d", Some(86_400))] {
            assert_eq!(parse_every(text).ok(), expected);
        }
        for text in ["", "m", "15", "-15m", "1.5h", "15 m", "15µ", "99999999999d"] {
            assert!(parse_every(text).is_err(), "{text}");
        }
    }
}
