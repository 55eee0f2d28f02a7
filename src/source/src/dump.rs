//! One dump to a semi-sync replica, as its thread sees it.
//!
//! A `Dump` belongs to one dump thread, from `transmit_start` to
//! `transmit_stop`, and is found through a thread-local. It knows how far its
//! replica has been served, asks for acknowledgements, and takes care of packets
//! that no hook announces: artificial ROTATE events and heartbeats. These tell a
//! replica where it stands after transactions that it already had were skipped,
//! so its answer to them heals a lost acknowledgement. They are looked at when
//! they leave (see `on_write`), the last moment at which they can be asked.
//!
//! With compression that moment is too late to set the flag: there it is set
//! when the header is reserved, if the last event was skipped, which is when a
//! heartbeat may follow. An event that follows instead gets its flag set right by
//! `before_send_event`; with `replication_sender_observe_commit_only` that hook
//! may not run, so there the flag is not set in advance.

use crate::{
    link::{Intake, Link, ServedMark},
    notices,
    state::Source,
    transport::{shutdown_hook, write_hook},
    variables::traces_details,
};
use semisync_core::{
    AckReader, FLAG_ASK, Framing, HEADER, MAGIC, Position, announced_position, may_end_transaction,
    split_name,
};
use semisync_server::{
    connection::{Compression, DumpConnection, TlsWrite, WRITE_FAILED},
    log::{self, Arg, Level},
    sys,
};
use std::{
    cell::{Cell, RefCell},
    ffi::{CStr, c_uchar},
    sync::Arc,
};

thread_local! {
    /// The dump of this thread, null in every other. Without a destructor, so
    /// that nothing of ours runs when a server thread ends.
    static DUMP: Cell<*mut Dump> = const { Cell::new(std::ptr::null_mut()) };
}

/// One dump to a semi-sync replica.
pub struct Dump {
    pub source: &'static Source,
    pub link: Arc<Link>,
    /// None: the connection cannot be shared with the receiver. The replica
    /// gets its headers and is never asked.
    connection: Option<DumpConnection>,
    compressed: bool,
    mark: Cell<ServedMark>,
    file: RefCell<KnownFile>,
    /// End of the event that comes next or came last.
    event: Cell<Option<Position>>,
    /// End of the last event that was sent and could end a transaction.
    sent: Cell<Option<Position>>,
    /// Where in the send buffer a packet begins that no hook announced yet.
    unannounced: Cell<Option<usize>>,
    /// Packet number when the last header was reserved: if it is the same at
    /// the next, the event in between was skipped.
    last_packet_number: Cell<Option<u32>>,
}

/// The file name that came last, and its number: parsed once per file.
#[derive(Default)]
struct KnownFile {
    name: Vec<u8>,
    number: u64,
}

/// Room in the send buffer for any heartbeat or artificial ROTATE event.
const ROOM: usize = 1024;

