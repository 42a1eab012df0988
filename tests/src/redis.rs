//! A Redis, spoken to as MinIO would.

use std::io::{Read, Write};
use std::net::TcpStream;

/// The Redis of a stack.
pub struct Redis {
    url: String,
}

impl Redis {
    /// The one at this URL, in the form of ARRIVAGE_TEST_REDIS.
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned() }
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends a command and gives the first line of its answer.
    pub fn send(&self, command: &[&str]) -> String {
        let (password, rest) = self.url.strip_prefix("redis://:").unwrap().split_once('@').unwrap();
        let (address, _) = rest.split_once('/').unwrap_or((rest, ""));
        let mut connection = TcpStream::connect(address).unwrap();
        for words in [&["AUTH", password][..], command, &["QUIT"]] {
            write!(connection, "*{}\r\n", words.len()).unwrap();
            for word in words {
                write!(connection, "${}\r\n{word}\r\n", word.len()).unwrap();
            }
        }
        let mut answers = String::new();
        connection.read_to_string(&mut answers).unwrap();
        let answer = answers.lines().nth(1).unwrap();
        assert!(!answer.starts_with('-'), "{answer}");
        answer.to_owned()
    }
}
