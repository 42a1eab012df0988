//! Files from a web server, over real connections to one that does as each test tells it.

#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use sources::{Auth, Settings, Source, SourceError};
use support::{fetch, settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a request.
enum Answer {
    /// Sends this and closes the connection.
    Text(String),
    /// Sends a head, then bytes without end.
    Endless(String),
    /// Sends a head, then nothing, and keeps the connection.
    Silence(String),
}

/// A web server of one test on 127.0.0.1.
struct Server {
    address: SocketAddr,
    /// The heads of all requests, in lower case.
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_on("127.0.0.1", answer).await
    }

    async fn start_on(host: &str, answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (requests.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answer) = (seen.clone(), answer.clone());
                tokio::spawn(async move { serve(stream, &seen, &*answer).await });
            }
        });
        Server { address, requests }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, seen: &Mutex<Vec<String>>, answer: &(dyn Fn(&str) -> Answer + Send + Sync)) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    seen.lock().unwrap().push(head.to_lowercase());
    // The client leaves when it has had enough.
    let _ = match answer(head.split(' ').nth(1).unwrap()) {
        Answer::Text(text) => stream.write_all(text.as_bytes()).await,
        Answer::Endless(head) => {
            let mut sent = stream.write_all(head.as_bytes()).await;
            while sent.is_ok() {
                sent = stream.write_all(&[b'x'; 65_536]).await;
            }
            sent
        }
        Answer::Silence(head) => {
            let sent = stream.write_all(head.as_bytes()).await;
            let _ = stream.read_u8().await;
            sent
        }
    };
}

fn ok(headers: &str, body: &str) -> Answer {
    Answer::Text(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len()))
}

fn redirect(to: &str) -> Answer {
    Answer::Text(format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"))
}

fn source(url: &str) -> Source {
    Source::http(url, None).unwrap()
}

fn here() -> Settings {
    settings(&["127.0.0.1/32"])
}

async fn refusal(url: &str, settings: &Settings) -> SourceError {
    fetch(&source(url), Some("tell-nobody"), None, settings).await.unwrap_err()
}

#[tokio::test]
async fn a_file_comes_with_its_name_and_validators() {
    let server = Server::start(|_| {
        ok("Content-Disposition: attachment; filename=\"../tarif 1.csv\"\r\nETag: \"v1\"\r\n", "sku;price\nA;1\n")
    })
    .await;
    let (file, bytes) = fetch(&source(&server.url("/x?token=hush")), None, None, &here()).await.unwrap().unwrap();
    assert_eq!((file.name.as_str(), file.bytes, bytes.as_slice()), ("tarif 1.csv", 14, &b"sku;price\nA;1\n"[..]));
    assert_eq!(file.validators.etag.as_deref(), Some("\"v1\""));
    let request = &server.requests()[0];
    assert!(request.starts_with("get /x?token=hush "), "{request}");
    assert!(!request.contains("authorization") && !request.contains("if-none-match"), "{request}");
}

#[tokio::test]
async fn an_unchanged_file_is_not_fetched_again() {
    let modified = "Wed, 01 Dec 2027 06:00:00 GMT";
    let seen = Arc::new(Mutex::new(0));
    let server = Server::start(move |_| {
        let mut seen = seen.lock().unwrap();
        *seen += 1;
        match *seen {
            1 => ok(&format!("ETag: \"v1\"\r\nLast-Modified: {modified}\r\n"), "a"),
            _ => Answer::Text("HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n".to_owned()),
        }
    })
    .await;
    let source = source(&server.url("/prices.csv"));
    let (first, _) = fetch(&source, None, None, &here()).await.unwrap().unwrap();
    assert!(fetch(&source, None, Some(&first.validators), &here()).await.unwrap().is_none());
    let second = &server.requests()[1];
    assert!(second.contains("if-none-match: \"v1\"\r\n") && second.contains(&modified.to_lowercase()), "{second}");
}

#[tokio::test]
async fn this_machine_is_refused_in_every_spelling() {
    let server = Server::start(|_| ok("", "a")).await;
    let port = server.address.port();
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0",
        "0.0.0.0",
        "127.255.255.254",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[::127.0.0.1]",
        "localhost",
        "LOCALHOST",
        "①②⑦.0.0.1",
    ] {
        let error = refusal(&format!("http://{host}:{port}/prices.csv"), &settings(&[])).await;
        assert!(matches!(error, SourceError::AddressRefused { .. }), "{host}: {error}");
    }
    assert_eq!(server.requests(), [""; 0], "nothing was sent");
}

