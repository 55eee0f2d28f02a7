//! A dump thread: sends a replica the log (sql/rpl_binlog_sender.cc).

use super::{
    binary_log::{self, BEGIN, EVENT, File, More},
    plugin::TRANSMIT,
    session::Session,
};
use semisync_interleaved::{pick, step, trace, yield_now};
use semisync_sys as sys;
use std::{
    os::unix::net::UnixStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Where a dump with auto-position begins to read each file.
const HEAD: u64 = 4;

/// What a replica asks for.
#[derive(Clone, Copy)]
pub enum From {
    /// The log from this place on.
    Place(u64),
    /// The log but what the replica has already: everything up to this place (auto-position).
    AllBut(u64),
}

/// A dump that runs.
pub struct Dump {
    pub session: &'static Session,
    thread: usize,
    begun: Arc<AtomicBool>,
}

impl Dump {
    /// A replica asks for the log. The dump, and the replica's end of it.
    pub fn start(server_id: u32, from: From) -> (Self, UnixStream) {
        let (session, replica) = Session::of_dump();
        let begun = Arc::new(AtomicBool::new(false));
        let body = {
            let begun = Arc::clone(&begun);
            move |session| run(session, server_id, from, &begun)
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

fn run(session: &'static Session, server_id: u32, from: From, begun: &AtomicBool) {
    let (From::Place(place) | From::AllBut(place)) = from;
    let (asked, offset) = match from {
        From::Place(place) => File::of(place),
        From::AllBut(place) => (
            File {
                number: 1,
                ..File::of(place).0
            },
            HEAD,
        ),
    };
    // Before the plugin is told (`check_start_file`). A RESET may still come after it.
    if asked.era != binary_log::era() {
        session.close();
        return;
    }
    // What else the server does before it tells the plugin.
    step();
    if pick(3) == 0 {
        (0..pick(100)).for_each(|_| yield_now());
    }
    let mut param = sys::Binlog_transmit_param {
        server_id,
        flags: 0,
    };
    let name = asked.name();
    TRANSMIT.call("transmit_start", |observer| {
        let hook = observer.transmit_start?;
        // SAFETY: as the server calls it; so below.
        Some(unsafe { hook(&mut param, name.as_ptr(), offset) })
    });
    begun.store(true, Ordering::Relaxed);
    // Opened by its name, which may be another file's by now.
    step();
    let era = binary_log::era();
    let mut run = Run {
        session,
        param,
        file: File { era, ..asked },
        has: match from {
            From::Place(_) => 0,
            From::AllBut(_) => number_of(place),
        },
        skipped: None,
    };
    run.send_log(offset);
    TRANSMIT.call("transmit_stop", |observer| {
        let hook = observer.transmit_stop?;
        // SAFETY: see above.
        Some(unsafe { hook(&mut run.param) })
    });
    session.close();
    trace(format_args!("the dump to {server_id} is over"));
}

/// A place as a GTID: numbers begin anew after a RESET.
fn number_of(place: u64) -> u64 {
    let (file, offset) = File::of(place);
    File { era: 0, ..file }.place(offset)
}

/// A dump on its way. What answers false: the dump is over.
struct Run {
    session: &'static Session,
    param: sys::Binlog_transmit_param,
    file: File,
    /// What lies before this number is skipped.
    has: u64,
    /// The end of what was skipped since the last packet.
    skipped: Option<u64>,
}

impl Run {
    fn send_log(&mut self, mut offset: u64) -> bool {
        loop {
            if !self.send_unannounced(&binary_log::artificial_rotate(self.file, offset)) {
                return false;
            }
            if !self.send_file(offset.max(BEGIN)) {
                return false;
            }
            let Some(next) = binary_log::next(self.file) else {
                return false;
            };
            self.file = next;
            offset = HEAD;
        }
    }

    /// true: the file has ended.
    fn send_file(&mut self, mut sent: u64) -> bool {
        let session = self.session;
        loop {
            if !self.flush() {
                return false;
            }
            let more = binary_log::wait_for_more(self.file, sent, || session.is_killed());
            let (end, is_last) = match more {
                More::UpTo(end) => (end, false),
                More::UpToEnd(end) => (end, true),
                More::Over => return false,
            };
            while sent < end {
                sent += EVENT;
                if session.is_killed() || !self.send_or_skip(sent) {
                    return false;
                }
            }
            if !self.tell_of_skipped() {
                return false;
            }
            if is_last {
                return true;
            }
        }
    }

    fn send_or_skip(&mut self, end: u64) -> bool {
        if number_of(self.file.place(end)) <= self.has {
            // Read into the packet, and left there.
            self.reserve();
            self.skipped = Some(end);
            return true;
        }
        self.tell_of_skipped() && self.send(end)
    }

    /// By a heartbeat.
    fn tell_of_skipped(&mut self) -> bool {
        match self.skipped.take() {
            None => true,
            Some(end) => {
                self.send_unannounced(&binary_log::heartbeat(self.file, end)) && self.flush()
            }
        }
    }

    fn flush(&self) -> bool {
        let connection = self.session.connection().expect("a dump has one");
        // SAFETY: this thread's own.
        unsafe { (*connection).flush() }
    }

    /// The beginning of a packet.
    fn reserve(&mut self) -> Vec<u8> {
        const ROOM: usize = 32;
        let mut packet = vec![0; 1 + ROOM];
        let mut length = 1;
        TRANSMIT.call("reserve_header", |observer| {
            let hook = observer.reserve_header?;
            let header = packet.as_mut_ptr().wrapping_add(1);
            // SAFETY: see `run`; so below.
            Some(unsafe { hook(&mut self.param, header, ROOM as u64, &mut length) })
        });
        packet.truncate(usize::try_from(length).unwrap_or_default());
        packet
    }

    /// A packet for which no hook is called.
    fn send_unannounced(&mut self, event: &[u8]) -> bool {
        let mut packet = self.reserve();
        packet.extend(event);
        self.write(&packet)
    }

    /// The event that ends at `end`.
    fn send(&mut self, end: u64) -> bool {
        let mut packet = self.reserve();
        packet.extend(binary_log::event(self.file, end));
        let size = packet.len() as u64;
        let name = self.file.name();
        TRANSMIT.call("before_send_event", |observer| {
            let hook = observer.before_send_event?;
            let bytes = packet.as_mut_ptr();
            // SAFETY: see above.
            Some(unsafe { hook(&mut self.param, bytes, size, name.as_ptr(), end) })
        });
        let written = self.write(&packet);
        let bytes = packet.as_ptr().cast();
        TRANSMIT.call("after_send_event", |observer| {
            let hook = observer.after_send_event?;
            // SAFETY: see above.
            Some(unsafe { hook(&mut self.param, bytes, size, std::ptr::null(), 0) })
        });
        written
    }

    fn write(&self, packet: &[u8]) -> bool {
        let connection = self.session.connection().expect("a dump has one");
        // SAFETY: this thread's own.
        unsafe { (*connection).write_packet(packet) }
    }
}
