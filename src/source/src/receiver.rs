//! The thread that reads acknowledgements: one `epoll` over all replicas, an
//! `eventfd` to end it. It reads without blocking and keeps a buffer for each
//! replica, so a replica that sends half a packet, or nothing, delays nobody.
//!
//! Links are watched by their id, not their descriptor: an event of a
//! connection that has just been removed finds no link. Level-triggered, one
//! read for each event, so that a flood from one replica takes its turn.

use crate::{link::Link, messages, state::Source, variables::traces_details};
use semisync_core::{AckVerdict, Claim, ReplicaConnectionId, Reply, Violation};
use semisync_server::{
    ack_stream::Received,
    failpoint,
    log::{self, Arg, Level},
    psi::{Thread, ThreadKind},
    sys,
};
use std::{
    ffi::c_int,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Stock's name in `performance_schema.threads` and in `top -H`.
pub static THREAD: ThreadKind = ThreadKind::new(c"Ack_receiver", c"ss_ack");

/// One TLS record, so that a read leaves none behind inside the SSL object.
const READ_SIZE: usize = 16 * 1024;
const EVENTS: usize = 64;
/// No link has this id.
const WAKE: u64 = 0;

pub struct Receiver {
    poll: Arc<Poll>,
    thread: Thread,
}

struct Poll {
    epoll: OwnedFd,
    wake: OwnedFd,
    stop: AtomicBool,
    ended: AtomicBool,
}

impl Receiver {
    /// None: no descriptor or no thread could be had; the error log says so.
    pub fn start(source: &'static Source) -> Option<Self> {
        let started = Poll::new().and_then(|poll| {
            let poll = Arc::new(poll);
            let theirs = Arc::clone(&poll);
            THREAD
                .spawn(source.server, move || theirs.run(source))
                .map(|thread| Self { poll, thread })
        });
        started
            .map_err(|errno| {
                log::message(
                    Level::Error,
                    sys::ER_SEMISYNC_FAILED_TO_START_ACK_RECEIVER_THD,
                    &[Arg::Number(errno.unsigned_abs().into())],
                );
            })
            .ok()
    }

    /// May be called twice for the same link. The error is an errno.
    pub fn watch(&self, fd: c_int, link: ReplicaConnectionId) -> Result<(), c_int> {
        if failpoint::fails("watch") {
            return Err(libc::ENOSPC);
        }
        let interest = libc::EPOLLIN | libc::EPOLLRDHUP;
        match self.poll.control(libc::EPOLL_CTL_ADD, fd, interest, link.0) {
            Err(libc::EEXIST) => Ok(()),
            watched => watched,
        }
    }

    /// A descriptor that is not watched is no error: both the receiver and the
    /// dump thread end the watch of a connection that is gone.
    pub fn unwatch(&self, fd: c_int) {
        let _ = self.poll.control(libc::EPOLL_CTL_DEL, fd, 0, 0);
    }

    /// Whether the thread is gone although nobody stopped it.
    pub fn has_ended(&self) -> bool {
        self.poll.ended.load(Ordering::Acquire)
    }

    pub fn stop(self) {
        self.poll.stop.store(true, Ordering::Release);
        let one = 1u64.to_ne_bytes();
        // SAFETY: eight bytes to an open eventfd.
        unsafe { libc::write(self.poll.wake.as_raw_fd(), one.as_ptr().cast(), one.len()) };
        if let Err(errno) = self.thread.join() {
            log::message(
                Level::Error,
                sys::ER_SEMISYNC_FAILED_TO_STOP_ACK_RECEIVER_THD,
                &[Arg::Number(errno.unsigned_abs().into())],
            );
        }
    }
}

impl Poll {
    fn new() -> Result<Self, c_int> {
        // SAFETY: no pointers; the result is checked.
        let epoll = owned(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: as above.
        let wake = owned(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
        let poll = Self {
            epoll,
            wake,
            stop: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        };
        poll.control(
            libc::EPOLL_CTL_ADD,
            poll.wake.as_raw_fd(),
            libc::EPOLLIN,
            WAKE,
        )?;
        Ok(poll)
    }

    fn control(&self, operation: c_int, fd: c_int, interest: c_int, id: u64) -> Result<(), c_int> {
        let mut event = libc::epoll_event {
            events: interest.cast_unsigned(),
            u64: id,
        };
        // SAFETY: an open epoll descriptor and a valid event.
        match unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), operation, fd, &mut event) } {
            0 => Ok(()),
            _ => Err(errno()),
        }
    }

    fn run(&self, source: &'static Source) {
        log::message(Level::Note, sys::ER_SEMISYNC_STARTING_ACK_RECEIVER_THD, &[]);
        // Also after a panic the next start must find that this one is over.
        let _ended = Ended(&self.ended);
        let mut buffer = vec![0; READ_SIZE];
        let mut acks = Acks::default();
        while !self.stop.load(Ordering::Acquire) {
            let alone = source.links.is_empty();
            let stage = if alone {
                &source.vocabulary.waiting_for_replica
            } else {
                &source.vocabulary.waiting_for_ack
            };
            stage.enter(source.server);
            let mut events = [const {
                libc::epoll_event {
                    events: 0,
                    u64: WAKE,
                }
            }; EVENTS];
            let mut wait = || self.wait(&mut events);
            let waited = if alone {
                source.alone.wait(wait)
            } else {
                wait()
            };
            let ready = match waited {
                Ok(ready) => ready,
                Err(libc::EINTR) => continue,
                Err(errno) => {
                    log::message(
                        Level::Error,
                        sys::ER_SEMISYNC_FAILED_TO_WAIT_ON_DUMP_SOCKET,
                        &[Arg::Number(errno.unsigned_abs().into())],
                    );
                    // Nobody reads acknowledgements any more.
                    source.update(|core| core.on_disable());
                    break;
                }
            };
            source.vocabulary.reading_ack.enter(source.server);
            for event in events.iter().take(ready) {
                if let Some(link) = source.links.find(ReplicaConnectionId(event.u64)) {
                    serve(source, &link, &mut buffer, &mut acks);
                }
            }
        }
        log::message(
            Level::Note,
            sys::ER_SEMISYNC_STOPPING_ACK_RECEIVER_THREAD,
            &[],
        );
    }

    fn wait(&self, events: &mut [libc::epoll_event; EVENTS]) -> Result<usize, c_int> {
        let most = c_int::try_from(EVENTS).unwrap_or(1);
        // SAFETY: room for `most` events.
        let ready =
            unsafe { libc::epoll_wait(self.epoll.as_raw_fd(), events.as_mut_ptr(), most, -1) };
        usize::try_from(ready).map_err(|_| errno())
    }
}

struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// How a read from a link ended.
enum End {
    Open,
    Closed,
    Broken(Violation),
}

/// Acknowledgements: of each the name of a file, and how much of the file. A buffer
/// that is used again.
#[derive(Default)]
struct Acks {
    names: Vec<u8>,
    /// Where each name ends in `names`, and the offset.
    ends: Vec<(usize, u64)>,
}

impl Acks {
    fn push(&mut self, name: &[u8], offset: u64) {
        self.names.extend_from_slice(name);
        self.ends.push((self.names.len(), offset));
    }

    fn clear(&mut self) {
        self.names.clear();
        self.ends.clear();
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], u64)> {
        let mut start = 0;
        self.ends.iter().map(move |(end, offset)| {
            let name = self.names.get(start..*end).unwrap_or_default();
            start = *end;
            (name, *offset)
        })
    }
}

/// Reads once from a link and hands on what it acknowledged. `acks` is scratch.
fn serve(source: &Source, link: &Link, buffer: &mut [u8], acks: &mut Acks) {
    acks.clear();
    let mut end = read(link, buffer, acks);
    for (name, offset) in acks.iter() {
        if let Err(violation) = acknowledge(source, link, name, offset) {
            end = End::Broken(violation);
            break;
        }
    }
    match end {
        End::Open => {}
        End::Closed => source.lose(link),
        End::Broken(violation) => {
            messages::violation(link, violation);
            source.links.ignore(link);
            source.stop_counting(link);
        }
    }
}

fn read(link: &Link, buffer: &mut [u8], acks: &mut Acks) -> End {
    let mut gate = link.gate.lock();
    let Some(intake) = gate.as_mut() else {
        return End::Open; // removed between the event and now
    };
    let read = match intake.stream.receive(buffer) {
        Received::Nothing => return End::Open,
        Received::Closed => return End::Closed,
        Received::Bytes(read) => buffer.get(..read).unwrap_or_default(),
    };
    let mut quit = false;
    let fed = intake.reader.feed(read, &mut |reply| match reply {
        Reply::Ack { name, offset } => acks.push(name, offset),
        Reply::Quit => quit = true,
    });
    match fed {
        Err(violation) => End::Broken(violation),
        Ok(()) if quit => End::Closed,
        Ok(()) => End::Open,
    }
}

fn acknowledge(source: &Source, link: &Link, name: &[u8], offset: u64) -> Result<(), Violation> {
    let (claim, served) = link.claim(name, offset);
    let verdict = match claim {
        Claim::Has(Some(at)) => source.update(|core| core.on_ack(link.id, at, served)),
        Claim::Has(None) => AckVerdict::Stale,
        Claim::Unsent => source.update(|core| core.on_ack_of_unsent(link.id)),
        Claim::Foreign => return Err(Violation::BadName),
    };
    if let AckVerdict::FromTheFuture { first: true } = verdict {
        messages::from_the_future(link, name, offset);
    }
    if traces_details() {
        log::message(
            Level::Note,
            sys::ER_SEMISYNC_SERVER_REPLY,
            &[
                Arg::Text("acknowledge"),
                Arg::Text(&String::from_utf8_lossy(name)),
                Arg::Number(offset),
                Arg::Number(link.server_id.into()),
            ],
        );
    }
    Ok(())
}

fn owned(fd: c_int) -> Result<OwnedFd, c_int> {
    if fd < 0 {
        return Err(errno());
    }
    // SAFETY: just opened, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn errno() -> c_int {
    std::io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or_default()
}