impl Dump {
    /// The current thread's dump, if it serves a semi-sync replica over a
    /// connection that is still open.
    ///
    /// The server may leave hooks out (while UNINSTALL PLUGIN asks whether it
    /// may, `FOREACH_OBSERVER` passes the plugin over), even `transmit_stop`. A
    /// dump that is left over so has a closed link, because the connection was
    /// closed.
    pub fn current() -> Option<&'static Self> {
        Self::of_this_thread().filter(|dump| !dump.link.is_closed())
    }

    pub fn of_this_thread() -> Option<&'static Self> {
        // SAFETY: null, or the box of this thread's dump, which lives until
        // `transmit_stop` takes it; hooks of one thread do not overlap, and
        // everything that changes is in cells.
        unsafe { DUMP.get().as_ref() }
    }

    pub fn served_to(&self, to: Position) {
        let mut mark = self.mark.get();
        mark.advance(&self.link, to);
        self.mark.set(mark);
    }

    /// Number of the binary log file that a hook names.
    fn file_number(&self, name: &CStr) -> Option<u64> {
        let mut known = self.file.borrow_mut();
        if known.name != name.to_bytes() {
            let (base, number) = split_name(name.to_bytes())?;
            self.source.learn_base(base);
            known.name.clear();
            known.name.extend_from_slice(name.to_bytes());
            known.number = number;
        }
        Some(known.number)
    }

    /// A packet is about to be put together: its header.
    pub fn on_reserve(&self) -> [u8; HEADER.len()] {
        let [magic, mut flag] = HEADER;
        if let Some(connection) = &self.connection {
            self.settle(connection, Moment::Buffered);
            if connection.room() < ROOM {
                connection.flush();
            }
            let number = connection.packet_number();
            let skipped = self.last_packet_number.replace(Some(number)) == Some(number);
            if skipped
                && self.compressed
                && self.source.is_wanting()
                && !self.source.server.observes_commits_only()
            {
                flag = FLAG_ASK;
            }
            self.unannounced.set(Some(connection.buffered()));
        }
        [magic, flag]
    }

    /// Looks at a packet that no hook announced: learns the position that it
    /// tells the replica, and has it ask for an acknowledgement if one is worth
    /// having.
    fn settle(&self, connection: &DumpConnection, moment: Moment) {
        let Some(start) = self.unannounced.take() else {
            return;
        };
        let can_still_ask = match moment {
            Moment::Buffered => true,
            Moment::Leaving => !self.compressed,
        };
        let asks = connection.with_buffered_packet(start, |packet| {
            let [_, MAGIC, flag, event @ ..] = packet else {
                return false;
            };
            if let Some(announced) = announced_position(event) {
                self.source.learn_base(announced.base);
                if self.source.can_have(announced.position) {
                    self.served_to(announced.position);
                    if can_still_ask && self.source.is_wanting() {
                        *flag = FLAG_ASK;
                    }
                }
            }
            *flag & FLAG_ASK != 0
        });
        if asks == Some(true) {
            if moment == Moment::Buffered {
                connection.flush();
            }
            self.restart_packet_numbers(connection);
        }
    }

    /// A packet asked. What was reserved before has another packet's number now.
    fn restart_packet_numbers(&self, connection: &DumpConnection) {
        connection.restart_packet_numbers();
        self.last_packet_number.set(None);
    }

    /// An event is about to be sent. `packet`: status byte, header, event.
    pub fn on_before_send(&self, packet: &mut [u8], file: &CStr, offset: u64) {
        self.unannounced.set(None);
        let [_, MAGIC, flag, event @ ..] = packet else {
            return;
        };
        *flag = 0;
        let Some(number) = self.file_number(file) else {
            return;
        };
        let end = Position {
            file: number,
            offset,
        };
        self.served_to(end);
        self.event.set(Some(end));
        if self.connection.is_none() || !self.source.is_enabled() || !may_end_transaction(event) {
            return;
        }
        let link = self.link.id;
        let ask = self.source.update(|core, _| {
            let ask = core.wants_ack(link, end);
            if ask {
                core.on_asked();
            }
            ask
        });
        if ask {
            *flag = FLAG_ASK;
        }
        if traces_details() {
            log::message(
                Level::Note,
                sys::ER_SEMISYNC_SYNC_HEADER_UPDATE_INFO,
                &[
                    Arg::Text("before_send_event"),
                    Arg::Number(self.link.server_id.into()),
                    Arg::Text(&notices::file_name(self.source, &end)),
                    Arg::Number(offset),
                    Arg::Number(ask.into()),
                    Arg::Number(self.source.look(|core| core.status()).into()),
                ],
            );
        }
    }

    /// An event was sent: if it asks, it must leave now, and the packet numbers
    /// begin anew.
    pub fn on_after_send(&self, packet: &[u8]) {
        let (Some(connection), [_, MAGIC, flag, event @ ..]) = (&self.connection, packet) else {
            return;
        };
        if may_end_transaction(event) {
            self.sent.set(self.event.get());
        }
        if *flag & FLAG_ASK == 0 {
            return;
        }
        if !connection.flush() {
            // The server finds the error in the connection and ends the dump.
            log::message(
                Level::Error,
                sys::ER_SEMISYNC_SOURCE_FAILED_ON_NET_FLUSH,
                &[],
            );
            return;
        }
        self.restart_packet_numbers(connection);
    }

    /// The event was not sent: the replica has its transaction. This may be just
    /// what a commit waits for, after an acknowledgement was lost. (Servers that do
    /// not tell of it send a heartbeat instead, see above.)
    pub fn on_skipped(&self) {
        let Some(at) = self.event.get().filter(|_| self.source.is_wanting()) else {
            return;
        };
        let (link, sent) = (self.link.id, self.sent.get());
        self.source
            .update(|core, fx| core.on_skip(link, at, sent, fx));
    }

    /// The server writes to the connection, in place of its own function.
    ///
    /// # Safety
    /// `bytes` holds `size` bytes.
    pub unsafe fn on_write(&self, bytes: *const c_uchar, size: usize) -> usize {
        let Some(connection) = &self.connection else {
            return WRITE_FAILED;
        };
        self.settle(connection, Moment::Leaving);
        if !connection.is_tls() {
            // SAFETY: the caller's promise.
            return unsafe { connection.write_plain(bytes, size) };
        }
        loop {
            let result = {
                let _serialised = self.link.gate.lock();
                if self.link.is_closed() {
                    return WRITE_FAILED; // shut down, and its descriptor may be another's
                }
                // SAFETY: the caller's promise; under the gate.
                unsafe { connection.try_write_tls(bytes, size) }
            };
            match result {
                TlsWrite::Done(written) => return written,
                TlsWrite::Want(want) if connection.wait_for(want) => {}
                TlsWrite::Want(_) => return WRITE_FAILED,
            }
        }
    }
}

