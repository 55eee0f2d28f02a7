//! The transmit observer: what happens in the dump threads.
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
    plugin::is_observing,
    state::Source,
    variables::traces_details,
};
use semisync_core::{
    AckReader, FLAG_ASK, Framing, HEADER, LinkId, MAGIC, Position, announced_position,
    may_end_transaction, split_name,
};
use semisync_server::{
    Shared,
    connection::{self, Compression, ConnectionId, DumpConnection, TlsWrite, WRITE_FAILED},
    guard::guard,
    log::{self, Arg, Level},
    sys, text,
};
use std::{
    cell::{Cell, RefCell},
    ffi::{CStr, c_char, c_int, c_uchar, c_ulong},
    sync::Arc,
};

pub static TRANSMIT: Shared<sys::Binlog_transmit_observer> =
    Shared::new(sys::Binlog_transmit_observer {
        len: LEN,
        transmit_start: Some(transmit_start),
        transmit_stop: Some(transmit_stop),
        reserve_header: Some(reserve_header),
        before_send_event: Some(before_send_event),
        after_send_event: Some(after_send_event),
        after_reset_master: Some(after_reset_master),
    });
#[allow(clippy::cast_possible_truncation)] // a compile-time constant of 56
const LEN: u32 = size_of::<sys::Binlog_transmit_observer>() as u32;

thread_local! {
    /// The dump of this thread, null in every other. Without a destructor, so
    /// that nothing of ours runs when a server thread ends.
    static DUMP: Cell<*mut Dump> = const { Cell::new(std::ptr::null_mut()) };
}

