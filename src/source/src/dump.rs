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
    link::{Intake, Link},
    messages,
    state::Source,
    transport::{shutdown_hook, write_hook},
    variables::traces_details,
};
use semisync_core::{
    AckReader, FLAG_ASK, FLAG_DISABLED, Framing, HEADER, MAGIC, Place, Position,
    announced_position, may_end_transaction,
};
use semisync_server::{
    connection::{Compression, Current, DumpConnection, TlsWrite, WRITE_FAILED},
    log::{self, Arg, Level},
    sys, system_micros,
};
use std::{
    cell::{Cell, RefCell},
    ffi::c_uchar,
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
    /// The receiver was ready to read from it when the dump began.
    readable: Cell<bool>,
    compressed: bool,
    /// Whether packets may ask that no hook announces, see [`Request`].
    asks_unannounced: bool,
    file: RefCell<KnownFile>,
    /// End of the event that comes next or came last.
    event: Cell<Option<Position>>,
    /// End of the last event that was sent and could end a transaction.
    sent: Cell<Option<Position>>,
    /// Where in the send buffer a packet begins that no hook announced yet.
    unannounced: Cell<Option<usize>>,
    /// The replica asked before the log was reset: after the next write it is to connect
    /// again. Not sooner: a receiver that has read nothing waits before it tries again.
    must_reconnect: Cell<bool>,
    /// Packet number when the last header was reserved: if it is the same at
    /// the next, the event in between was skipped.
    last_packet_number: Cell<Option<u32>>,
}

/// The file that was named last, and where it lies: found out once for each file, and
/// again when the log has changed.
#[derive(Default)]
struct KnownFile {
    name: Vec<u8>,
    place: Place,
    /// Of the log, when that was found out.
    version: u64,
    /// What the link was told of this file.
    entered: Option<Place>,
}

/// The end of an event in a file of which it is not known where it lies: no earlier
/// acknowledgement can have meant it.
const SOMEWHERE: Position = Position {
    file: u64::MAX,
    offset: u64::MAX,
};

