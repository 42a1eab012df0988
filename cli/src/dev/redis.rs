//! The private redis-server.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::install::Programs;
use super::process::Process;
use super::service::Service;
use super::{make_private_folder, remove_folder, state};

const ANSWER_WAIT: Duration = Duration::from_secs(1);

pub(super) struct Redis {
    root: PathBuf,
    folder: PathBuf,
    password: String,
}

impl Redis {
    pub fn new(root: &Path, password: &str) -> Self {
        Self { root: root.to_owned(), folder: root.join("redis"), password: password.to_owned() }
    }

    /// A cache: it forgets the entries that expire first when it is full. The append-only file keeps what was written
    /// when the server is killed. Its files are where it works: in its folder.
    fn configuration(&self, port: u16) -> String {
        format!(
            "bind 127.0.0.1\n\
             port {port}\n\
             requirepass {}\n\
             daemonize no\n\
             save \"\"\n\
             appendonly yes\n\
             appendfsync everysec\n\
             maxmemory 256mb\n\
             maxmemory-policy volatile-lru\n",
            self.password,
        )
    }
}

impl Service for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn root(&self) -> &Path {
        &self.root
    }

    fn is_main(&self, process: &Process) -> bool {
        // redis-server rewrites its command line to name and address.
        process.program().starts_with("redis-server") && process.works_in(&self.folder)
    }

    fn is_part(&self, process: &Process) -> bool {
        process.program().starts_with("redis-") && process.works_in(&self.folder)
    }

    fn command(&self, port: u16, programs: &Programs<'_>, _: &dyn Fn(&str)) -> anyhow::Result<Command> {
        make_private_folder(&self.folder)?;
        let configuration = self.folder.join("redis.conf");
        state::write_secret(&configuration, &self.configuration(port))?;
        let mut command = Command::new(programs.redis()?);
        command.arg(configuration).current_dir(&self.folder);
        Ok(command)
    }

    fn answers(&self, port: u16) -> bool {
        let ask = || {
            let mut connection = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), ANSWER_WAIT)?;
            connection.set_read_timeout(Some(ANSWER_WAIT))?;
            connection.write_all(format!("AUTH {}\r\nPING\r\n", self.password).as_bytes())?;
            let mut answer = [0; 12];
            connection.read_exact(&mut answer).map(|()| answer)
        };
        let answer: std::io::Result<_> = ask();
        // While it loads its file it answers `-LOADING`.
        answer.is_ok_and(|answer| &answer == b"+OK\r\n+PONG\r\n")
    }

    fn remove(&self) -> anyhow::Result<()> {
        remove_folder(&self.folder)
    }
}
