//! One dump to a semi-sync replica, as its thread sees it.
//!
//! A dump belongs to one dump thread, from `transmit_start` to `transmit_stop`. It knows
//! how far its replica has been served, asks for acknowledgements, and takes care of
//! packets that no hook announces: artificial ROTATE events and heartbeats. These tell a
//! replica where it stands after transactions that it already had were skipped, so its
//! answer to them heals a lost acknowledgement. They are looked at when they leave (see
//! `on_writing`), the last moment at which they can be asked.
//!
//! With compression that moment is too late to set the flag: there it is set
//! when the header is reserved, if the last event was skipped, which is when a
//! heartbeat may follow. An event that follows instead gets its flag set right by
//! `before_send_event`; with `replication_sender_observe_commit_only` that hook
//! may not run, so there the flag is not set in advance.

use crate::{
    announcement::Announcement, dump_file::DumpFile, messages, own_ids::OwnIds,
    replica_connection::ReplicaConnection, replicas::Replicas, source::Source, state::State,
    variables::traces_details,
};
use semisync_core::{
    AckReader, FLAG_ASK, FLAG_DISABLED, Framing, MAGIC, Position, announced_position,
    may_end_transaction, server_id,
};
use semisync_server::{
    LogPos,
    dump::{Compression, ConnectionObserver, Dump, DumpConnection, HEADER_SIZE, Offer},
    observers::{Announced, DumpRequest},
    session, system_micros,
};
use std::{cell::Cell, sync::Arc};

/// One dump to a semi-sync replica.
pub struct SemiSyncDump {
    state: &'static State,
    replicas: &'static Replicas,
    connection: Arc<ReplicaConnection>,
    /// Where the replica wants to begin, for the error log: a file and an offset.
    start: (Box<[u8]>, u64),
    /// What the replica has by its own word, because it wants to begin behind it.
    start_position: Cell<Option<Position>>,
    /// Whether the replica counted when the dump began, as far as the connection let it.
    is_semi_sync: Cell<bool>,
    compressed: bool,
    /// Whether packets may ask that no hook announces.
    asks_unannounced: bool,
    own_ids: &'static OwnIds,
    /// The replica had this server's id when it connected, and its server has let it: it runs with
    /// `replicate_same_server_id`, and throws nothing away.
    keeps_its_own: bool,
    file: DumpFile,
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

/// The end of an event in a file of which it is not known where it lies: no earlier
/// acknowledgement can have meant it.
const SOMEWHERE: Position = Position {
    file: u64::MAX,
    offset: u64::MAX,
};

/// Where the server does not tell when a dump was asked for: what is taken for the
/// longest time, in microseconds, from there to `transmit_start`.
const LONGEST_START: u64 = 250_000;

/// What the error log calls a dump.
pub const SEMI_SYNC: &str = "semi-sync";
pub const ASYNCHRONOUS: &str = "asynchronous";

/// Room in the send buffer for any heartbeat or artificial ROTATE event.
const ROOM: usize = 1024;

impl SemiSyncDump {
    /// A dump to a replica that has announced itself. `offer`: its connection.
    pub fn new(
        source: &'static Source,
        request: &DumpRequest<'_>,
        announced: Announced,
        offer: &Offer,
    ) -> Self {
        let server_id = request.server_id;
        let mut compression = Compression::None;
        let (mut shared, mut reader) = (None, None);
        let mut fault = None;
        match offer {
            Offer::Ended => {}
            Offer::Unusable(why, ended_by) => {
                fault = Some(&**why);
                shared = Some(Arc::clone(ended_by));
            }
            Offer::Usable(connection) => {
                compression = connection.compression();
                shared = connection.share();
                reader = shared.is_some().then(|| {
                    AckReader::new(match compression {
                        Compression::None => Framing::Plain,
                        Compression::Zlib => Framing::Zlib,
                        Compression::Zstd => Framing::Zstd,
                    })
                });
                if shared.is_none() && !connection.is_shut_down() {
                    fault = Some("there is no file descriptor left");
                }
            }
        }
        let (state, replicas) = (&source.state, &source.replicas);
        let id = replicas.new_id();
        let thread_id = session::thread_id(state.server);
        let announcement = Announcement::read(state.server, server_id);
        let connection = Arc::new(ReplicaConnection::new(
            id,
            announcement,
            thread_id,
            shared,
            reader,
        ));
        if let Some(why) = fault {
            messages::served_asynchronously(server_id, why);
            connection.on_fault(why);
        }
        let compressed = compression != Compression::None;
        let start = request.start;
        let dump = Self {
            state,
            replicas,
            connection: Arc::clone(&connection),
            start: (start.path().into(), start.offset),
            start_position: Cell::new(None),
            is_semi_sync: Cell::new(false),
            compressed,
            // Stock's replicas that know the older name only, before MySQL 8.0, lose a
            // compressed connection with each acknowledgement that they send. Asked by a
            // packet that comes before any event, they would connect again and again and
            // never come to the event.
            asks_unannounced: announced == Announced::AsReplica || !compressed,
            own_ids: &source.own_ids,
            keeps_its_own: server_id == state.server.server_id(),
            file: DumpFile::new(state, Arc::clone(&connection), start.file().is_empty()),
            event: Cell::new(None),
            sent: Cell::new(None),
            unannounced: Cell::new(None),
            must_reconnect: Cell::new(false),
            last_packet_number: Cell::new(None),
        };
        if !start.file().is_empty() {
            let position = dump.file.on_announced(start.file(), start.offset);
            dump.start_position.set(position);
        }
        // Known before its functions are ours, and counted before it is read from:
        // whoever closes it finds it, and no acknowledgement an unknown one.
        replicas.add(state, connection);
        dump
    }