#[tokio::test]
async fn an_allowed_network_is_reached_by_name_and_by_address() {
    let server = Server::start(|_| ok("", "a")).await;
    let port = server.address.port();
    for host in ["127.0.0.1", "localhost"] {
        let source = source(&format!("http://{host}:{port}/prices.csv"));
        let allowed = settings(&["127.0.0.0/8", "::1/128"]);
        assert!(fetch(&source, None, None, &allowed).await.unwrap().is_some(), "{host}");
    }
}

#[tokio::test]
async fn no_redirect_leads_to_where_the_source_may_not() {
    for (to, expected) in [
        ("http://10.0.0.1/", "10.0.0.1"),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254"),
        ("http://127.0.0.2:1/", "127.0.0.2"),
        ("//127.2:1/", "127.0.0.2"),
        ("http://[::1]:1/", "::1"),
        ("http://[::ffff:10.0.0.1]/", "10.0.0.1"),
        ("file:///etc/passwd", "file:"),
        ("ftp://127.0.0.1/", "ftp:"),
        ("http://", "no address"),
    ] {
        let server = Server::start(move |_| redirect(to)).await;
        let error = refusal(&server.url("/"), &here()).await;
        let refused = matches!(error, SourceError::AddressRefused { .. } | SourceError::RedirectRefused { .. });
        assert!(refused && error.to_string().contains(expected), "{to}: {error}");
        assert!(error.permanent());
    }
    // Nor behind several that are harmless.
    let server = Server::start(|path| match path {
        "/1" => redirect("/2"),
        "/2" => redirect("/3"),
        _ => redirect("http://192.168.0.1/"),
    })
    .await;
    assert!(matches!(refusal(&server.url("/1"), &here()).await, SourceError::AddressRefused { .. }));
}

#[tokio::test]
async fn redirects_are_followed_and_end() {
    let server = Server::start(|path| match path {
        "/old" => redirect("/new/prices.csv"),
        "/new/prices.csv" => ok("", "a"),
        loop_without_end => redirect(loop_without_end),
    })
    .await;
    let (file, _) = fetch(&source(&server.url("/old")), None, None, &here()).await.unwrap().unwrap();
    assert_eq!(file.name, "prices.csv");
    let error = refusal(&server.url("/loop"), &here()).await;
    assert!(matches!(error, SourceError::TooManyRedirects { limit: 5 }), "{error}");
    assert_eq!(server.requests().len(), 2 + 6, "five redirects, each followed once");
}

#[tokio::test]
async fn the_secret_is_sent_to_its_own_server_and_nowhere_else() {
    let elsewhere = Server::start_on("127.0.0.2", |_| ok("", "a")).await;
    let back = Arc::new(Mutex::new(String::new()));
    let (there, answer_back) = (elsewhere.url("/a.csv"), back.clone());
    let server = Server::start(move |path| match path {
        "/same" => redirect("/file"),
        "/other" => redirect(&there),
        "/away-and-back" => redirect(&answer_back.lock().unwrap()),
        _ => ok("", "a"),
    })
    .await;
    let home = server.url("/file");
    let bounce = Server::start_on("127.0.0.2", move |_| redirect(&home)).await;
    *back.lock().unwrap() = bounce.url("/");
    let rules = settings(&["127.0.0.1/32", "127.0.0.2/32"]);
    let auths = [
        (None, "authorization: bearer tell-nobody"),
        (Some(Auth::Basic { user: "me".into() }), "authorization: basic bwu6dgvsbc1ub2jvzhk="),
        (Some(Auth::Header { name: "X-Api-Key".into() }), "x-api-key: tell-nobody"),
    ];
    for (auth, expected) in auths {
        for path in ["/same", "/other", "/away-and-back"] {
            let source = Source::http(&server.url(path), auth.clone()).unwrap();
            fetch(&source, Some("tell-nobody\n"), None, &rules).await.unwrap().unwrap();
        }
        let sent = |request: &String| request.contains(expected);
        assert_eq!(server.requests().iter().filter(|request| sent(request)).count(), 4, "{expected}");
        assert_eq!(server.requests().len(), 5);
        assert!(!elsewhere.requests().iter().any(sent) && !bounce.requests().iter().any(sent));
        server.requests.lock().unwrap().clear();
    }
}

