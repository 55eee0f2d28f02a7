//! A coordinator and what surrounds it, for tests that tell a story. Replicas are known by
//! number, positions by their offset in one file. The effects are collected until the test
//! asks for them.

#![allow(dead_code)] // every test uses its own part

use semisync_core::{
    AckVerdict, CommitVerdict, Coordinator, Effects, Member, Message, Outcome, Position,
    ReplicaConnectionId, Rule, Settings, Stats, TimeoutVerdict, WaitId, WaitVerdict,
};

use std::sync::Arc;

pub fn at(offset: u64) -> Position {
    Position { file: 1, offset }
}

pub struct Story {
    pub core: Coordinator<&'static str>,
    effects: Effects<&'static str>,
    connections: u64,
}

impl Story {
    /// Not enabled yet.
    pub fn begin(count: u32, wait_no_replica: bool) -> Self {
        Self {
            core: Coordinator::new(Settings {
                rule: Rule::of_count(count),
                wait_no_replica,
                ..Settings::default()
            }),
            effects: Effects::default(),
            connections: 0,
        }
    }

    /// Enabled, with replicas 1 to `replicas` connected by auto-position. The messages so far
    /// are forgotten.
    pub fn with_replicas(wait_count: u32, wait_no_replica: bool, replicas: u32) -> Self {
        let mut story = Self::begin(wait_count, wait_no_replica);
        for server in 1..=replicas {
            story.connect(server);
        }
        story.enable();
        story.messages();
        story
    }

    /// As `with_replicas`; then a commit at 100 has timed out.
    pub fn switched_off(wait_count: u32, replicas: u32) -> Self {
        let mut story = Self::with_replicas(wait_count, true, replicas);
        story.flush(100);
        let id = story.wait(100, "gives up");
        assert_eq!(story.time_out(id), TimeoutVerdict::Over);
        assert!(!story.core.status());
        story.messages();
        story.released();
        story
    }

    pub fn enable(&mut self) {
        self.core.on_enable();
    }

    pub fn disable(&mut self) {
        self.core.on_disable();
    }

    pub fn reset(&mut self) {
        self.core.on_reset();
    }

    pub fn set_count(&mut self, count: u32) {
        self.core.on_rule(Rule::of_count(count));
    }

    pub fn set_quorum(&mut self, text: &str) {
        self.core.on_rule(Rule {
            quorum: Some(text.parse().map(Arc::new).expect("a quorum")),
            ..Rule::of_count(1)
        });
    }

    /// All settings in one step.
    pub fn set(&mut self, settings: Settings) {
        self.core.on_settings(settings);
    }

    pub fn release_waits(&mut self) {
        self.core.on_release_waits();
    }

    pub fn kill(&mut self, id: WaitId) -> bool {
        self.core.on_kill(id)
    }

    pub fn set_wait_no_replica(&mut self, on: bool) {
        self.core.on_wait_no_replica(on);
    }

    /// With auto-position.
    pub fn connect(&mut self, server: u32) -> ReplicaConnectionId {
        self.add(server, None)
    }

    /// By file and position.
    pub fn connect_at(&mut self, server: u32, offset: u64) -> ReplicaConnectionId {
        self.add(server, Some(at(offset)))
    }

    fn add(&mut self, server: u32, start: Option<Position>) -> ReplicaConnectionId {
        self.connections += 1;
        let connection = ReplicaConnectionId(self.connections);
        self.core
            .on_connect(connection, Member::of(server).into(), start);
        connection
    }

    pub fn leave(&mut self, connection: ReplicaConnectionId) {
        self.core.on_disconnect(connection, false);
    }

    pub fn leave_during_shutdown(&mut self, connection: ReplicaConnectionId) {
        self.core.on_disconnect(connection, true);
    }

    pub fn flush(&mut self, offset: u64) {
        self.core.on_flush(at(offset));
    }

    pub fn commit(&mut self, offset: u64, who: &'static str) -> WaitVerdict {
        self.core.on_wait_point(Some(at(offset)), who, false)
    }

    pub fn commit_during_shutdown(&mut self, offset: u64, who: &'static str) -> WaitVerdict {
        self.core.on_wait_point(Some(at(offset)), who, true)
    }

    /// A commit that has to wait.
    pub fn wait(&mut self, offset: u64, who: &'static str) -> WaitId {
        match self.commit(offset, who) {
            WaitVerdict::Waits(id) => id,
            done => panic!("{who} does not wait: {done:?}"),
        }
    }

    pub fn time_out(&mut self, id: WaitId) -> TimeoutVerdict {
        self.core.on_timeout(id, false)
    }

    pub fn time_out_during_shutdown(&mut self, id: WaitId) -> TimeoutVerdict {
        self.core.on_timeout(id, true)
    }

    pub fn stop_applier(&mut self, id: WaitId) -> bool {
        self.core.on_applier_stop(id, false)
    }

    pub fn stop_applier_during_shutdown(&mut self, id: WaitId) -> bool {
        self.core.on_applier_stop(id, true)
    }

    /// The engine has committed for a client.
    pub fn engine_commit(&mut self, offset: u64) -> CommitVerdict {
        self.core.on_engine_commit(Some(at(offset)), false, false)
    }

    pub fn engine_commit_of_applier(&mut self, offset: u64) -> CommitVerdict {
        self.core.on_engine_commit(Some(at(offset)), true, false)
    }

    pub fn engine_commit_of_applier_during_shutdown(&mut self, offset: u64) -> CommitVerdict {
        self.core.on_engine_commit(Some(at(offset)), true, true)
    }

    /// Whether the client is not told OK although the engine has committed.
    pub fn is_untold(&mut self, offset: u64) -> bool {
        self.engine_commit(offset) == CommitVerdict::Untold
    }

    pub fn wake_by_shutdown(&mut self, id: WaitId) -> bool {
        self.core.on_shutdown(id)
    }

    /// An event that may end a transaction is sent. Whether it asks.
    pub fn send(&mut self, connection: ReplicaConnectionId, end: u64) -> bool {
        self.core.on_send(connection, at(end))
    }

    /// An acknowledgement of what was sent.
    pub fn ack(&mut self, connection: ReplicaConnectionId, offset: u64) -> AckVerdict {
        self.ack_of_sent(connection, offset, Some(offset))
    }

    /// The dump skips a transaction. `last_sent`: how far the dump really sent something.
    pub fn skip(&mut self, connection: ReplicaConnectionId, offset: u64, last_sent: Option<u64>) {
        self.core.on_skip(connection, at(offset), last_sent.map(at));
    }

    pub fn ack_of_sent(
        &mut self,
        connection: ReplicaConnectionId,
        offset: u64,
        sent: Option<u64>,
    ) -> AckVerdict {
        self.core.on_ack(connection, at(offset), sent.map(at))
    }

    /// The messages since the last call.
    pub fn messages(&mut self) -> Vec<Message> {
        self.take_effects();
        std::mem::take(&mut self.effects.messages)
    }

    /// Who was released since the last call, and how.
    pub fn released(&mut self) -> Vec<(&'static str, Outcome)> {
        self.take_effects();
        std::mem::take(&mut self.effects.released)
    }

    fn take_effects(&mut self) {
        let Effects { released, messages } = self.core.take_effects();
        self.effects.released.extend(released);
        self.effects.messages.extend(messages);
    }

    pub fn stats(&self) -> Stats {
        *self.core.stats()
    }

    /// The first connections have the numbers of their replicas.
    pub fn connection(&self, server: u64) -> ReplicaConnectionId {
        ReplicaConnectionId(server)
    }
}
