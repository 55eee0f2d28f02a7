//! The values of `semisync_source_timeout_action`. Where no transaction can be refused before it is
//! written, there is no REFUSE.

use crate::source::Source;
use semisync_core::TimeoutAction;
use semisync_server::{
    HAS_BEFORE_COMMIT,
    variables::{Name, Names, Update},
};
use std::{
    ffi::CStr,
    sync::atomic::{AtomicU64, Ordering},
};

pub const COMMENT: &CStr = if HAS_BEFORE_COMMIT {
    c"What happens when a commit has waited for its whole timeout. ASYNC: replication becomes \
      asynchronous. WAIT: the commit waits on. REFUSE: the same, and new transactions are refused \
      until enough replicas are back. ABORT_SERVER: the server ends itself."
} else {
    c"What happens when a commit has waited for its whole timeout. ASYNC: replication becomes \
      asynchronous. WAIT: the commit waits on. ABORT_SERVER: the server ends itself."
};

/// The default.
pub const ASYNC: u64 = 0;
/// What the server shows.
pub static SHOWN: AtomicU64 = AtomicU64::new(ASYNC);

static WITH_REFUSE: [Name; 5] = [
    Name::new(c"ASYNC"),
    Name::new(c"WAIT"),
    Name::new(c"REFUSE"),
    Name::new(c"ABORT_SERVER"),
    Name::END,
];
static WITHOUT_REFUSE: [Name; 4] = [
    Name::new(c"ASYNC"),
    Name::new(c"WAIT"),
    Name::new(c"ABORT_SERVER"),
    Name::END,
];
pub static ACTIONS: Names = Names::new(if HAS_BEFORE_COMMIT {
    &WITH_REFUSE
} else {
    &WITHOUT_REFUSE
});

/// What the server's number of a name means.
pub fn action(index: u64) -> TimeoutAction {
    match index {
        ASYNC => TimeoutAction::Async,
        1 => TimeoutAction::Wait,
        2 if HAS_BEFORE_COMMIT => TimeoutAction::Refuse,
        _ => TimeoutAction::AbortServer,
    }
}

pub struct SetTimeoutAction;

impl Update for SetTimeoutAction {
    type Value = u64;

    fn set(index: u64) {
        SHOWN.store(index, Ordering::Relaxed);
        Source::decide(|decisions| decisions.timeout_action = action(index));
    }
}