    /// A dump begins whose connection sees each write and tells of its end. Whether the
    /// replica counts now, as far as the connection lets it.
    fn begin(&self, connection: &DumpConnection) -> bool {
        let (state, replica) = (self.state, &*self.connection);
        if connection.is_shut_down() {
            self.replicas.close(state, replica); // just killed
            return true;
        }
        let began = state.server.command_began();
        let member = replica.member();
        let counts = state.update_log(|core, files| {
            let clock = system_micros();
            let began = began.unwrap_or_else(|| clock.saturating_sub(LONGEST_START));
            let counts = !files.reset_since(began, clock);
            if counts {
                replica.on_joined(core.flushed());
                core.on_connect(replica.id, Arc::clone(&member), self.start_position.get());
            }
            counts
        });
        if !counts {
            messages::must_connect_again(replica.server_id, &replica.peer);
            replica.on_fault("the log was reset: it must connect again");
            self.must_reconnect.set(true);
            return true;
        }
        self.replicas.tell_member(state, replica, &member);
        if let Err(errno) = self.replicas.read_from(replica) {
            self.replicas.refuse_unreadable(state, replica, errno);
            return false;
        }
        if replica.is_closed() {
            self.replicas.close(state, replica); // closed before it was counted
        }
        true
    }

    /// What the error log calls the dump.
    fn kind(&self) -> &'static str {
        if self.is_semi_sync.get() {
            SEMI_SYNC
        } else {
            ASYNCHRONOUS
        }
    }

    /// The flag of a packet that asks for nothing: whether anybody reads what the
    /// replica says.
    fn idle_flag(&self) -> u8 {
        if self.state.is_enabled() && self.connection.is_read() {
            0
        } else {
            FLAG_DISABLED
        }
    }

