//! A millisecond of the world. The source's side does what the source plugin's hooks do, the
//! replicas' side what the replica plugin does.

use super::{Session, World};
use crate::network::{Connection, Packet};
use semisync_core::{AckVerdict, Outcome, WaitVerdict};

/// How often an idle dump sends a heartbeat, in milliseconds.
const HEARTBEAT: u64 = 300;

impl World {
    pub fn pass(&mut self, millis: u64) {
        for _ in 0..millis {
            self.now += 1;
            if self
                .core
                .next_time()
                .is_some_and(|next| next <= self.now * 1000)
            {
                self.core.on_time(self.now * 1000);
            }
            self.begin_waits();
            for connection in 0..self.connections.len() {
                self.send(connection);
                self.receive(connection);
                self.hear(connection);
            }
            self.bury_the_dead();
            self.give_up();
        }
    }

    // ---- a millisecond ----

    fn begin_waits(&mut self) {
        let now = self.now;
        let due: Vec<_> = self
            .flushed
            .extract_if(.., |(due, ..)| *due <= now)
            .collect();
        for (_, at, period) in due {
            let session = self.next_session;
            self.next_session += 1;
            match self.core.on_wait_point(Some(at), session, false) {
                WaitVerdict::Waits(id) => {
                    let gives_up = self.timeout.map(|timeout| now + timeout);
                    let new = Session {
                        id,
                        at,
                        gives_up,
                        is_overdue: false,
                    };
                    self.sessions.insert(session, new);
                }
                WaitVerdict::Done(Outcome::Acknowledged) => assert!(self.truth >= Some(at)),
                WaitVerdict::Done(Outcome::Asynchronous) => {
                    let is_on = period.is_some() && period == self.period();
                    assert!(!is_on || self.released >= Some(at));
                }
                WaitVerdict::NotCounted => panic!("semi-sync is enabled"),
            }
            self.judge();
        }
    }

    /// The dump thread sends a group, or a heartbeat.
    fn send(&mut self, connection: usize) {
        let (now, arrives) = (self.now, self.arrival());
        let connection = &mut self.connections[connection];
        if let Some(&end) = self.log.get(connection.next) {
            connection.sent = Some(end);
            let asks = self.core.on_send(connection.id, end);
            if asks {
                self.core.on_asked();
            }
            let number = connection.next;
            connection.next += 1;
            connection.last_packet = now;
            let packet = Packet::Group { number, asks };
            connection.to_replica.push(arrives, packet);
            if std::mem::take(&mut connection.skipping) {
                let skipped = self.log[number - 1];
                let id = connection.id;
                if self.core.needs_time() {
                    self.core.on_time(now * 1000);
                }
                self.core.on_ack(id, skipped, Some(skipped));
                self.judge();
            }
        } else if (connection.skipping || now >= connection.last_packet + HEARTBEAT)
            && let Some(last) = connection.next.checked_sub(1)
        {
            let at = self.log[last];
            connection.sent = Some(at);
            connection.skipping = false;
            connection.last_packet = now;
            let asks = self.core.is_wanting();
            let packet = Packet::Heartbeat { at, asks };
            connection.to_replica.push(arrives, packet);
        }
    }

    /// The replica takes packets in, unless it has given the connection up.
    fn receive(&mut self, connection: usize) {
        let now = self.now;
        while let Some(packet) = self.connections[connection].to_replica.arrived(now) {
            let replica = &mut self.replicas[self.connections[connection].replica];
            if replica.connection != Some(self.connections[connection].id) {
                continue;
            }
            let (at, asks) = match packet {
                Packet::Group { number, asks } => {
                    assert_eq!(number, replica.has, "no group is left out");
                    replica.has += 1;
                    (self.log[number], asks)
                }
                Packet::Heartbeat { at, asks } => (at, asks),
            };
            let times = match (asks, self.careless && self.chance.one_in(6)) {
                (true, false) => 1,
                (true, true) => 2 * self.chance.below(2),
                (false, _) => 0,
            };
            for _ in 0..times {
                let arrives = self.arrival();
                self.connections[connection].to_source.push(arrives, at);
            }
        }
    }

    /// The source hears acknowledgements.
    fn hear(&mut self, connection: usize) {
        let now = self.now;
        while let Some(at) = self.connections[connection].to_source.arrived(now) {
            let Connection { id, sent, .. } = self.connections[connection];
            self.judge();
            self.tell_time();
            let verdict = self.core.on_ack(id, at, sent);
            let lie = self.log.last().is_none_or(|last| at > *last);
            assert_eq!(lie, matches!(verdict, AckVerdict::FromTheFuture { .. }));
            self.judge();
        }
    }

    fn bury_the_dead(&mut self) {
        let now = self.now;
        let dead = |c: &&Connection| c.dies.is_some_and(|dies| dies <= now);
        let dead: Vec<_> = self.connections.iter().filter(dead).map(|c| c.id).collect();
        dead.into_iter().for_each(|id| self.disconnect(id));
    }

    fn give_up(&mut self) {
        let now = self.now;
        let due = |s: &&Session| s.gives_up.is_some_and(|gives_up| gives_up <= now);
        let due: Vec<_> = self.sessions.values().filter(due).map(|s| s.id).collect();
        // A timeout may have ended the waits of others.
        for id in due {
            if self.sessions.values().any(|session| session.id == id) {
                self.time_out(id);
            }
        }
        self.judge();
    }
}
