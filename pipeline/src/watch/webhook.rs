//! The listener for bucket events: MinIO posts each to `/events`, and is answered at once.
//!
//! Whatever is understood is answered with 200, also what is no hint: MinIO sends again what is answered otherwise. What
//! the answer costs is bounded before anything is read: connections, seconds, bytes; and the token comes first.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes};
use hyper::header::{ALLOW, AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::event::Unreadable;
use super::hints::Hints;
use super::{Result, Settings, WatchError};

/// How long requests may take to end when the listener is told to.
const GRACE: Duration = Duration::from_secs(5);

/// Pause when no connection can be accepted: out of file descriptors, most likely.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A listener that is bound and not served yet.
pub(super) struct Webhook {
    listener: TcpListener,
    door: Arc<Door>,
    read_wait: Duration,
    connections_max: usize,
}

impl Webhook {
    /// Binds the configured address; nothing when none is configured.
    pub async fn bind(settings: &Settings, hints: Hints) -> Result<Option<Self>> {
        let webhook = &settings.webhook;
        if webhook.listen.is_empty() {
            return Ok(None);
        }
        let listener = TcpListener::bind(&webhook.listen)
            .await
            .map_err(|source| WatchError::Listen { address: webhook.listen.clone(), source })?;
        let read_wait = Duration::from_secs(webhook.read_seconds);
        let door = Door {
            token: Token::new(webhook.token.reveal().trim()),
            body_bytes_max: settings.event_bytes_max,
            body_wait: read_wait,
            hints,
        };
        Ok(Some(Self { listener, door: Arc::new(door), read_wait, connections_max: webhook.connections_max }))
    }

    /// Where it listens.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until told to stop, and then lets requests under way end.
    pub async fn serve(self, stop: &CancellationToken) {
        if let Ok(address) = self.address() {
            tracing::info!(%address, "listening for bucket events");
        }
        let mut http = http1::Builder::new();
        // Also ends connections on which nothing is asked any more.
        http.timer(TokioTimer::new()).header_read_timeout(self.read_wait);
        let room = Arc::new(Semaphore::new(self.connections_max));
        let connections = GracefulShutdown::new();
        let accept = async {
            loop {
                // Never closed, so there is always a permit to be had in the end.
                let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
                let stream = match self.listener.accept().await.and_then(|(stream, _)| without_delay(stream)) {
                    Ok(stream) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "could not accept a connection for bucket events");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                };
                let door = Arc::clone(&self.door);
                let service = service_fn(move |request| {
                    let door = Arc::clone(&door);
                    async move { Ok::<_, Infallible>(door.answer(request).await) }
                });
                let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
                tokio::spawn(async move {
                    // A connection that breaks is the sender's to notice.
                    let _ = connection.await;
                    drop(permit);
                });
            }
        };
        stop.run_until_cancelled(accept).await;
        if tokio::time::timeout(GRACE, connections.shutdown()).await.is_err() {
            tracing::debug!("the listener for bucket events ended with requests under way");
        }
    }
}

/// Small answers leave at once instead of waiting for the sender's delayed acknowledgement.
fn without_delay(stream: TcpStream) -> std::io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// What answers requests.
struct Door {
    token: Token,
    body_bytes_max: usize,
    body_wait: Duration,
    hints: Hints,
}

type Answer = Response<Full<Bytes>>;

