//! The relay log I/O observer. Every hook runs in the receiver thread of its
//! channel; what it answers with an error for, stock's does too.

use crate::{
    channel::Channel,
    negotiation::{Agreement, negotiate},
    plugin::{Replica, is_enabled, traces_details},
};
use semisync_core::{
    FLAG_ASK, MAX_ACK, Position, encode_ack, is_heartbeat, split_event_header, split_name,
};
use semisync_server::{
    Shared, bytes,
    callback::Callback,
    client::{SendError, SourceConnection},
    guard::guard,
    log::{self, Arg, Level},
    sys, text,
};
use std::ffi::{c_char, c_int, c_ulong};

pub static RELAY_IO: Shared<sys::Binlog_relay_IO_observer> = Shared::new(sys::relay_io_observer(
    thread_start,
    thread_stop,
    before_request_transmit,
    after_read_event,
    after_queue_event,
));

/// The receiver thread starts; there is no connection yet.
unsafe extern "C" fn thread_start(param: *mut sys::Binlog_relay_IO_param) -> c_int {
    guard(Callback::ThreadStart, 0, || {
        // SAFETY: the server's structure and its strings, valid during the hook.
        let (param, user, host, file) = unsafe {
            let param = &*param;
            (
                param,
                text(param.user),
                text(param.host),
                text(param.master_log_name),
            )
        };
        let semi_sync = is_enabled();
        Channel::disconnect(semi_sync);
        log::message(
            Level::Note,
            sys::ER_SEMISYNC_REPLICA_START,
            &[
                Arg::Text(if semi_sync {
                    "semi-sync"
                } else {
                    "asynchronous"
                }),
                Arg::Text(user),
                Arg::Text(host),
                Arg::Number(param.port.into()),
                Arg::Text(if file.is_empty() { "FIRST" } else { file }),
                Arg::Number(param.master_log_pos),
            ],
        );
        0
    })
}

/// The receiver thread ends.
unsafe extern "C" fn thread_stop(_: *mut sys::Binlog_relay_IO_param) -> c_int {
    guard(Callback::ThreadStop, 0, || {
        Channel::disconnect(false);
        0
    })
}

/// Connected, and about to ask for the dump; also after every reconnect.
unsafe extern "C" fn before_request_transmit(
    param: *mut sys::Binlog_relay_IO_param,
    _flags: u32,
) -> c_int {
    guard(Callback::BeforeRequestTransmit, 0, || {
        let replica = Replica::get().filter(|replica| is_enabled() && replica.is_working());
        // In use from here on: if the source agrees, its packets carry headers.
        Channel::disconnect(replica.is_some());
        // SAFETY: the hook's connection, idle, used during the hook only.
        let source = replica
            .and_then(|replica| unsafe { SourceConnection::new(replica.server, (*param).mysql) });
        let (Some(replica), Some(source)) = (replica, source) else {
            return 0;
        };
        match negotiate(&source, replica.vocabulary.plugin) {
            Ok(Agreement::SemiSync(peer)) => {
                Channel::connect(peer, source.socket());
                0
            }
            Ok(Agreement::Asynchronous) => {
                Channel::disconnect(false);
                0
            }
            Err(()) => 1,
        }
    })
}

/// A packet was read; it begins behind the status byte.
unsafe extern "C" fn after_read_event(
    _: *mut sys::Binlog_relay_IO_param,
    packet: *const c_char,
    len: c_ulong,
    event_buf: *mut *const c_char,
    event_len: *mut c_ulong,
) -> c_int {
    let mut channel = Channel::current();
    // SAFETY: the server's packet of `len` bytes.
    let bytes = unsafe {
        std::slice::from_raw_parts(
            packet.cast::<u8>(),
            usize::try_from(len).unwrap_or_default(),
        )
    };
    let header = match channel.peer {
        Some(_) => split_event_header(bytes),
        None => Some((0, bytes)),
    };
    let Some((flags, event)) = header else {
        guard(Callback::AfterReadEvent, (), || {
            log::message(
                Level::Error,
                sys::ER_SEMISYNC_MISSING_MAGIC_NO_FOR_SEMISYNC_PKT,
                &[Arg::Number(len)],
            );
        });
        return -1;
    };
    // SAFETY: the server's variables for the event, which lies in its packet.
    unsafe {
        *event_buf = event.as_ptr().cast();
        *event_len = event.len() as c_ulong;
    }
    // The header is off by now: whatever happens in here, replication goes on.
    guard(Callback::AfterReadEvent, 0, || {
        channel.on_packet(flags);
        channel.ask = flags & FLAG_ASK != 0;
        channel.heartbeat = channel.peer.is_some() && is_heartbeat(event);
        channel.save();
        if channel.peer.is_some() && traces_details() {
            let args = [
                Arg::Text("after_read_event"),
                Arg::Number(channel.ask.into()),
            ];
            log::message(Level::Note, sys::ER_SEMISYNC_REPLICA_REPLY, &args);
        }
        0
    })
}