/// Where the server does not tell when a dump was asked for: what is taken for the
/// longest time, in microseconds, from there to `transmit_start`.
const LONGEST_START: u64 = 250_000;

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

    /// Whether its replica counted when the dump began, as far as the connection let it.
    pub fn is_semi_sync(&self) -> bool {
        self.connection.is_some() && self.readable.get()
    }

    /// Where the file lies that the server names.
    fn place(&self, name: &[u8]) -> Place {
        let mut known = self.file.borrow_mut();
        if known.name != name {
            known.name.clear();
            known.name.extend_from_slice(name);
            known.entered = None;
            known.version = 0;
        }
        if known.version != self.source.log_version() {
            (known.place, known.version) = self.source.place(name);
        }
        known.place
    }

    /// The connection is served from the file that was named last, which lies at `place`.
    fn enter(&self, place: Place) {
        let mut known = self.file.borrow_mut();
        if known.entered != Some(place) {
            known.entered = Some(place);
            self.link.enter(&known.name, place);
        }
    }

    /// The replica is told, or has said itself, that it has everything up to here. The
    /// position, if that is to be believed: nothing was read from there yet, and a RESET
    /// may have come since the server looked.
    fn believe(&self, name: &[u8], offset: u64) -> Option<Position> {
        let place = self.place(name);
        let at = place.at(offset)?;
        if Some(at) <= self.link.served() || self.source.log_reaches(place, offset) {
            self.enter(place);
            self.link.serve(offset);
            return Some(at);
        }
        None
    }

    /// As `believe`; whatever is believed, the file is one that was served.
    fn on_announced(&self, name: &[u8], offset: u64) -> Option<Position> {
        let believed = self.believe(name, offset);
        if believed.is_none() && self.file.borrow().entered.is_none() {
            self.enter(Place::Unknown);
            self.link.serve(offset);
        }
        believed
    }

    /// A packet is about to be put together: its header.
    pub fn on_reserve(&self) -> [u8; HEADER.len()] {
        let mut flag = self.idle_flag();
        if let Some(connection) = &self.connection {
            self.settle(connection, Moment::Buffered);
            if connection.room() < ROOM {
                connection.flush();
            }
            let number = connection.packet_number();
            let skipped = self.last_packet_number.replace(Some(number)) == Some(number);
            if skipped
                && self.compressed
                && self.asks_unannounced
                && self.link.is_read()
                && self.source.is_wanting()
                && !self.source.server.observes_commits_only()
            {
                flag = FLAG_ASK;
            }
            self.unannounced.set(Some(connection.buffered()));
        }
        [MAGIC, flag]
    }

    /// The flag of a packet that asks for nothing: whether anybody reads what the
    /// replica says.
    fn idle_flag(&self) -> u8 {
        if self.source.is_enabled() && self.link.is_read() {
            0
        } else {
            FLAG_DISABLED
        }
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
        let can_still_ask = can_still_ask && self.asks_unannounced && self.link.is_read();
        let asks = connection.with_buffered_packet(start, |packet| {
            let [_, MAGIC, flag, event @ ..] = packet else {
                return false;
            };
            if let Some(announced) = announced_position(event) {
                let believed = self.on_announced(announced.name, announced.offset);
                if believed.is_some() && can_still_ask && self.source.is_wanting() {
                    *flag = FLAG_ASK;
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
    /// It ends at `offset` of the file `name`.
    pub fn on_before_send(&self, packet: &mut [u8], name: &[u8], offset: u64) {
        self.unannounced.set(None);
        let [_, MAGIC, flag, event @ ..] = packet else {
            return;
        };
        *flag = self.idle_flag();
        let place = self.place(name);
        self.enter(place);
        self.link.serve(offset);
        self.event.set(place.at(offset));
        let Some(end) = place.at(offset) else {
            return;
        };
        if !self.source.is_enabled() || !self.link.is_read() || !may_end_transaction(event) {
            return;
        }
        let link = self.link.id;
        let ask = self.source.update(|core| {
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
                    Arg::Text(&String::from_utf8_lossy(name)),
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
            self.sent.set(Some(self.event.get().unwrap_or(SOMEWHERE)));
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
        self.source.update(|core| core.on_skip(link, at, sent));
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
        // SAFETY: the caller's promise.
        let written = unsafe { self.write(connection, bytes, size) };
        if self.must_reconnect.take() {
            self.link.hang_up();
        }
        written
    }

    /// # Safety
    /// `bytes` holds `size` bytes.
    unsafe fn write(
        &self,
        connection: &DumpConnection,
        bytes: *const c_uchar,
        size: usize,
    ) -> usize {
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

/// A semi-sync replica that asks for a dump.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub server_id: u32,
    /// The file and the position to begin at, if the replica names one.
    pub start: Option<(&'a [u8], u64)>,
    /// Whether the replica announced itself under the newer name. Stock's replicas that
    /// do not, before MySQL 8.0, lose a compressed connection with each acknowledgement
    /// that they send. Asked by a packet that comes before any event, they would connect
    /// again and again and never come to the event.
    pub knows_newer_name: bool,
}

/// Makes this thread's dump a semi-sync one. false: one that only looks so, because its
/// connection cannot be shared with the receiver: it is never asked to acknowledge.
pub fn attach(source: &'static Source, request: Request<'_>, current: Current) -> bool {
    let (id, server_id) = (source.new_link_id(), request.server_id);
    let (connection, unshared) = match current {
        Current::Usable(connection) => (Some(connection), None),
        Current::Ended => (None, None),
        Current::Unusable(why, socket) => {
            messages::served_asynchronously(server_id, why);
            (None, socket)
        }
    };
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
    if let (Some(connection), None) = (&connection, &shared)
        && !connection.is_shut_down()
    {
        messages::served_asynchronously(server_id, "there is no file descriptor left");
    }
    let connection = connection.filter(|_| shared.is_some());
    let link = Link::new(id, server_id, shared, unshared);
    let compressed = compression != Compression::None;
    let dump = Box::new(Dump {
        source,
        link: Arc::clone(&link),
        connection,
        readable: Cell::new(true),
        compressed,
        asks_unannounced: request.knows_newer_name || !compressed,
        file: RefCell::default(),
        event: Cell::new(None),
        sent: Cell::new(None),
        unannounced: Cell::new(None),
        must_reconnect: Cell::new(false),
        last_packet_number: Cell::new(None),
    });
    let start = request
        .start
        .and_then(|(name, offset)| dump.on_announced(name, offset));
    DUMP.set(Box::into_raw(dump));
    // Known before its functions are ours, and counted before it is read from:
    // whoever closes it finds the link, and no acknowledgement an unknown one.
    source.links.add(Arc::clone(&link));
    source.tell_use();
    let Some(dump) = Dump::of_this_thread() else {
        return false;
    };
    let Some(connection) = &dump.connection else {
        return false;
    };
    if connection.is_tls() {
        connection.interpose(write_hook::<true>, shutdown_hook::<true>);
    } else {
        connection.interpose(write_hook::<false>, shutdown_hook::<false>);
    }
    if connection.is_shut_down() {
        source.links.close(&link); // just killed
        return true;
    }
    let began = source.server.command_began();
    let counts = source.update_log(|core, files| {
        let clock = system_micros();
        let began = began.unwrap_or_else(|| clock.saturating_sub(LONGEST_START));
        let counts = !files.reset_since(began, clock);
        if counts {
            core.on_connect(id, server_id, start);
        }
        counts
    });
    if !counts {
        messages::must_connect_again(&link);
        dump.must_reconnect.set(true);
        return true;
    }
    if let Err(errno) = source.links.read_from(&link) {
        source.cannot_read(&link, errno);
        dump.readable.set(false);
        return false;
    }
    if link.is_closed() {
        source.stop_counting(&link); // closed before it was counted
    }
    true
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