/// When an unannounced packet is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// It lies in the send buffer; nothing is being written.
    Buffered,
    /// It is being written; with compression its bytes are made up already.
    Leaving,
}

/// Makes this thread's dump a semi-sync one; without a connection one that is
/// never asked to acknowledge.
pub fn attach(
    source: &'static Source,
    server_id: u32,
    start: Option<Position>,
    connection: Option<DumpConnection>,
) {
    let id = source.new_link_id();
    let start = start.filter(|at| source.can_have(*at));
    let compression = connection
        .as_ref()
        .map_or(Compression::None, DumpConnection::compression);
    let shared = connection.as_ref().and_then(|connection| {
        // SAFETY: the link is closed before the connection is, and before
        // `transmit_stop` returns.
        let stream = unsafe { connection.ack_stream() }?;
        let reader = AckReader::new(match compression {
            Compression::None => Framing::Plain,
            Compression::Zlib => Framing::Zlib,
            Compression::Zstd => Framing::Zstd,
        });
        Some((connection.id(), Intake { stream, reader }))
    });
    let connection = connection.filter(|_| shared.is_some());
    let link = Link::new(id, server_id, shared);
    let dump = Box::new(Dump {
        source,
        link: Arc::clone(&link),
        connection,
        compressed: compression != Compression::None,
        mark: Cell::default(),
        file: RefCell::default(),
        event: Cell::new(None),
        sent: Cell::new(None),
        unannounced: Cell::new(None),
        last_packet_number: Cell::new(None),
    });
    if let Some(start) = start {
        dump.served_to(start);
    }
    DUMP.set(Box::into_raw(dump));
    // Known before its functions are ours, and counted before it is read from:
    // whoever closes it finds the link, and no acknowledgement an unknown one.
    source.links.add(Arc::clone(&link));
    source.tell_use();
    let Some(connection) = Dump::of_this_thread().and_then(|dump| dump.connection.as_ref()) else {
        return;
    };
    if connection.is_tls() {
        connection.interpose(write_hook::<true>, shutdown_hook::<true>);
    } else {
        connection.interpose(write_hook::<false>, shutdown_hook::<false>);
    }
    if connection.is_shut_down() {
        source.links.close(&link); // just killed
        return;
    }
    source.update(|core, fx| core.attach(id, server_id, start, fx));
    source.links.read_from(&link);
    if link.is_closed() {
        source.stop_counting(&link); // closed before it was counted
    }
}

/// Ends what this thread knows of its dump: nobody else touches the connection,
/// and its functions are the server's own again.
pub fn take_dump() -> Option<Box<Dump>> {
    let raw = DUMP.replace(std::ptr::null_mut());
    if raw.is_null() {
        return None;
    }
    // SAFETY: the box that `attach` made in this thread; nobody else has it.
    let dump = unsafe { Box::from_raw(raw) };
    let was_closed = dump.link.is_closed();
    dump.source.links.close(&dump.link);
    // A closed connection may be freed already if hooks were left out.
    if let Some(connection) = dump.connection.as_ref().filter(|_| !was_closed) {
        connection.restore();
    }
    Some(dump)
}
