//! The S3 server of the development stack: this very binary, run as a service of its own.
//!
//! The crate `s3s` speaks the protocol: signatures, chunked bodies, XML. [`disk`] has the operations.

mod disk;
mod incoming;
mod listing;
mod outgoing;
mod path;
mod serve;
mod uploads;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use super::install::Programs;
use super::process::Process;
use super::service::Service;
use super::state::State;
use super::{make_private_folder, remove_folder};

/// The hidden subcommand of `arrivage dev` that is the server.
pub(super) const SUBCOMMAND: &str = "s3-server";

const FOLDER: &str = "s3";
const ANSWER_WAIT: Duration = Duration::from_secs(1);

pub(super) struct ObjectStore {
    root: PathBuf,
    program: PathBuf,
}

impl ObjectStore {
    pub fn new(root: &Path, program: PathBuf) -> Self {
        Self { root: root.to_owned(), program }
    }

    fn folder(&self) -> PathBuf {
        self.root.join(FOLDER)
    }
}

/// Serves the objects of the stack in `root` until told to stop. Port and keys are those of its state, so that no
/// command line shows them.
pub(super) async fn serve(root: &Path) -> anyhow::Result<()> {
    let state = State::load(root)?.with_context(|| format!("there is no stack in {}", root.display()))?;
    let port = state.port(FOLDER).context("the stack has no port for its S3 server")?;
    serve::serve(&root.join(FOLDER), port, &state.s3_access_key, &state.s3_secret_key).await
}

impl Service for ObjectStore {
    fn name(&self) -> &'static str {
        FOLDER
    }

    fn root(&self) -> &Path {
        &self.root
    }

    fn is_main(&self, process: &Process) -> bool {
        process.arguments.last().is_some_and(|last| last == SUBCOMMAND) && process.works_in(&self.folder())
    }

    fn command(&self, _: u16, _: &Programs<'_>, _: &dyn Fn(&str)) -> anyhow::Result<Command> {
        make_private_folder(&self.folder())?;
        let mut command = Command::new(&self.program);
        command.args(["dev", "--stack"]).arg(&self.root).arg(SUBCOMMAND).current_dir(self.folder());
        Ok(command)
    }

    fn answers(&self, port: u16) -> bool {
        let ask = || {
            let mut connection = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), ANSWER_WAIT)?;
            connection.set_read_timeout(Some(ANSWER_WAIT))?;
            connection.write_all(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")?;
            let mut answer = [0; 12];
            connection.read_exact(&mut answer).map(|()| answer)
        };
        let answer: std::io::Result<_> = ask();
        // The request has no signature: a refusal is a sign of health.
        answer.is_ok_and(|answer| &answer == b"HTTP/1.1 403")
    }

    fn remove(&self) -> anyhow::Result<()> {
        remove_folder(&self.folder())
    }
}
