//! What is said of what the operator has decided.

use semisync_core::Refusal;
use semisync_server::log::{self, Level};

/// To the client whose wait KILL has ended.
pub const KILLED: &str = "KILL has ended the wait for acknowledgements: the transaction is \
                          committed here, but perhaps on no replica.";

/// The last line.
pub const ABORTS: &str = "Too few replicas have acknowledged a transaction in time, and \
                          semisync_source_timeout_action is ABORT_SERVER: the server ends itself.";

/// A session has waited for its whole timeout, and waits on.
pub fn waits_on() {
    log::plain(
        Level::Warning,
        format_args!(
            "Semi-sync stays ON after this timeout, because semisync_source_timeout_action is \
             WAIT: sessions wait on. Further timeouts are not logged until a commit is confirmed."
        ),
    );
}

/// `up_to`: the last place for which one of the `sessions` has waited. None: nobody has.
pub fn released(sessions: usize, up_to: Option<&str>) {
    let Some(up_to) = up_to else {
        log::plain(
            Level::Note,
            format_args!("Semi-sync has released nobody: no session waits."),
        );
        return;
    };
    log::plain(
        Level::Warning,
        format_args!(
            "Semi-sync has released {sessions} waiting session(s) because \
             semisync_source_release_waits was set, with all transactions up to {up_to}. They are \
             committed here, and perhaps nowhere else. Semi-sync stays ON."
        ),
    );
}

/// `waiting`: the place for which the session has waited.
pub fn killed(waiting: &str, confirmed: &str) {
    log::plain(
        Level::Warning,
        format_args!(
            "KILL has ended a session's wait for acknowledgements of {waiting}. Its transaction, \
             and those of the same commit group, are committed here, but perhaps on no replica. \
             Acknowledged is {confirmed}. Semi-sync stays ON."
        ),
    );
}

pub fn refuses(refusal: Refusal) {
    match refusal {
        Refusal::Timeout => log::plain(
            Level::Warning,
            format_args!(
                "New transactions are refused, because semisync_source_timeout_action is REFUSE: \
                 replicas that must have each commit are not there, or do not answer. Sessions \
                 that wait go on waiting."
            ),
        ),
        Refusal::TooFew => log::plain(
            Level::Warning,
            format_args!(
                "New transactions are refused: fewer replicas that count are connected than \
                 semisync_source_min_replicas."
            ),
        ),
    }
}

pub fn refuses_no_more() {
    log::plain(
        Level::Note,
        format_args!("New transactions are not refused any more."),
    );
}
