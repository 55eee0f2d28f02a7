//! One `epoll` for the thread that reads acknowledgements, and an `eventfd` to wake it.

use crate::{
    failpoint,
    sync::{epoll_wait, write},
};
use rustix::{
    event::{
        EventfdFlags, Timespec,
        epoll::{self, CreateFlags, EventData, EventFlags},
        eventfd,
    },
    io::Errno,
};
use std::{ffi::c_int, mem::MaybeUninit, net::TcpStream, os::fd::OwnedFd, time::Duration};

/// No socket is watched under this token.
const WAKE: u64 = 0;
/// Events that one wait brings at most.
const EVENTS: usize = 64;
/// The longest sleep with a timeout: every kernel knows such times.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What a thread sleeps on. Sockets are level-triggered.
pub struct Poller {
    epoll: OwnedFd,
    wake: OwnedFd,
}

/// The tokens of the sockets that can be read from, or whose other end has closed: what a wait
/// brings, in room that is used again and again.
#[derive(Default)]
pub struct Ready(Vec<u64>);

impl Ready {
    pub fn tokens(&self) -> impl Iterator<Item = u64> {
        self.0.iter().copied()
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl Poller {
    /// The error is an errno: no descriptor is left, or no memory.
    pub fn new() -> Result<Self, c_int> {
        let make = || {
            let epoll = epoll::create(CreateFlags::CLOEXEC)?;
            let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
            // Nobody reads the counter: each wake ends one wait, the next or the present one.
            let once = EventFlags::IN | EventFlags::ET;
            epoll::add(&epoll, &wake, EventData::new_u64(WAKE), once)?;
            Ok(Self { epoll, wake })
        };
        make().map_err(Errno::raw_os_error)
    }

    /// Watches a socket under `token`, which is not 0. The error is an errno.
    pub(crate) fn add(&self, socket: &TcpStream, token: u64) -> Result<(), c_int> {
        if failpoint::fails("watch") {
            return Err(Errno::NOSPC.raw_os_error());
        }
        let interest = EventFlags::IN | EventFlags::RDHUP;
        epoll::add(&self.epoll, socket, EventData::new_u64(token), interest)
            .map_err(Errno::raw_os_error)
    }

    /// A socket that is not watched is no error.
    pub(crate) fn remove(&self, socket: &TcpStream) {
        let _ = epoll::delete(&self.epoll, socket);
    }

    /// Sleeps until a socket is ready, [`Poller::wake`] is called, or the time is over (in
    /// whole milliseconds; a day at most; None: no time). The error is an errno.
    pub fn wait(&self, ready: &mut Ready, time: Option<Duration>) -> Result<(), c_int> {
        ready.0.clear();
        // What is left of a millisecond is slept too (rustix rounds up).
        let time = time.and_then(|time| Timespec::try_from(time.min(LONGEST)).ok());
        let mut events = [MaybeUninit::uninit(); EVENTS];
        match epoll_wait(&self.epoll, &mut events[..], time.as_ref()) {
            Ok((events, _)) => {
                let tokens = events.iter().map(|event| event.data.u64());
                ready.0.extend(tokens.filter(|token| *token != WAKE));
                Ok(())
            }
            Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(errno.raw_os_error()),
        }
    }

    /// Ends one wait: the present one, or the next. Any thread.
    pub fn wake(&self) {
        // It fails only where the counter is full, and the wait ends then too.
        let _ = write(&self.wake, &1u64.to_ne_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io::Write, net::TcpListener};

    #[test]
    fn a_wake_ends_one_wait() {
        const SHORT: Duration = Duration::from_millis(20);
        let poller = Poller::new().unwrap();
        let mut ready = Ready::default();
        let mut sleeps = || {
            let begun = std::time::Instant::now();
            poller.wait(&mut ready, Some(SHORT)).unwrap();
            begun.elapsed() >= SHORT
        };
        for _ in 0..2 {
            poller.wake();
            poller.wake();
            assert!(!sleeps(), "awake");
            assert!(sleeps() && sleeps(), "nobody wakes it any more");
        }
    }

    #[test]
    fn a_socket_is_ready_by_its_token_until_it_is_removed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut theirs = listener.accept().unwrap().0;
        let poller = Poller::new().unwrap();
        let mut ready = Ready::default();
        poller.add(&ours, 7).unwrap();
        theirs.write_all(b"x").unwrap();
        poller.wait(&mut ready, None).unwrap();
        assert_eq!(ready.tokens().collect::<Vec<_>>(), [7]);
        poller.remove(&ours);
        poller.remove(&ours);
        poller.wake();
        poller.wait(&mut ready, Some(Duration::MAX)).unwrap();
        assert_eq!(ready.tokens().count(), 0);
    }

    #[test]
    fn a_sleep_ends_when_its_time_is_over_and_not_before() {
        let poller = Poller::new().unwrap();
        let mut ready = Ready::default();
        for micros in [0, 1, 1500] {
            let time = Duration::from_micros(micros);
            let begin = std::time::Instant::now();
            poller.wait(&mut ready, Some(time)).unwrap();
            assert!(begin.elapsed() >= time);
            assert_eq!(ready.tokens().count(), 0);
        }
    }
}
