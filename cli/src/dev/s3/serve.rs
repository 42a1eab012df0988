//! The server: the S3 protocol, checked keys, and a graceful end.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};

use super::disk::Disk;

/// How long requests may take to end when the server is told to.
const GRACE: Duration = Duration::from_secs(5);

/// Serves the objects in `root` at 127.0.0.1 until SIGTERM or SIGINT. Requests must be signed with the keys.
///
/// # Errors
/// When the folder cannot be made or the port is taken.
pub(super) async fn serve(root: &Path, port: u16, access_key: &str, secret_key: &str) -> anyhow::Result<()> {
    let disk = Disk::open(root).with_context(|| format!("open the object store in {}", root.display()))?;
    let mut service = S3ServiceBuilder::new(disk);
    service.set_auth(SimpleAuth::from_single(access_key, secret_key));
    let service = service.build();

    let mut told_to_end = signal(SignalKind::terminate())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await.with_context(|| format!("listen on port {port}"))?;
    eprintln!("serving {} on port {port}", root.display());

    let http = Builder::new(TokioExecutor::new());
    let connections = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted.map(|(stream, _)| stream),
            _ = told_to_end.recv() => break,
            _ = tokio::signal::ctrl_c() => break,
        };
        match stream.and_then(without_delay) {
            Ok(stream) => {
                let connection = http.serve_connection(TokioIo::new(stream), service.clone()).into_owned();
                // A connection that breaks is the client's to notice.
                tokio::spawn(connections.watch(connection));
            }
            Err(error) => {
                eprintln!("could not accept a connection: {error}");
                // Out of file descriptors, most likely: let some close.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    if tokio::time::timeout(GRACE, connections.shutdown()).await.is_err() {
        eprintln!("ended with requests under way");
    }
    Ok(())
}

/// Small answers leave at once instead of waiting 40 ms for the client's delayed acknowledgement.
fn without_delay(stream: TcpStream) -> std::io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    Ok(stream)
}
