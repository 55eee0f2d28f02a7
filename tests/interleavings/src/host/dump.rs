//! A dump thread: sends a replica the log (sql/rpl_binlog_sender.cc).

use super::{
    binary_log::{self, EVENT, FILE},
    plugin::TRANSMIT,
    session::Session,
};
use semisync_interleaved::trace;
use semisync_sys as sys;
use std::{
    os::unix::net::UnixStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// A dump that runs.
pub struct Dump {
    pub session: &'static Session,
    thread: usize,
    begun: Arc<AtomicBool>,
}

impl Dump {
    /// A replica asks for the log from `start` on. The dump, and the replica's end of it.
    pub fn start(server_id: u32, start: u64) -> (Self, UnixStream) {
        let (session, replica) = Session::of_dump();
        let begun = Arc::new(AtomicBool::new(false));
        let body = {
            let begun = Arc::clone(&begun);
            move |session| run(session, server_id, start, &begun)
        };
        let thread = session.run(&format!("the dump to {server_id}"), body);
        let dump = Self {
            session,
            thread,
            begun,
        };
        (dump, replica)
    }

    /// KILL.
    pub fn kill(&self) {
        self.session.kill(true);
        binary_log::look_around();
    }

    /// Whether the plugin knows of it.
    pub fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// Waits for its end.
    pub fn join(&self) {
        semisync_interleaved::thread::join(self.thread);
    }
}

fn run(session: &'static Session, server_id: u32, start: u64, begun: &AtomicBool) {
    let mut param = sys::Binlog_transmit_param {
        server_id,
        flags: 0,
    };
    TRANSMIT.call("transmit_start", |observer| {
        let hook = observer.transmit_start?;
        // SAFETY: as the server calls it; so below.
        Some(unsafe { hook(&mut param, FILE.as_ptr(), start) })
    });
    begun.store(true, Ordering::Relaxed);
    let mut sent = start;
    while let Some(end) = binary_log::wait_for_more(sent, || session.is_killed()) {
        let mut goes_on = true;
        while goes_on && sent < end {
            sent += EVENT;
            goes_on = !session.is_killed() && send(session, &mut param, sent);
        }
        if !goes_on || !flush(session) {
            break;
        }
    }
    TRANSMIT.call("transmit_stop", |observer| {
        let hook = observer.transmit_stop?;
        // SAFETY: see above.
        Some(unsafe { hook(&mut param) })
    });
    session.close();
    trace(format_args!("the dump to {server_id} is over"));
}

fn flush(session: &Session) -> bool {
    let connection = session.connection().expect("a dump has one");
    // SAFETY: this thread's own.
    unsafe { (*connection).flush() }
}

/// Sends the event that ends at `end`. false: the dump is over.
fn send(session: &Session, param: &mut sys::Binlog_transmit_param, end: u64) -> bool {
    const ROOM: usize = 32;
    let mut packet = vec![0; 1 + ROOM];
    let mut length = 1;
    TRANSMIT.call("reserve_header", |observer| {
        let hook = observer.reserve_header?;
        let header = packet.as_mut_ptr().wrapping_add(1);
        // SAFETY: see `run`; so below.
        Some(unsafe { hook(param, header, ROOM as u64, &mut length) })
    });
    packet.truncate(usize::try_from(length).unwrap_or_default());
    packet.extend(binary_log::event(end));
    let size = packet.len() as u64;
    TRANSMIT.call("before_send_event", |observer| {
        let hook = observer.before_send_event?;
        // SAFETY: see above.
        Some(unsafe { hook(param, packet.as_mut_ptr(), size, FILE.as_ptr(), end) })
    });
    let connection = session.connection().expect("a dump has one");
    // SAFETY: this thread's own.
    let written = unsafe { (*connection).write_packet(&packet) };
    let bytes = packet.as_ptr().cast();
    TRANSMIT.call("after_send_event", |observer| {
        let hook = observer.after_send_event?;
        // SAFETY: see above.
        Some(unsafe { hook(param, bytes, size, std::ptr::null(), 0) })
    });
    written
}