#[tokio::test]
async fn a_secret_in_an_address_stands_apart_from_it() {
    let server = Server::start(|path| match path {
        "/p.csv?token=a%26b+c&v=1" => redirect("/nowhere"),
        _ => Answer::Text("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".into()),
    })
    .await;
    let source = source(&server.url("/p.csv?token={secret}&v=1"));
    assert!(source.needs_secret());
    let error = fetch(&source, Some("a&b c"), None, &here()).await.unwrap_err();
    assert!(error.to_string().contains("/nowhere"), "{error}");
    assert!(server.requests().iter().all(|request| !request.contains("authorization")));
    let error = fetch(&source, None, None, &here()).await.unwrap_err();
    assert_eq!(error.code_word(), "source_secret");
}

#[tokio::test]
async fn a_body_without_end_ends_at_the_limit_whatever_it_promised() {
    let heads = [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffff\r\n",
    ];
    for head in heads {
        let server = Server::start(move |_| Answer::Endless(head.to_owned())).await;
        let error = refusal(&server.url("/"), &here()).await;
        assert!(matches!(error, SourceError::TooLarge { limit: 1_000_000 }), "{head}: {error}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_file() {
    let server = Server::start(|_| Answer::Text("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".into())).await;
    let error = refusal(&server.url("/"), &here()).await;
    assert!(matches!(error, SourceError::Unreachable { .. }) && !error.permanent(), "{error}");
}

#[tokio::test]
async fn silence_ends_with_the_name_of_its_limit() {
    let impatient = Settings { silence_seconds_max: 1, ..here() };
    for head in ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"] {
        let server = Server::start(move |_| Answer::Silence(head.to_owned())).await;
        let error = refusal(&server.url("/"), &impatient).await.to_string();
        assert!(error.contains("sources.silence_seconds_max"), "{error}");
    }
    let server = Server::start(|_| Answer::Silence(String::new())).await;
    let error = refusal(&server.url("/"), &Settings { fetch_seconds_max: 1, ..here() }).await.to_string();
    assert!(error.contains("sources.fetch_seconds_max"), "{error}");
}

#[tokio::test]
async fn answers_that_are_no_file_are_told_apart() {
    let answer = |status: &str| Answer::Text(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"));
    for (status, word, permanent) in [
        ("401 Unauthorized", "source_login", true),
        ("403 Forbidden", "source_login", true),
        ("404 Not Found", "source_not_found", false),
        ("410 Gone", "source_not_found", false),
        ("304 Not Modified", "source_status", true),
        ("204 No Content", "source_status", true),
        ("429 Too Many Requests", "source_status", false),
        ("503 Service Unavailable", "source_status", false),
    ] {
        let server = Server::start(move |_| answer(status)).await;
        let error = refusal(&server.url("/a?token=hush"), &here()).await;
        assert_eq!((error.code_word(), error.permanent()), (word, permanent), "{status}");
        assert!(!error.to_string().contains("hush") && !error.to_string().contains("tell-nobody"), "{error}");
    }
}

#[tokio::test]
async fn nobody_there_is_told_without_the_query() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = refusal(&format!("http://{address}/a?token=hush"), &here()).await;
    assert!(matches!(error, SourceError::Unreachable { .. }) && !error.to_string().contains("hush"), "{error}");
}

#[tokio::test]
async fn a_test_tells_what_would_be_fetched() {
    let server = Server::start(|_| {
        Answer::Endless(
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\nLast-Modified: Wed, 01 Dec 2027 06:00:00 GMT\r\n\r\n"
                .into(),
        )
    })
    .await;
    let seen = sources::test(&source(&server.url("/a/prices.csv")), None, &here()).await.unwrap();
    assert_eq!((seen.name.as_str(), seen.bytes), ("prices.csv", Some(99_999_999_999)));
    assert_eq!(seen.modified.unwrap().to_rfc3339(), "2027-12-01T06:00:00+00:00");
}
