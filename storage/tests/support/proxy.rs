//! A bad network: a proxy in front of the real server that breaks connections where a test wants them broken.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Where a connection breaks.
#[derive(Debug, Clone, Copy)]
pub enum Break {
    /// After this many bytes of answers have come back on it, for as many connections as `times`.
    AnswersAfter { bytes: usize, times: usize },
    /// When a request that has this text is sent on it.
    RequestsWith(&'static str),
}

pub struct Proxy {
    pub endpoint: String,
    requests: Arc<Mutex<Vec<u8>>>,
}

impl Proxy {
    pub async fn to(server: &str, fault: Break) -> Self {
        let server = server.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let breaks_left = Arc::new(Mutex::new(match fault {
            Break::AnswersAfter { times, .. } => times,
            Break::RequestsWith(_) => usize::MAX,
        }));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = TcpStream::connect(&server).await.unwrap().into_split();
                tokio::spawn(requests_through(from_client, to_server, fault, Arc::clone(&seen)));
                tokio::spawn(answers_through(from_server, to_client, fault, Arc::clone(&breaks_left)));
            }
        });
        Self { endpoint, requests }
    }

    /// Whether a request with this text went through.
    pub fn saw(&self, text: &str) -> bool {
        has(&self.requests.lock().unwrap(), text)
    }
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Request heads come in one piece here: they are small and sent at once.
async fn requests_through(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, fault: Break, seen: Arc<Mutex<Vec<u8>>>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let piece = &buffer[..length];
        if matches!(fault, Break::RequestsWith(text) if has(piece, text)) {
            return;
        }
        let head = piece.len().min(1 << 10);
        seen.lock().unwrap().extend_from_slice(&piece[..head]);
        if to.write_all(piece).await.is_err() {
            return;
        }
    }
}

async fn answers_through(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    fault: Break,
    breaks_left: Arc<Mutex<usize>>,
) {
    let mut buffer = vec![0; 64 << 10];
    let mut passed = 0;
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        passed += length;
        if matches!(fault, Break::AnswersAfter { bytes, .. } if passed > bytes) {
            let mut left = breaks_left.lock().unwrap();
            if let Some(fewer) = left.checked_sub(1) {
                *left = fewer;
                return;
            }
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
