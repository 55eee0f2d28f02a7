//! A network with a delay, without the kernel's `netem`: a TCP proxy that hands on what it has read
//! a fixed time later. It holds back each direction of each connection on its own.
//!
//! A connection has four threads: for each direction one that reads and notes when, and one that
//! waits until the time has come and writes. So a delay costs no processor time, bytes that come
//! close together leave close together, and nothing waits for an answer. What lies on the way is
//! bounded by the writers' sockets alone, so the bandwidth is that of loopback.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A delayed way to a port of this machine, as long as the process lives.
#[derive(Clone, Copy, Debug)]
pub struct Delay {
    port: u16,
}

/// Bytes that are on their way, and when they arrive.
struct Travelling {
    arrival: Instant,
    bytes: Vec<u8>,
}

impl Delay {
    pub fn in_front_of(target: u16, delay: Duration) -> io::Result<Delay> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                // A target that is gone ends the connection, as a network does.
                let _ = join(near, target, delay);
            }
        });
        Ok(Delay { port })
    }

    /// Where to connect instead.
    pub fn port(self) -> u16 {
        self.port
    }
}

fn join(near: TcpStream, target: u16, delay: Duration) -> io::Result<()> {
    let far = TcpStream::connect((Ipv4Addr::LOCALHOST, target))?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    lay(near.try_clone()?, far.try_clone()?, delay);
    lay(far, near, delay);
    Ok(())
}

/// One direction.
fn lay(from: TcpStream, to: TcpStream, delay: Duration) {
    let (send, receive) = channel();
    thread::spawn(move || depart(from, &send, delay));
    thread::spawn(move || arrive(to, &receive));
}

fn depart(mut from: TcpStream, road: &Sender<Travelling>, delay: Duration) {
    let mut buffer = vec![0; 256 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let travelling = Travelling {
            arrival: Instant::now() + delay,
            bytes: buffer[..count].to_vec(),
        };
        if road.send(travelling).is_err() {
            break;
        }
    }
    // The sender's end closes the road, and `arrive` hands the end on after what is on its way.
    let _ = from.shutdown(Shutdown::Read);
}

fn arrive(mut to: TcpStream, road: &Receiver<Travelling>) {
    for travelling in road {
        thread::sleep(travelling.arrival.saturating_duration_since(Instant::now()));
        if to.write_all(&travelling.bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_arrives_whole_and_late_and_is_not_held_up_by_what_is_before_it() {
        let delay = Duration::from_millis(20);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let target = listener.local_addr().expect("an address").port();
        let way = Delay::in_front_of(target, delay).expect("a way");
        let begun = Instant::now();
        let mut near = TcpStream::connect((Ipv4Addr::LOCALHOST, way.port())).expect("a way");
        let (mut far, _) = listener.accept().expect("a connection");
        let sent: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        for part in sent.chunks(1000) {
            near.write_all(part).expect("bytes leave");
        }
        near.shutdown(Shutdown::Write).expect("an end");
        let mut arrived = Vec::new();
        far.read_to_end(&mut arrived).expect("bytes arrive");
        assert_eq!(arrived, sent);
        let took = begun.elapsed();
        // 300 parts, one after the other, would take six seconds.
        assert!(took >= delay && took < Duration::from_secs(3), "{took:?}");
    }

    #[test]
    fn an_end_on_one_side_reaches_the_other() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let target = listener.local_addr().expect("an address").port();
        let way = Delay::in_front_of(target, Duration::from_millis(1)).expect("a way");
        let mut near = TcpStream::connect((Ipv4Addr::LOCALHOST, way.port())).expect("a way");
        let (far, _) = listener.accept().expect("a connection");
        drop(far);
        assert_eq!(near.read(&mut [0]).expect("an end of file"), 0);
    }
}