impl Door {
    async fn answer<B>(&self, request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/healthz") => answer(StatusCode::OK, "ok"),
            // MinIO asks by HEAD whether anybody is there.
            (&Method::POST | &Method::HEAD, "/events") if !self.token.is_in(request.headers()) => {
                let mut refusal = answer(
                    StatusCode::UNAUTHORIZED,
                    "the token is missing or wrong: give MinIO's auth_token the text of watch.webhook.token",
                );
                refusal.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                refusal
            }
            (&Method::HEAD, "/events") => answer(StatusCode::OK, ""),
            (&Method::POST, "/events") => match self.body(request.into_body()).await {
                Ok(event) => self.take(&event),
                Err(refusal) => refusal,
            },
            (_, "/events") => {
                let mut refusal = answer(StatusCode::METHOD_NOT_ALLOWED, "events are sent by POST");
                refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("POST, HEAD"));
                refusal
            }
            _ => answer(StatusCode::NOT_FOUND, "there are /events and /healthz"),
        }
    }

    async fn body<B>(&self, body: B) -> Result<Bytes, Answer>
    where
        B: Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let too_large = || {
            let message = format!("an event has at most {} bytes (watch.event_bytes_max)", self.body_bytes_max);
            answer(StatusCode::PAYLOAD_TOO_LARGE, message)
        };
        if body.size_hint().lower() > self.body_bytes_max as u64 {
            return Err(too_large());
        }
        let read = Limited::new(body, self.body_bytes_max).collect();
        match tokio::time::timeout(self.body_wait, read).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(_)) => Err(answer(StatusCode::BAD_REQUEST, "the body of the request broke off")),
            Err(_) => Err(answer(StatusCode::REQUEST_TIMEOUT, "the body of the request did not arrive in time")),
        }
    }

    fn take(&self, event: &[u8]) -> Answer {
        match self.hints.take(event) {
            Ok(()) => answer(StatusCode::OK, ""),
            Err(unreadable) => {
                let status = match unreadable {
                    Unreadable::TooLong { .. } | Unreadable::ManyRecords { .. } => StatusCode::PAYLOAD_TOO_LARGE,
                    Unreadable::Form(_) => StatusCode::BAD_REQUEST,
                };
                answer(status, unreadable.to_string())
            }
        }
    }
}

fn answer(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    answer
}

/// The token, as hashes: comparing them takes the same time whatever was sent, of whatever length.
struct Token([[u8; 32]; 2]);

impl Token {
    /// MinIO sends a token of one word as `Bearer <token>`, and one of two words, a scheme of its own, as it is.
    fn new(token: &str) -> Self {
        Token([token.to_owned(), format!("Bearer {token}")].map(|header| Sha256::digest(header).into()))
    }

