//! Commits, in groups (sql/binlog.cc, `MYSQL_BIN_LOG::ordered_commit`).

use super::{
    binary_log::{self, EVENT, File},
    locks::{Monitor, ReadWrite},
    plugin::{STORAGE, TRANSACTIONS, TRANSMIT},
    session::{self, Session},
};
use semisync_interleaved::{Mutex, step, trace};
use semisync_sys as sys;
use std::{
    ffi::CStr,
    mem::zeroed,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

/// `LOCK_commit`, with `binlog_order_commits`.
static COMMIT: Mutex<()> = Mutex::new(());
/// `LOCK_after_commit`, with `binlog_order_commits`.
static AFTER_COMMIT: Mutex<()> = Mutex::new(());
/// The metadata lock of commits: the global read lock holds them up.
static COMMITS: ReadWrite = ReadWrite::new();
/// The queue of the flush stage. Whoever comes first leads.
static QUEUE: Mutex<Vec<&'static Session>> = Mutex::new(Vec::new());
/// What leaders have done for others, by the session.
static DONE: Monitor<Vec<(u64, Committed)>> = Monitor::new(Vec::new());

static IN_GROUPS: AtomicBool = AtomicBool::new(false);
static IN_ORDER: AtomicBool = AtomicBool::new(false);
/// Up to where others see what was committed.
static VISIBLE: AtomicU64 = AtomicU64::new(0);

/// A commit that has returned.
#[derive(Clone, Copy, Debug)]
pub struct Committed {
    /// Its place in the log, see [`File::place`].
    pub end: u64,
}

/// From now on commits that come at once are a group. `in_order`: `binlog_order_commits`.
pub fn in_groups(in_order: bool) {
    IN_GROUPS.store(true, Ordering::Relaxed);
    IN_ORDER.store(in_order, Ordering::Relaxed);
}

/// Up to where in the log others see what was committed.
pub fn visible() -> u64 {
    VISIBLE.load(Ordering::Relaxed)
}

/// Commits a transaction, up to where the client is told.
pub fn commit(session: &'static Session) -> Committed {
    COMMITS.read(|| {
        if !IN_GROUPS.load(Ordering::Relaxed) {
            return lead(&mut vec![session], session);
        }
        let leads = {
            let mut queue = QUEUE.lock();
            queue.push(session);
            queue.len() == 1
        };
        if leads {
            return lead(&mut Vec::new(), session);
        }
        let committed = DONE.wait(|done| {
            let at = done.iter().position(|(id, _)| *id == session.id)?;
            Some(done.swap_remove(at).1)
        });
        if !IN_ORDER.load(Ordering::Relaxed) {
            finish(session, committed);
        }
        committed
    })
}

/// The leader's way. `group`: those that are not in the queue.
fn lead(group: &mut Vec<&'static Session>, leader: &'static Session) -> Committed {
    let mut log = binary_log::LOG.lock();
    if group.is_empty() {
        *group = std::mem::take(&mut *QUEUE.lock());
    }
    let file = log.file;
    let ends: Vec<_> = (1..)
        .map(|number| log.end + number * EVENT)
        .take(group.len())
        .collect();
    let end = ends.last().copied().unwrap_or(log.end);
    flushed(file, end);
    log.end = end;
    binary_log::prepare(group.len() as u64);
    drop(log);
    trace(format_args!(
        "commits of {:?} are flushed, up to {end}",
        group.iter().map(|session| session.id).collect::<Vec<_>>()
    ));
    binary_log::publish(file, end);
    let in_order = IN_ORDER.load(Ordering::Relaxed);
    let order = in_order.then(|| COMMIT.lock());
    synced(file, end);
    let places = ends.iter().map(|end| Committed {
        end: file.place(*end),
    });
    let members: Vec<_> = group.iter().copied().zip(places).collect();
    if in_order {
        for (_, committed) in &members {
            in_engine(*committed);
        }
        let after = AFTER_COMMIT.lock();
        drop(order);
        for (member, committed) in &members {
            session::stand_in(member, || committed_in_engine(*committed));
        }
        drop(after);
    }
    let mut own = None;
    let mut others = Vec::new();
    for (member, committed) in members {
        if member.id == leader.id {
            own = Some(committed);
        } else {
            others.push((member.id, committed));
        }
    }
    if !others.is_empty() {
        DONE.change(|done| done.extend(others));
    }
    let own = own.expect("the leader is of its group");
    if !in_order {
        finish(leader, own);
    }
    own
}

/// What a session does by itself, without `binlog_order_commits`.
fn finish(_: &Session, committed: Committed) {
    in_engine(committed);
    committed_in_engine(committed);
}

fn flushed(file: File, end: u64) {
    let name = file.name();
    let mut param = storage_param();
    STORAGE.call("after_flush", |observer| {
        let hook = observer.after_flush?;
        // SAFETY: as the server calls it; so below.
        Some(unsafe { hook(&mut param, name.as_ptr(), end) })
    });
}

fn synced(file: File, end: u64) {
    let name = file.name();
    let mut param = storage_param();
    STORAGE.call("after_sync", |observer| {
        let hook = observer.after_sync?;
        // SAFETY: see above.
        Some(unsafe { hook(&mut param, name.as_ptr(), end) })
    });
}

fn in_engine(committed: Committed) {
    step();
    VISIBLE.fetch_max(committed.end, Ordering::Relaxed);
    binary_log::commit_prepared(1);
}

fn committed_in_engine(committed: Committed) {
    let (file, end) = File::of(committed.end);
    let name = file.name();
    // SAFETY: plain data.
    let mut transaction: sys::Trans_param = unsafe { zeroed() };
    transaction.flags = sys::TRANS_IS_REAL_TRANS;
    transaction.log_file = CStr::as_ptr(&name);
    transaction.log_pos = end;
    TRANSACTIONS.call("after_commit", |observer| {
        let hook = observer.after_commit?;
        // SAFETY: see above.
        Some(unsafe { hook(&mut transaction) })
    });
}

fn storage_param() -> sys::Binlog_storage_param {
    // SAFETY: plain data that the hook does not read.
    unsafe { zeroed() }
}

/// RESET BINARY LOGS AND GTIDS (sql/rpl_source.cc, `reset_binary_logs_and_gtids`). `alone`: no
/// commit is on its way meanwhile, as where the server takes the global read lock. It gives the
/// lock back before it tells of the new log: what comes in between is `meanwhile`.
pub fn reset_log(alone: bool, meanwhile: impl FnOnce()) {
    if alone {
        COMMITS.write(binary_log::reset);
    } else {
        binary_log::reset();
    }
    meanwhile();
    let mut param = sys::Binlog_transmit_param {
        server_id: 1,
        flags: 0,
    };
    TRANSMIT.call("after_reset_master", |observer| {
        let hook = observer.after_reset_master?;
        // SAFETY: as the server calls it.
        Some(unsafe { hook(&mut param) })
    });
}