    /// Whether the replica takes the event's transaction for its own although it was committed
    /// here: see `own_ids`.
    fn is_thrown_away(&self, event: &[u8]) -> bool {
        let id = self.connection.server_id;
        server_id(event) == Some(id) && !self.keeps_its_own && self.own_ids.contains(id)
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
        let can_still_ask = can_still_ask && self.asks_unannounced && self.connection.is_read();
        let asks = connection.with_buffered_packet(start, |packet| {
            let [_, MAGIC, flag, event @ ..] = packet else {
                return false;
            };
            if let Some(announced) = announced_position(event) {
                let believed = self.file.on_announced(announced.name, announced.offset);
                if believed.is_some() && can_still_ask && self.state.is_wanting() {
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
}

impl Dump for SemiSyncDump {
    fn observer(&self) -> Arc<dyn ConnectionObserver> {
        Arc::new(End {
            state: self.state,
            replicas: self.replicas,
            connection: Arc::clone(&self.connection),
        })
    }

    fn on_begun(&self, connection: Option<&DumpConnection>) {
        let is_semi_sync = connection.is_some_and(|connection| self.begin(connection));
        self.is_semi_sync.set(is_semi_sync);
        let (path, offset) = &self.start;
        let start = LogPos::of(path, *offset);
        messages::dump_started(self.kind(), self.connection.server_id, start);
    }

    fn on_reserve(&self, connection: Option<&DumpConnection>) -> [u8; HEADER_SIZE] {
        let mut flag = self.idle_flag();
        if let Some(connection) = connection {
            self.settle(connection, Moment::Buffered);
            if connection.room() < ROOM {
                connection.flush();
            }
            let number = connection.packet_number();
            let skipped = self.last_packet_number.replace(Some(number)) == Some(number);
            if skipped
                && self.compressed
                && self.asks_unannounced
                && self.connection.is_read()
                && self.state.is_wanting()
                && !self.state.server.observes_commits_only()
            {
                flag = FLAG_ASK;
            }
            self.unannounced.set(Some(connection.buffered()));
        }
        [MAGIC, flag]
    }

    fn on_before_send(&self, packet: &mut [u8], end: LogPos<'_>) {
        self.unannounced.set(None);
        let [_, MAGIC, flag, event @ ..] = packet else {
            return;
        };
        *flag = self.idle_flag();
        let position = self.file.on_event(end);
        self.event.set(position);
        if *flag != 0 || !may_end_transaction(event) {
            return;
        }
        if self.is_thrown_away(event) {
            self.replicas.refuse_namesake(self.state, &self.connection);
            *flag = self.idle_flag();
            return;
        }
        let Some(position) = position else {
            return;
        };
        let traces = traces_details();
        if self.state.is_quiet(position) && !traces {
            return;
        }
        let id = self.connection.id;
        let (asks, is_newest) = self.state.update(|core| {
            let asks = core.on_send(id, position);
            if asks {
                core.on_asked();
            }
            let newest = core.flushed();
            (asks, newest.is_some_and(|newest| newest <= position))
        });
        if is_newest {
            self.connection.on_caught_up();
        }
        if asks {
            *flag = FLAG_ASK;
        }
        if traces {
            let on = self.state.look(|core| core.status());
            messages::trace_event(self.connection.server_id, end, asks, on);
        }
    }

    /// If the event asks, it must leave now, and the packet numbers begin anew.
    fn on_after_send(&self, connection: Option<&DumpConnection>, packet: &[u8]) {
        let (Some(connection), [_, MAGIC, flag, event @ ..]) = (connection, packet) else {
            return;
        };
        if may_end_transaction(event) {
            self.sent.set(Some(self.event.get().unwrap_or(SOMEWHERE)));
        }
        if *flag & FLAG_ASK == 0 {
            return;
        }
        if connection.flush() {
            self.restart_packet_numbers(connection);
        } else {
            messages::flush_failed();
        }
    }

    /// This may be just what a commit waits for, after an acknowledgement was lost.
    /// (Servers that do not tell of it send a heartbeat instead, see above.)
    fn on_skipped(&self) {
        if let Some(at) = self.event.get().filter(|_| self.state.is_wanting()) {
            let (id, sent) = (self.connection.id, self.sent.get());
            self.state.update(|core| core.on_skip(id, at, sent));
        }
    }

    fn on_writing(&self, connection: &DumpConnection) {
        self.settle(connection, Moment::Leaving);
    }

    fn on_written(&self, _: &DumpConnection) {
        if self.must_reconnect.take() {
            self.connection.hang_up();
        }
    }

    fn is_over(&self) -> bool {
        self.connection.is_closed()
    }

    fn on_stop(&self) {
        messages::dump_stopped(self.kind(), self.connection.server_id);
    }
}

impl Drop for SemiSyncDump {
    /// However the dump ends: its replica does not count, and keeps the plugin no longer.
    fn drop(&mut self) {
        self.replicas.close(self.state, &self.connection);
    }
}

/// The end of a connection, told by whoever brings it about.
struct End {
    state: &'static State,
    replicas: &'static Replicas,
    connection: Arc<ReplicaConnection>,
}

impl ConnectionObserver for End {
    fn on_shutdown(&self) {
        self.replicas.close(self.state, &self.connection);
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