    fn is_in(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        let given: [u8; 32] = Sha256::digest(given).into();
        let [plain, bearer] = &self.0;
        (given.ct_eq(plain) | given.ct_eq(bearer)).into()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::mpsc;
    use tokio::task::JoinHandle;
    use tokio::time::timeout;

    use super::super::hints::Reader;
    use super::super::{HintCounts, WebhookSettings};
    use super::*;

    const EVENT: &str = r#"{"EventName":"s3:ObjectCreated:Put","Key":"imports/inbox/acme/a.csv"}"#;

    /// A listener on a free port.
    struct Listening {
        address: SocketAddr,
        waiting: mpsc::Receiver<String>,
        reader: Reader,
        stop: CancellationToken,
        served: JoinHandle<()>,
    }

    async fn listening(change: impl FnOnce(&mut Settings)) -> Listening {
        let webhook =
            WebhookSettings { listen: "127.0.0.1:0".into(), token: "hush".into(), ..WebhookSettings::default() };
        let mut settings = Settings { webhook, ..Settings::default() };
        change(&mut settings);
        let reader = Reader::new("imports".into(), &settings);
        let (hints, waiting) = Hints::new(reader.clone(), settings.hints_waiting_max);
        let webhook = Webhook::bind(&settings, hints).await.unwrap().unwrap();
        let (address, stop) = (webhook.address().unwrap(), CancellationToken::new());
        let told = stop.clone();
        let served = tokio::spawn(async move { webhook.serve(&told).await });
        Listening { address, waiting, reader, stop, served }
    }

    impl Listening {
        /// Sends bytes and returns all that comes back until the connection ends.
        async fn send(&self, bytes: &[u8]) -> String {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            // A refusal may come before all is sent.
            let _ = stream.write_all(bytes).await;
            let mut answer = Vec::new();
            let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.expect("an end");
            String::from_utf8_lossy(&answer).into_owned()
        }

        /// The status of the answer to a request of this line, token and body.
        async fn ask(&self, line: &str, authorization: &str, body: &str) -> u16 {
            let head = format!(
                "{line} HTTP/1.1\r\nHost: arrivage\r\nConnection: close\r\nAuthorization: {authorization}\r\n\
                 Content-Length: {}\r\n\r\n",
                body.len()
            );
            status(&self.send(format!("{head}{body}").as_bytes()).await)
        }
    }

    fn status(answer: &str) -> u16 {
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    #[tokio::test]
    async fn an_event_with_the_token_becomes_a_hint() {
        let mut listening = listening(|_| {}).await;
        assert_eq!(listening.ask("POST /events", "Bearer hush", EVENT).await, 200);
        assert_eq!(listening.ask("POST /events", "hush", EVENT).await, 200);
        assert_eq!(listening.waiting.recv().await.unwrap(), "inbox/acme/a.csv");
        assert_eq!(listening.waiting.recv().await.unwrap(), "inbox/acme/a.csv");
        assert_eq!(listening.ask("HEAD /events", "Bearer hush", "").await, 200);
        assert_eq!(listening.ask("GET /healthz", "", "").await, 200);
    }

    #[tokio::test]
    async fn without_the_token_nothing_is_read() {
        let mut listening = listening(|_| {}).await;
        for authorization in ["", "Bearer", "Bearer hus", "Bearer hushh", "hush ", "bearer hush hush", "Basic aHVzaA=="]
        {
            let expected = if authorization.trim() == "hush" { 200 } else { 401 };
            assert_eq!(listening.ask("POST /events", authorization, "{}").await, expected, "{authorization:?}");
        }
        let endless = "POST /events HTTP/1.1\r\nHost: arrivage\r\nContent-Length: 999999999\r\n\r\n";
        assert_eq!(status(&listening.send(endless.as_bytes()).await), 401);
        assert!(listening.waiting.try_recv().is_err());
    }

    #[tokio::test]
    async fn what_cannot_be_an_event_is_refused_and_what_is_no_hint_is_not() {
        let listening = listening(|settings| settings.event_bytes_max = 200).await;
        let ask = |body: String| {
            let listening = &listening;
            async move { listening.ask("POST /events", "Bearer hush", &body).await }
        };
        assert_eq!(ask("{}".into()).await, 200);
        assert_eq!(ask(EVENT.replace("inbox", "outbox")).await, 200);
        assert_eq!(ask("<xml/>".into()).await, 400);
        assert_eq!(ask(String::new()).await, 400);
        assert_eq!(ask(" ".repeat(201)).await, 413);
        assert_eq!(listening.ask("GET /events", "Bearer hush", "").await, 405);
        assert_eq!(listening.ask("POST /", "Bearer hush", EVENT).await, 404);
        let chunked = format!(
            "POST /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: hush\r\n\
             Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
            format!("64\r\n{}\r\n", " ".repeat(100)).repeat(3)
        );
        assert_eq!(status(&listening.send(chunked.as_bytes()).await), 413);
        let expected = HintCounts { taken: 0, ignored: 1, unreadable: 2, dropped: 0 };
        assert_eq!(listening.reader.counts(), expected);
    }

    #[tokio::test]
    async fn a_full_channel_drops_hints_and_keeps_nobody_waiting() {
        let listening = listening(|settings| settings.hints_waiting_max = 2).await;
        for _ in 0..5 {
            assert_eq!(listening.ask("POST /events", "Bearer hush", EVENT).await, 200);
        }
        let HintCounts { taken, dropped, .. } = listening.reader.counts();
        assert_eq!((taken, dropped), (5, 3));
    }

    #[tokio::test]
    async fn who_sends_nothing_is_left_and_keeps_nobody_out() {
        let listening = listening(|settings| {
            settings.webhook.read_seconds = 1;
            settings.webhook.connections_max = 2;
        })
        .await;
        let idle = TcpStream::connect(listening.address).await.unwrap();
        let mut slow = TcpStream::connect(listening.address).await.unwrap();
        let half = "POST /events HTTP/1.1\r\nHost: a\r\nAuthorization: hush\r\nContent-Length: 10\r\n\r\n{";
        slow.write_all(half.as_bytes()).await.unwrap();
        assert_eq!(listening.ask("POST /events", "Bearer hush", EVENT).await, 200);
        let mut answer = [0; 12];
        slow.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 408");
        drop(idle);
    }

    #[tokio::test]
    async fn told_to_stop_it_ends_and_listens_no_more() {
        let listening = listening(|_| {}).await;
        // A connection that is kept open does not hold it up.
        let mut kept = TcpStream::connect(listening.address).await.unwrap();
        kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut answer = [0; 12];
        kept.read_exact(&mut answer).await.unwrap();
        listening.stop.cancel();
        timeout(Duration::from_secs(3), listening.served).await.expect("an end").unwrap();
        assert!(TcpStream::connect(listening.address).await.is_err());
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_named() {
        let listening = listening(|_| {}).await;
        let mut settings = Settings::default();
        settings.webhook.listen = listening.address.to_string();
        let (hints, _waiting) = Hints::new(listening.reader.clone(), 1);
        let refusal = Webhook::bind(&settings, hints).await.err().unwrap().to_string();
        assert!(refusal.contains(&listening.address.to_string()), "{refusal}");
    }
}