/// The event is in the relay log: the position is its end.
unsafe extern "C" fn after_queue_event(
    param: *mut sys::Binlog_relay_IO_param,
    _event: *const c_char,
    _len: c_ulong,
    _flags: u32,
) -> c_int {
    guard(Callback::AfterQueueEvent, 0, || {
        let mut channel = Channel::current();
        let (Some(replica), Some(mut peer)) = (Replica::get(), channel.peer) else {
            return 0;
        };
        // SAFETY: the server's structure, its strings and its connection.
        let (host, port, file, offset, source) = unsafe {
            let param = &*param;
            (
                text(param.host),
                param.port,
                bytes(param.master_log_name),
                param.master_log_pos,
                SourceConnection::new(replica.server, param.mysql),
            )
        };
        let Some(source) = source else {
            return 0;
        };
        if !replica.is_working() {
            // After a panic: connect again, without semi-sync. The source then
            // knows that it must not wait for this replica.
            source.hang_up();
            return 0;
        }
        if !(channel.ask || channel.heartbeat && peer.may_volunteer()) {
            return 0;
        }
        let at = split_name(file).map(|(_, number)| Position {
            file: number,
            offset,
        });
        // A file of another number may be older or newer.
        let is_news = |at: Position| {
            let last = channel.acknowledged;
            last.is_none_or(|last| at.file != last.file || at.offset > last.offset)
        };
        if !channel.ask && !at.is_some_and(is_news) {
            return 0;
        }
        let mut buffer = [0; MAX_ACK];
        let Some(bytes) = encode_ack(file, offset, &mut buffer) else {
            return 0;
        };
        if traces_details() {
            let args = [
                Arg::Text("after_queue_event"),
                Arg::Text(&String::from_utf8_lossy(file)),
                Arg::Number(offset),
            ];
            log::message(
                Level::Note,
                sys::ER_SEMISYNC_REPLICA_REPLY_WITH_BINLOG_INFO,
                &args,
            );
        }
        // A heartbeat that moved the position past transactions that we had:
        // the source may wait for just this, after an acknowledgement was lost.
        let sent = if channel.ask {
            source.send_asked(bytes)
        } else {
            source.send_unasked(bytes)
        };
        // As in stock, a failure does not stop the receiver: if the connection
        // is broken, the next read finds it so.
        match sent {
            Ok(()) => {
                if !channel.ask {
                    peer.on_volunteered();
                    channel.peer = Some(peer);
                }
                channel.acknowledged = at;
                channel.save();
            }
            Err(SendError::Full) => {
                if !channel.told_unread {
                    log::plain(
                        Level::Warning,
                        format_args!(
                            "The source {host}:{port} does not read acknowledgements: \
                             they are left out until it does. Replication goes on."
                        ),
                    );
                    channel.told_unread = true;
                    channel.save();
                }
            }
            Err(SendError::Write(errno, text)) => log::message(
                Level::Error,
                sys::ER_SEMISYNC_REPLICA_SEND_REPLY_FAILED,
                &[Arg::Text(&text), Arg::Number(errno.into())],
            ),
            Err(SendError::Flush) => {
                log::message(
                    Level::Error,
                    sys::ER_SEMISYNC_REPLICA_NET_FLUSH_REPLY_FAILED,
                    &[],
                );
            }
        }
        0
    })
}
