//! One database, reached through `psql`: the peer of this benchmark and its only way to the server.

use std::process::Command;

use anyhow::{Context, Result, ensure};

/// A database by its URL. The URL may hold a password and is never printed.
#[derive(Clone)]
pub struct Psql {
    url: String,
}

impl Psql {
    /// The database of this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Psql { url: url.into() }
    }

    /// The URL, for the environment of a child.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Another database of the same server.
    pub fn sibling(&self, database: &str) -> Psql {
        let (address, parameters) = self.url.split_at(self.url.find('?').unwrap_or(self.url.len()));
        let server = address.rfind('/').map_or(address, |slash| &address[..slash]);
        Psql::new(format!("{server}/{database}{parameters}"))
    }

    /// A `psql` that runs one command or statement, reads no start-up file and fails at the first error.
    pub fn command(&self, statement: &str) -> Command {
        let mut command = Command::new("psql");
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement, "-d", &self.url]);
        command
    }

    /// Runs a statement; what it prints, columns parted by `|`.
    pub fn query(&self, statement: &str) -> Result<String> {
        let output = self.command(statement).output().context("run psql: is it installed?")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        let beginning: String = statement.chars().take(200).collect();
        ensure!(output.status.success(), "run `{beginning}`: {}", errors.trim());
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Runs a statement that prints one number.
    pub fn number<N: std::str::FromStr>(&self, statement: &str) -> Result<N> {
        let answer = self.query(statement)?;
        answer.parse().ok().with_context(|| format!("`{answer}` is no number: the answer to `{statement}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sibling_keeps_server_login_and_parameters() {
        let check = |url: &str, expected: &str| assert_eq!(Psql::new(url).sibling("other").url(), expected);
        check("postgres://ada:pw@127.0.0.1:5432/catalog", "postgres://ada:pw@127.0.0.1:5432/other");
        check("postgres://ada@/catalog?host=/run/pg", "postgres://ada@/other?host=/run/pg");
    }
}
