//! A TCP proxy that stands between a replica and its source and misbehaves on command.
//!
//! It owns the sockets of both sides and two pump threads for each connection. It knows nothing of
//! the MySQL protocol. What it does is switched at run time, and holds for the connections that
//! exist at that moment: swallowing what the replica says (this is how an acknowledgement gets
//! lost), stalling one direction, cutting. A connection that is made after [`Proxy::cut`] passes
//! untouched.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::SockRef;

/// How long a pump sleeps in a read before it looks at its mode again.
const TICK: Duration = Duration::from_millis(10);

/// Which way bytes flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    ToSource,
    ToReplica,
}

/// How the proxy ends the connections it cuts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// An orderly end: both peers read an end of file.
    Fin,
    /// A reset, as after the crash of a machine or by a firewall.
    Rst,
}

const PASS: u8 = 0;
const SWALLOW: u8 = 1;
const STALL: u8 = 2;

#[derive(Default)]
struct Modes {
    to_source: AtomicU8,
    to_replica: AtomicU8,
    cut: AtomicBool,
    rst: AtomicBool,
    /// Bytes of the replica that never reached the source.
    swallowed: AtomicU64,
}

struct Shared {
    target: SocketAddr,
    stop: AtomicBool,
    links: Mutex<Vec<Arc<Modes>>>,
    accepted: AtomicU64,
}

/// A running proxy; dropping it cuts what it holds and joins its threads.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Listens on a free loopback port and forwards to the server on `target_port`.
    pub fn in_front_of(target_port: u16) -> io::Result<Self> {
        Self::of(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?, target_port)
    }

    /// As `in_front_of`. What the proxy has not read of a connection does not grow beyond some tens
    /// of kilobytes.
    pub fn narrow_in_front_of(target_port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        SockRef::from(&listener).set_recv_buffer_size(64 * 1024)?;
        Self::of(listener, target_port)
    }

    fn of(listener: TcpListener, target_port: u16) -> io::Result<Self> {
        let port = listener.local_addr()?.port();
        listener.set_nonblocking(true)?;
        let shared = Arc::new(Shared {
            target: SocketAddr::from((Ipv4Addr::LOCALHOST, target_port)),
            stop: AtomicBool::new(false),
            links: Mutex::new(Vec::new()),
            accepted: AtomicU64::new(0),
        });
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept_loop(&listener, &shared)
        });
        Ok(Self {
            port,
            shared,
            acceptor: Some(acceptor),
        })
    }

    /// The port a replica connects to (`SOURCE_PORT`).
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Drops everything that the replicas connected now say from here on: their acknowledgements
    /// get lost.
    pub fn swallow_acknowledgements(&self) {
        self.each(|link| link.to_source.store(SWALLOW, Ordering::SeqCst));
    }

    /// Holds back one direction of the connections that exist now. Nothing is lost, and the sender
    /// sees its buffers fill.
    pub fn stall(&self, direction: Direction) {
        self.each(|link| link.lane(direction).store(STALL, Ordering::SeqCst));
    }

    /// Lets everything flow again. What has been swallowed stays lost.
    pub fn pass(&self) {
        self.each(|link| {
            link.to_source.store(PASS, Ordering::SeqCst);
            link.to_replica.store(PASS, Ordering::SeqCst);
        });
    }

    /// Ends all connections. Later ones pass.
    pub fn cut(&self, how: Cut) {
        let links = std::mem::take(&mut *self.links());
        for link in links {
            link.rst.store(how == Cut::Rst, Ordering::SeqCst);
            link.cut.store(true, Ordering::SeqCst);
        }
    }

    /// How many bytes of the present connections were swallowed so far.
    pub fn swallowed(&self) -> u64 {
        self.links()
            .iter()
            .map(|link| link.swallowed.load(Ordering::SeqCst))
            .sum()
    }

    /// How many connections were ever accepted.
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    fn each(&self, set: impl Fn(&Modes)) {
        self.links().iter().for_each(|link| set(link));
    }

    fn links(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Modes>>> {
        self.shared
            .links
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Modes {
    fn lane(&self, direction: Direction) -> &AtomicU8 {
        match direction {
            Direction::ToSource => &self.to_source,
            Direction::ToReplica => &self.to_replica,
        }
    }
}

fn accept_loop(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut pumps = Vec::new();
    while !shared.stop.load(Ordering::SeqCst) {
        match listener.accept() {
            Ok((replica, _)) => {
                let Ok(source) = TcpStream::connect(shared.target) else {
                    continue;
                };
                match start_link(replica, source, shared) {
                    Ok(started) => pumps.extend(started),
                    Err(e) => eprintln!("proxy: a connection could not be set up: {e}"),
                }
            }
            Err(_) => thread::sleep(TICK),
        }
    }
    let links = std::mem::take(&mut *shared.links.lock().unwrap_or_else(PoisonError::into_inner));
    links
        .iter()
        .for_each(|link| link.cut.store(true, Ordering::SeqCst));
    for pump in pumps {
        let _ = pump.join();
    }
}

fn start_link(
    replica: TcpStream,
    source: TcpStream,
    shared: &Arc<Shared>,
) -> io::Result<[JoinHandle<()>; 2]> {
    for side in [&replica, &source] {
        // The listener is non-blocking and some systems hand that on.
        side.set_nonblocking(false)?;
        side.set_nodelay(true)?;
        side.set_read_timeout(Some(TICK))?;
        side.set_write_timeout(Some(TICK))?;
    }
    let link = Arc::new(Modes::default());
    let up = (replica.try_clone()?, source.try_clone()?, Arc::clone(&link));
    let down = (source, replica, Arc::clone(&link));
    shared
        .links
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(link);
    shared.accepted.fetch_add(1, Ordering::SeqCst);
    Ok([
        thread::spawn(move || pump(up.0, up.1, &up.2, Direction::ToSource)),
        thread::spawn(move || pump(down.0, down.1, &down.2, Direction::ToReplica)),
    ])
}

/// Moves bytes from one socket to the other until either ends or the link is cut.
fn pump(mut from: TcpStream, mut to: TcpStream, link: &Modes, direction: Direction) {
    let mut buffer = vec![0; 64 * 1024];
    while !link.cut.load(Ordering::SeqCst) {
        if link.lane(direction).load(Ordering::SeqCst) == STALL {
            thread::sleep(TICK);
            continue;
        }
        let n = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if is_tick(&e) => continue,
            Err(_) => break,
        };
        // The mode counts at the moment when the bytes arrive: a switch during the read must not
        // let them through.
        if link.lane(direction).load(Ordering::SeqCst) == SWALLOW {
            link.swallowed.fetch_add(n as u64, Ordering::SeqCst);
            continue;
        }
        if write_until_cut(&mut to, &buffer[..n], link).is_err() {
            break;
        }
    }
    link.cut.store(true, Ordering::SeqCst);
    if link.rst.load(Ordering::SeqCst) {
        // Both clones of the socket close with a reset then, if there was no shutdown before.
        let _ = SockRef::from(&from).set_linger(Some(Duration::ZERO));
        let _ = SockRef::from(&to).set_linger(Some(Duration::ZERO));
    } else {
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }
}

fn write_until_cut(to: &mut TcpStream, mut bytes: &[u8], link: &Modes) -> io::Result<()> {
    while !bytes.is_empty() {
        if link.cut.load(Ordering::SeqCst) {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        match to.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(e) if is_tick(&e) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

fn is_tick(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
