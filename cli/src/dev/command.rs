//! `arrivage dev`: the stack from the command line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};

use super::{Options, Stack, Status};

/// The private services of a checkout: PostgreSQL, Redis and an S3 server.
#[derive(Debug, Args)]
pub struct Command {
    /// The stack's folder.
    #[arg(long, value_name = "DIR", env = "ARRIVAGE_STACK", default_value = ".arrivage", global = true)]
    stack: PathBuf,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Start what is not running.
    Up {
        /// Install PostgreSQL and Redis when they are missing, as root or through `sudo -n`.
        #[arg(long)]
        install: bool,
    },
    /// Stop everything; the data stay.
    Down {
        /// Remove everything that the stack made, data included.
        #[arg(long)]
        purge: bool,
    },
    /// Tell how the services are; fails when they are not all running.
    Status {
        /// For machines.
        #[arg(long)]
        json: bool,
    },
    /// Print what tests find the running stack by, for `eval "$(arrivage dev env)"`.
    Env,
    /// The S3 server itself.
    #[command(name = super::s3::SUBCOMMAND, hide = true)]
    S3Server,
}

/// Does what was asked. Progress goes to standard error, results to standard output.
///
/// # Errors
/// As [`super::up`], [`super::down`] and [`super::status`].
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    let Command { stack, action } = command;
    let progress = |line: &str| eprintln!("{line}");
    match action {
        Action::Up { install } => {
            let stack = super::up(&stack, &Options { install, ..Options::default() }, progress)?;
            progress(&format!("the stack is up; its configuration is {}", stack.overlay_path().display()));
        }
        Action::Down { purge } => super::down(&stack, purge, progress)?,
        Action::Status { json } => return show(&super::status(&stack)?, json),
        Action::Env => print_environment(&super::running(&stack)?)?,
        Action::S3Server => super::s3::serve(&stack).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn show(status: &Status, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        println!("{}", serde_json::to_string_pretty(status)?);
    } else if status.services.is_empty() {
        println!("there is no stack in {}", status.root.display());
    }
    for service in status.services.iter().filter(|_| !json) {
        let port = service.port.map_or("-".to_owned(), |port| port.to_string());
        let pid = service.pid.map_or("-".to_owned(), |pid| pid.to_string());
        println!("{:9} {:8} port {port:>5}  pid {pid:>7}  {}", service.name, service.state, service.log.display());
    }
    Ok(if status.up { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_environment(stack: &Stack) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("find the running program")?;
    for (name, value) in stack.test_environment(&program) {
        println!("export {name}={}", shell_quoted(Path::new(&value)));
    }
    Ok(())
}

fn shell_quoted(text: &Path) -> String {
    format!("'{}'", text.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        let check = |text: &str, expected: &str| assert_eq!(shell_quoted(Path::new(text)), expected);
        check("/tmp/a b", "'/tmp/a b'");
        check("it's; rm -rf $HOME", r"'it'\''s; rm -rf $HOME'");
    }
}
