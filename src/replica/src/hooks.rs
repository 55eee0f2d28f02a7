//! The relay log I/O observer. Every hook runs in the receiver thread of its
//! channel; what it answers with an error for, stock's does too.

use crate::{
    ack_after,
    channel::{self, ChannelState},
    figures, messages,
    negotiation::{Agreement, Announced, negotiate},
    operator::values::AckAfter,
    peer::Peer,
    replica::{Replica, is_enabled, is_working, traces_details},
};
use semisync_core::{FLAG_ASK, MAX_ACK, Position, encode_ack, split_event_header, split_name};
use semisync_server::{
    client::{SendError, SourceConnection},
    observers::{Channel, Refused, RelayIoObserver, RelayIoTable},
};
use std::{borrow::Cow, sync::Arc};

pub static RELAY_IO: RelayIoTable = RelayIoTable::new::<RelayIo>();

struct RelayIo;

impl RelayIoObserver for RelayIo {
    fn on_thread_start(channel: &Channel<'_>) {
        let semi_sync = is_enabled();
        ChannelState::disconnect(semi_sync);
        ack_after::end();
        figures::on_disconnect(&key(channel));
        messages::thread_starts(channel, semi_sync);
    }

    fn on_thread_stop(channel: &Channel<'_>) {
        ChannelState::disconnect(false);
        ack_after::end();
        figures::on_disconnect(&key(channel));
    }

    fn before_request(
        channel: &Channel<'_>,
        source: Option<&SourceConnection>,
    ) -> Result<(), Refused> {
        let replica = Replica::get().filter(|_| is_enabled() && is_working());
        // In use from here on: if the source agrees, its packets carry headers.
        ChannelState::disconnect(replica.is_some());
        let key = key(channel);
        figures::on_disconnect(&key);
        let uuid = channel.source_uuid().map(Arc::from);
        let (Some(replica), Some(source)) = (replica, source) else {
            ack_after::end();
            // Nobody was asked, so nobody has refused. But it is a connection without
            // acknowledgements.
            figures::on_connect(&key, true, AckAfter::Received, uuid);
            return Ok(());
        };
        let announced = Announced::now();
        ack_after::begin(replica.server, announced.ack_after);
        // A source counts the position that a semi-sync replica asks for as acknowledged.
        if !ack_after::is_reached(channel) {
            ChannelState::wait_for_disk();
            figures::on_connect(&key, true, announced.ack_after, uuid);
            return Ok(());
        }
        let agreement = negotiate(source, replica.words.names.main, &announced)?;
        let semi_sync = agreement != Agreement::Asynchronous;
        let ack_after = if semi_sync {
            announced.ack_after
        } else {
            // The relay log is watched on: the next connection may claim what it holds.
            AckAfter::Received
        };
        figures::on_connect(&key, semi_sync, ack_after, uuid);
        match agreement {
            Agreement::SemiSync(peer) => {
                let told = announced != Announced::default();
                let id = replica.server.server_id();
                ChannelState::connect(key.into(), peer, told, source.socket(), id);
            }
            Agreement::Asynchronous => ChannelState::disconnect(false),
        }
        Ok(())
    }

    fn after_read(packet: &[u8]) -> Result<&[u8], Refused> {
        if let Some(event) = channel::ordinary_event(packet)
            && !traces_details()
        {
            return Ok(event);
        }
        look_closer(packet)
    }

    fn find_event(packet: &[u8]) -> Result<&[u8], Refused> {
        let found = split(&ChannelState::current(), packet);
        found.map(|(_, event)| event).ok_or(Refused)
    }

    fn awaits_queued() -> bool {
        channel::awaits_queued() || !is_working()
    }

    fn after_queue(channel: &Channel<'_>, source: &SourceConnection) {
        let state = ChannelState::current();
        ack_after::on_queued();
        if state.first_transaction {
            figures::on_transaction(&key(channel));
        }
        state.done().save();
        if state.waits_for_disk && ack_after::is_reached_at_last(channel) {
            // Connect again, with semi-sync.
            source.hang_up();
            return;
        }
        let Some(peer) = state.peer else {
            return;
        };
        if !is_working() {
            // After a panic: connect again, without semi-sync. The source then
            // knows that it must not wait for this replica.
            source.hang_up();
            return;
        }
        if !may_reply(&state, &peer) {
            return;
        }
        let (file, offset) = (channel.file(), channel.offset());
        let at = split_name(file).map(|(_, number)| Position {
            file: number,
            offset,
        });
        if !state.ask && !at.is_some_and(|at| is_news(&state, at)) {
            return;
        }
        if Replica::get().is_none_or(|replica| replica.server.server_id() != state.server_id) {
            // The server throws away what was committed under its own id (`queue_event` in
            // sql/rpl_replica.cc), so the event may not be in the relay log. When the receiver
            // connects, it looks whether the source has the same id, and tells the source the new
            // one.
            messages::server_id_changed(channel);
            source.hang_up();
            return;
        }
        let mut buffer = [0; MAX_ACK];
        let Some(bytes) = encode_ack(file, offset, &mut buffer) else {
            return;
        };
        if !ack_after::is_reached(channel) {
            if state.ask {
                source.leave_out_asked();
            }
            return;
        }
        if traces_details() {
            messages::trace_reply(channel);
        }
        // A heartbeat that moved the position past transactions that we had:
        // the source may wait for just this, after an acknowledgement was lost.
        let sent = if state.ask {
            source.send_asked(bytes)
        } else {
            source.send_unasked(bytes)
        };
        match sent {
            Ok(()) => {
                state.on_acknowledged(at).save();
                figures::on_ack(&key(channel), file, offset);
            }
            Err(SendError::Full) if state.told_unread => {}
            Err(SendError::Full) => {
                messages::source_does_not_read(channel);
                state.on_unread().save();
            }
            Err(error) => messages::not_sent(&error),
        }
    }
}

/// `after_read` for an event that is not ordinary. Apart, so that ordinary ones save no registers
/// for it.
#[inline(never)]
fn look_closer(packet: &[u8]) -> Result<&[u8], Refused> {
    let mut state = ChannelState::current();
    let Some((flags, event)) = split(&state, packet) else {
        messages::no_header(packet);
        return Err(Refused);
    };
    state.on_packet(flags);
    state.ask = flags & FLAG_ASK != 0;
    state.on_event(event);
    state.save();
    ack_after::on_read(event);
    if state.peer.is_some() && traces_details() {
        messages::trace_read(state.ask);
    }
    Ok(event)
}

/// The name by which a channel's figures are kept. Where the server does not tell the channel's,
/// its source stands for it.
fn key<'a>(channel: &Channel<'a>) -> Cow<'a, str> {
    match channel.name() {
        Some(name) => name.into(),
        None => format!("{}:{}", channel.host(), channel.port()).into(),
    }
}

/// The flags of a packet's header, and the event behind it; a connection without semi-sync
/// has no header. None: the header is missing.
fn split<'p>(state: &ChannelState, packet: &'p [u8]) -> Option<(u8, &'p [u8])> {
    match state.peer {
        Some(_) => split_event_header(packet),
        None => Some((0, packet)),
    }
}

fn may_reply(state: &ChannelState, peer: &Peer) -> bool {
    state.ask || state.heartbeat && peer.may_volunteer()
}

/// A file of another number may be older or newer.
fn is_news(state: &ChannelState, at: Position) -> bool {
    let last = state.acknowledged;
    last.is_none_or(|last| at.file != last.file || at.offset > last.offset)
}
