//! The operator ends waits. What goes on is not confirmed, semi-sync stays ON, and the commits
//! stay pending: they may be confirmed later.

use super::Coordinator;
use crate::{
    effects::{Message, Outcome},
    verdicts::WaitId,
};

impl<W> Coordinator<W> {
    /// All who wait go on. With them goes whoever comes to the wait point later for a position
    /// that is not later than theirs: a member of the same commit group.
    pub fn on_release_waits(&mut self) {
        let sessions = self.waiting.len();
        let up_to = self.waiting.last_key_value().map(|(id, _)| id.at);
        self.let_go = self.let_go.max(up_to);
        self.release_all();
        let message = Message::Released { sessions, up_to };
        self.effects.messages.push(message);
    }

    /// KILL ends the wait of one session, and of nobody else. Before the engine's commit this
    /// session leads a commit group, which goes on with it. false: it was released before.
    pub fn on_kill(&mut self, id: WaitId) -> bool {
        let Some(waiter) = self.waiting.remove(&id) else {
            return false;
        };
        self.release(waiter, Outcome::Asynchronous);
        self.effects.messages.push(Message::Killed {
            waiting: id.at,
            confirmed: self.confirmed,
        });
        true
    }
}
