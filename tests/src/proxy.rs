//! A TCP proxy that does to connections what networks do.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Bytes carried at once.
const PIECE_BYTES: usize = 16 << 10;
/// How often a silent connection looks whether it may speak again.
const GLANCE: Duration = Duration::from_millis(20);

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// How the network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    Fair,
    /// Every connection is reset, and every new one.
    Refusing,
    /// Nothing arrives and nothing is lost.
    Silent,
}

/// What befalls a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// It is reset.
    Reset,
    /// It ends, as if the other side had said all.
    End,
    /// Everything falls silent, until [`Proxy::clear`].
    Silence,
}

/// A break to come: of a connection that has carried so many bytes this way.
struct Due {
    how: Break,
    way: Way,
    after_bytes: u64,
    times: u32,
}

struct State {
    target: SocketAddr,
    weather: Mutex<Weather>,
    breaks: Mutex<Vec<Due>>,
    broken: Mutex<u32>,
}

/// A way to a server through a network that a test makes.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

impl Proxy {
    /// A fair way to a server.
    pub fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            target,
            weather: Mutex::new(Weather::Fair),
            breaks: Mutex::default(),
            broken: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        // It ends with the process of the test.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || state.carry(client));
            }
        });
        Proxy { address, state }
    }

    /// A fair way to the server of a URL.
    pub fn to_server_of(url: &str) -> Self {
        Self::to(address_of(url).parse().unwrap())
    }

    /// The URL with this way in place of the straight one.
    pub fn url(&self, url: &str) -> String {
        url.replacen(address_of(url), &self.address.to_string(), 1)
    }

    /// Lets connections break, so many of them, once they have carried so many bytes this way.
    pub fn break_after(&self, how: Break, way: Way, after_bytes: u64, times: u32) {
        self.state.breaks.lock().unwrap().push(Due { how, way, after_bytes, times });
    }

    /// How many have broken that way.
    pub fn broken(&self) -> u32 {
        *self.state.broken.lock().unwrap()
    }

    /// Resets every connection and refuses new ones.
    pub fn refuse(&self) {
        self.set(Weather::Refusing);
    }

    /// Lets nothing through, and loses nothing.
    pub fn be_silent(&self) {
        self.set(Weather::Silent);
    }

    /// Makes the way fair again.
    pub fn clear(&self) {
        self.set(Weather::Fair);
    }

    fn set(&self, weather: Weather) {
        *self.state.weather.lock().unwrap() = weather;
    }
}

impl State {
    fn carry(&self, client: TcpStream) {
        if self.weather() == Weather::Refusing {
            return reset(&client);
        }
        let Ok(server) = TcpStream::connect(self.target) else { return reset(&client) };
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| self.pump(Way::Up, &client, &server, &over));
            self.pump(Way::Down, &server, &client, &over);
        });
        // A connection that is to be reset is, now that its last handle goes.
    }

    fn pump(&self, way: Way, mut from: &TcpStream, mut to: &TcpStream, over: &AtomicBool) {
        let mut carried = 0;
        let mut piece = vec![0; PIECE_BYTES];
        from.set_read_timeout(Some(GLANCE)).unwrap();
        let end_by = |how: fn(&TcpStream)| {
            how(from);
            how(to);
            over.store(true, Ordering::Relaxed);
        };
        while !over.load(Ordering::Relaxed) {
            let read = match self.weather() {
                Weather::Refusing => return end_by(reset),
                Weather::Silent => {
                    std::thread::sleep(GLANCE);
                    continue;
                }
                Weather::Fair => from.read(&mut piece),
            };
            let bytes = match read {
                Ok(0) => return drop(to.shutdown(Shutdown::Write)),
                Ok(bytes) => bytes,
                Err(fault) if is_timeout(&fault) => continue,
                Err(_) => return end_by(reset),
            };
            carried += bytes as u64;
            match self.broken_at(way, carried) {
                Some(Break::Reset) => return end_by(reset),
                Some(Break::End) => return end_by(end),
                Some(Break::Silence) => *self.weather.lock().unwrap() = Weather::Silent,
                None => {}
            }
            if to.write_all(&piece[..bytes]).is_err() {
                return end_by(reset);
            }
        }
    }

    fn broken_at(&self, way: Way, carried: u64) -> Option<Break> {
        let mut breaks = self.breaks.lock().unwrap();
        let due = breaks.iter_mut().find(|due| due.way == way && due.times > 0 && carried > due.after_bytes)?;
        due.times -= 1;
        *self.broken.lock().unwrap() += 1;
        Some(due.how)
    }

    fn weather(&self) -> Weather {
        *self.weather.lock().unwrap()
    }
}

/// `host:port` of a URL.
fn address_of(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap();
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    rest.split_once('/').map_or(rest, |(address, _)| address)
}

fn is_timeout(fault: &std::io::Error) -> bool {
    matches!(fault.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

/// Ends a connection as if all had been said.
fn end(connection: &TcpStream) {
    // It may have ended by itself.
    let _ = connection.shutdown(Shutdown::Both);
}

/// Lets a connection end by RST when it is closed: with a linger of no time.
fn reset(connection: &TcpStream) {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let size = libc::socklen_t::try_from(size_of::<libc::linger>()).unwrap();
    // SAFETY: the pointer and the size are those of a `linger` that outlives the call.
    unsafe {
        libc::setsockopt(
            connection.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_LINGER,
            std::ptr::from_ref(&linger).cast(),
            size,
        );
    }
}
