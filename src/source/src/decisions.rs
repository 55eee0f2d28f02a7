//! What the operator's plugin decides. Its variables tell the values, and the main plugin acts by
//! them; without the operator's plugin they are stock's.
//!
//! The lock around them is held for a copy only. It may be taken under the coordinator's lock.

use crate::variables::{wait_count, waits_without_replicas};
use semisync_core::{Quorum, Rule, Settings, TimeoutAction};
use semisync_server::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};
use std::sync::Arc;

/// The defaults are stock's.
#[derive(Clone, Debug)]
pub struct Decisions {
    /// Who must have a commit. None: as many replicas as stock's count says.
    pub quorum: Option<Arc<Quorum>>,
    /// The source's own zone.
    pub zone: Option<Box<str>>,
    pub timeout_action: TimeoutAction,
    pub min_replicas: u32,
    pub rejoin_after_ms: u32,
    pub kill_ends_wait: bool,
}

static DECISIONS: Mutex<Decisions> = Mutex::new(Decisions::STOCK);
/// One of them, for sessions that wait.
static KILL_ENDS_WAIT: AtomicBool = AtomicBool::new(false);

impl Decisions {
    pub const STOCK: Self = Self {
        quorum: None,
        zone: None,
        timeout_action: TimeoutAction::Async,
        min_replicas: 0,
        rejoin_after_ms: 0,
        kill_ends_wait: false,
    };
}

/// Decides otherwise. Nothing acts by it yet, see `State::on_decisions`.
pub fn change(change: impl FnOnce(&mut Decisions)) {
    let mut decisions = DECISIONS.lock();
    change(&mut decisions);
    KILL_ENDS_WAIT.store(decisions.kill_ends_wait, Ordering::Release);
}

/// Whether KILL ends the wait of a session. No lock.
pub fn does_kill_end_wait() -> bool {
    KILL_ENDS_WAIT.load(Ordering::Acquire)
}

/// What the coordinator must know, with the main plugin's own variables.
pub fn settings() -> Settings {
    let decisions = DECISIONS.lock();
    Settings {
        rule: rule_of(&decisions),
        wait_no_replica: waits_without_replicas(),
        timeout_action: decisions.timeout_action,
        min_replicas: decisions.min_replicas,
        rejoin_after: u64::from(decisions.rejoin_after_ms) * 1000,
    }
}

/// Who must have a commit.
pub fn rule() -> Rule {
    rule_of(&DECISIONS.lock())
}

fn rule_of(decisions: &Decisions) -> Rule {
    Rule {
        quorum: decisions.quorum.clone(),
        count: wait_count(),
        own_zone: decisions.zone.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_operator_s_plugin_everything_is_stock_s() {
        assert_eq!(settings(), Settings::default());
        assert!(!does_kill_end_wait());
    }
}
