//! A commit's way past the hooks: refused or not, flushed, at its wait point, told OK or not.
//!
//! No hook answers with an error where stock's do not: an error of `after_sync`
//! would abort the server (`binlog_error_action`).

use crate::{
    counters::{REFUSED_TX, count_transaction},
    operator::values::{counts_transactions, waits_when_read_only},
    refusal,
    source::Source,
    variables::{WaitPoint, wait_point},
    wait::wait_for_acknowledgement,
};
use semisync_core::CommitVerdict;
use semisync_server::{
    LogPos,
    observers::{RefusedBy, StorageObserver, StorageTable, TransactionObserver, TransactionTable},
    session,
};
use std::sync::atomic::Ordering;

pub static TRANSACTION: TransactionTable = TransactionTable::new::<Commit>();
pub static STORAGE: StorageTable = StorageTable::new::<Commit>();

struct Commit;

impl StorageObserver for Commit {
    fn after_flush(end: LogPos<'_>) {
        let Some(source) = Source::get() else {
            return;
        };
        let state = &source.state;
        // Before any of it is sent; while semi-sync is disabled too, because a session keeps the
        // id that it began with.
        source.own_ids.note(state.server.server_id());
        if state.is_enabled() && state.on_flush(end.file(), end.offset, !is_exempt(source)) {
            source.on_new_log();
        }
    }

    fn after_sync(end: LogPos<'_>) {
        if let Some(source) = Source::enabled()
            && wait_point() == WaitPoint::AfterSync
            && !is_exempt(source)
        {
            wait_for_acknowledgement(source, end);
        }
    }
}

impl TransactionObserver for Commit {
    fn before_commit() -> Result<(), RefusedBy> {
        Source::get().map_or(Ok(()), |source| refusal::ask(&source.state))
    }

    fn on_refused() {
        REFUSED_TX.fetch_add(1, Ordering::Relaxed);
    }

    fn after_commit(end: LogPos<'_>) {
        after_transaction(end);
    }

    fn after_rollback(end: LogPos<'_>) {
        after_transaction(end);
    }
}

fn after_transaction(end: LogPos<'_>) {
    let Some(source) = Source::enabled() else {
        return;
    };
    let exempt = is_exempt(source);
    if wait_point() == WaitPoint::AfterCommit && !exempt {
        wait_for_acknowledgement(source, end);
    }
    // At either wait point every member of a commit group passes here before its client
    // is told OK.
    let state = &source.state;
    if state.is_unsettled() {
        settle(source, end);
    }
    if counts_transactions()
        && !exempt
        && let Some(is_confirmed) = state.is_confirmed(end.file(), end.offset)
    {
        count_transaction(is_confirmed);
    }
}

/// Whether nobody waits: the server is `read_only`, and what its appliers write is confirmed
/// elsewhere (`semisync_source_wait_when_read_only`). Then nobody asks for the commit, and it is
/// counted neither as confirmed nor as unconfirmed.
fn is_exempt(source: &Source) -> bool {
    !waits_when_read_only() && source.state.server.is_read_only()
}

/// Cuts the client off whose commit is not confirmed and may not be told OK.
#[cold]
fn settle(source: &Source, end: LogPos<'_>) {
    let (state, server) = (&source.state, source.state.server);
    let applier = session::is_applier(server);
    let ask = || {
        let shutting_down = server.is_shutting_down();
        state.update_log(|core, files| {
            let at = files.find(end.file(), end.offset);
            core.on_engine_commit(at, applier, shutting_down)
        })
    };
    let mut verdict = ask();
    if verdict == CommitVerdict::Waits {
        wait_for_acknowledgement(source, end);
        verdict = ask();
    }
    if verdict == CommitVerdict::Untold && !session::hang_up_client(server) && !applier {
        state.not_cut.fetch_add(1, Ordering::Relaxed);
    }
}