/// One dump to a semi-sync replica.
struct Dump {
    source: &'static Source,
    link: Arc<Link>,
    /// None: the connection cannot be shared with the receiver. The replica
    /// gets its headers and is never asked.
    connection: Option<DumpConnection>,
    compressed: bool,
    mark: Cell<ServedMark>,
    file: RefCell<KnownFile>,
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
    fn current() -> Option<&'static Self> {
        Self::of_this_thread().filter(|dump| !dump.link.is_closed())
    }

    fn of_this_thread() -> Option<&'static Self> {
        // SAFETY: null, or the box of this thread's dump, which lives until
        // `transmit_stop` takes it; hooks of one thread do not overlap, and
        // everything that changes is in cells.
        unsafe { DUMP.get().as_ref() }
    }

    fn served_to(&self, to: Position) {
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
    fn on_reserve(&self) -> [u8; HEADER.len()] {
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
                self.served_to(announced.position);
                if can_still_ask && self.source.is_wanting() {
                    *flag = FLAG_ASK;
                }
            }
            *flag & FLAG_ASK != 0
        });
        if asks == Some(true) {
            if moment == Moment::Buffered {
                connection.flush();
            }
            connection.restart_packet_numbers();
        }
    }

    /// An event is about to be sent. `packet`: status byte, header, event.
    fn on_before_send(&self, packet: &mut [u8], file: &CStr, offset: u64) {
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
        if self.connection.is_none() || !self.source.is_enabled() || !may_end_transaction(event) {
            return;
        }
        let link = self.link.id;
        let ask = self.source.update(|core, _, _| {
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
    fn on_after_send(&self, packet: &[u8]) {
        let (Some(connection), [_, MAGIC, flag, ..]) = (&self.connection, packet) else {
            return;
        };
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
        connection.restart_packet_numbers();
    }

    /// The server writes to the connection, in place of its own function.
    ///
    /// # Safety
    /// `bytes` holds `size` bytes.
    unsafe fn on_write(&self, bytes: *const c_uchar, size: usize) -> usize {
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
                // SAFETY: the caller's promise; under the gate.
                unsafe { connection.try_write_tls(bytes, size) }
            };
            match result {
                TlsWrite::Done(written) => return written,
                wanted if connection.wait_for(wanted) => {}
                _ => return WRITE_FAILED,
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

/// The server's `Vio::write` for a dump to a semi-sync replica.
unsafe extern "C" fn write_hook(vio: *mut sys::Vio, bytes: *const c_uchar, size: usize) -> usize {
    guard("write", WRITE_FAILED, || {
        if !is_observing() {
            // The plugin was uninstalled, the replica is gone, and no hook ends
            // this dump any more.
            take_dump();
            return match Source::get() {
                // SAFETY: the hook's arguments.
                Some(source) => unsafe { connection::write(source.server, vio, bytes, size) },
                None => WRITE_FAILED,
            };
        }
        match Dump::of_this_thread() {
            // SAFETY: the server's bytes.
            Some(dump) => unsafe { dump.on_write(bytes, size) },
            None => WRITE_FAILED,
        }
    })
}

/// The server's `Vio::vioshutdown` for it. Any thread: the dump thread at its
/// end, KILL (under the victim's `LOCK_thd_data`), the server's shutdown.
unsafe extern "C" fn shutdown_hook(vio: *mut sys::Vio) -> c_int {
    let Some(source) = Source::get() else {
        return -1;
    };
    let link = guard("shutdown", None, || {
        let link = source.links.find_connection(ConnectionId::of(vio))?;
        source.links.close(&link);
        source.stop_counting(&link);
        Some(link)
    });
    // On TLS the dump thread may be inside the SSL object.
    let _serialised = link.as_ref().map(|link| link.gate.lock());
    // SAFETY: the hook's argument.
    unsafe { connection::shut_down(source.server, vio) }
}

/// Ends what this thread knows of its dump: nobody else touches the connection,
/// and its functions are the server's own again.
fn take_dump() -> Option<Box<Dump>> {
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

// ---- the observer's functions: all in the dump thread, no binary log lock held ----

/// The replica's request was validated. It is a semi-sync replica if it has set
/// a user variable, under either name.
unsafe extern "C" fn transmit_start(
    param: *mut sys::Binlog_transmit_param,
    log_file: *const c_char,
    log_pos: u64,
) -> c_int {
    let Some(source) = Source::get() else {
        return 0;
    };
    // SAFETY: the server's structure, valid during the hook, ours to change.
    let param = unsafe { &mut *param };
    // Of an earlier dump in this thread, if its end was left out.
    guard("transmit_start", (), || drop(take_dump()));
    let announced = [c"rpl_semi_sync_replica", c"rpl_semi_sync_slave"]
        .iter()
        .any(|name| {
            source
                .server
                .user_variable(name)
                .is_some_and(|value| value != 0)
        });
    let how = if announced {
        param.flags |= sys::TRANSMIT_F_OBSERVE;
        "semi-sync"
    } else {
        param.flags |= sys::TRANSMIT_F_DONT_OBSERVE;
        "asynchronous"
    };
    let attached = guard("transmit_start", false, || {
        if announced {
            // SAFETY: the server's file name.
            let start = unsafe { source.position(log_file, log_pos) };
            let connection = DumpConnection::current(source.server);
            attach(source, param.server_id, start, connection);
        }
        // SAFETY: as above.
        notices::dump_started(how, param.server_id, unsafe { text(log_file) }, log_pos);
        true
    });
    if announced && !attached && Dump::current().is_none() {
        // After a panic: the replica cannot do without the headers.
        guard("transmit_start", (), || {
            attach(source, param.server_id, None, None)
        });
    }
    0
}

/// Makes this thread's dump a semi-sync one; without a connection one that is
/// never asked to acknowledge.
fn attach(
    source: &'static Source,
    server_id: u32,
    start: Option<Position>,
    connection: Option<DumpConnection>,
) {
    let id: LinkId = source.new_link_id();
    let compression = connection
        .as_ref()
        .map_or(Compression::None, DumpConnection::compression);
    let shared = connection.as_ref().map(|connection| {
        let intake = Intake {
            // SAFETY: the link is closed before the connection is, and before
            // `transmit_stop` returns.
            stream: unsafe { connection.ack_stream() },
            reader: AckReader::new(match compression {
                Compression::None => Framing::Plain,
                Compression::Zlib => Framing::Zlib,
                Compression::Zstd => Framing::Zstd,
            }),
        };
        (connection.id(), intake)
    });
    let peer = connection
        .as_ref()
        .map_or_else(String::new, DumpConnection::peer);
    let link = Link::new(id, server_id, peer, shared);
    let dump = Box::new(Dump {
        source,
        link: Arc::clone(&link),
        connection,
        compressed: compression != Compression::None,
        mark: Cell::default(),
        file: RefCell::default(),
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
    let Some(connection) = Dump::of_this_thread().and_then(|dump| dump.connection.as_ref()) else {
        notices::cannot_share_connection(server_id);
        return;
    };
    connection.interpose(write_hook, shutdown_hook);
    if connection.is_shut_down() {
        source.links.close(&link); // just killed
        return;
    }
    source.update(|core, now, fx| core.attach(id, server_id, start, now, fx));
    source.links.read_from(&link);
}

/// The dump ends. Another dump to the same replica may have begun already.
unsafe extern "C" fn transmit_stop(param: *mut sys::Binlog_transmit_param) -> c_int {
    guard("transmit_stop", 0, || {
        // SAFETY: the server's structure.
        let server_id = unsafe { (*param).server_id };
        match take_dump() {
            None => notices::dump_stopped("asynchronous", server_id),
            Some(dump) => {
                notices::dump_stopped("semi-sync", server_id);
                dump.source.stop_counting(&dump.link);
            }
        }
        0
    })
}

/// A packet is being put together, whatever it will hold.
unsafe extern "C" fn reserve_header(
    _: *mut sys::Binlog_transmit_param,
    header: *mut c_uchar,
    size: c_ulong,
    len: *mut c_ulong,
) -> c_int {
    let Some(dump) = Dump::current() else {
        return 0;
    };
    if size < HEADER.len() as c_ulong {
        log::message(Level::Warning, sys::ER_SEMISYNC_NO_SPACE_IN_THE_PKT, &[]);
        return 0;
    }
    // After a panic the packet still needs its header: the replica would stop.
    let bytes = guard("reserve_header", HEADER, || dump.on_reserve());
    // SAFETY: the server's buffer of `size` bytes, and its length to add to.
    unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), header, bytes.len());
        *len += bytes.len() as c_ulong;
    }
    0
}

/// An event is about to be sent. Not for heartbeats and artificial events.
unsafe extern "C" fn before_send_event(
    _: *mut sys::Binlog_transmit_param,
    packet: *mut c_uchar,
    len: c_ulong,
    log_file: *const c_char,
    log_pos: u64,
) -> c_int {
    guard("before_send_event", 0, || {
        let Some(dump) = Dump::current() else {
            return 0;
        };
        if packet.is_null() || log_file.is_null() {
            return 0;
        }
        // SAFETY: the server's packet of `len` bytes and its file name, valid
        // and this thread's own during the hook.
        let (packet, file) = unsafe {
            (
                std::slice::from_raw_parts_mut(packet, usize::try_from(len).unwrap_or_default()),
                CStr::from_ptr(log_file),
            )
        };
        dump.on_before_send(packet, file, log_pos);
        0
    })
}

/// The event was handed to the network layer.
unsafe extern "C" fn after_send_event(
    _: *mut sys::Binlog_transmit_param,
    packet: *const c_char,
    len: c_ulong,
    skipped_log_file: *const c_char,
    skipped_log_pos: u64,
) -> c_int {
    guard("after_send_event", 0, || {
        let Some(dump) = Dump::current() else {
            return 0;
        };
        if packet.is_null() {
            return 0;
        }
        // SAFETY: the server's packet of `len` bytes.
        let packet = unsafe {
            std::slice::from_raw_parts(
                packet.cast::<u8>(),
                usize::try_from(len).unwrap_or_default(),
            )
        };
        dump.on_after_send(packet);
        // SAFETY: the server's file name. The position is 0 if nothing was
        // skipped; skipped means that the replica has it.
        if let Some(skipped) = unsafe { dump.source.position(skipped_log_file, skipped_log_pos) } {
            dump.served_to(skipped);
            let link = dump.link.id;
            dump.source
                .update(|core, now, fx| core.on_ack(link, skipped, Some(skipped), now, fx));
        }
        0
    })
}

/// RESET BINARY LOGS AND GTIDS; in the session that runs it.
unsafe extern "C" fn after_reset_master(_: *mut sys::Binlog_transmit_param) -> c_int {
    guard("after_reset_master", 0, || {
        if let Some(source) = Source::get() {
            source.links.forget_served();
            source.update(|core, now, fx| core.reset(now, fx));
        }
        0
    })
}
