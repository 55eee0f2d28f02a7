//! System variables, and what `SET GLOBAL` leads to. The names that hold a word of the
//! vocabulary come in from the library.

use crate::{
    decisions,
    source::{Source, after_panic},
    variables::{self, DEFAULT_WAIT_POINT},
};
use semisync_server::{
    guard,
    variables::{Bool, Enum, Name, Names, Uint, Ulong, Update},
};
use std::{ffi::CStr, sync::atomic::Ordering};

pub const fn enabled(comment: &'static CStr) -> Bool {
    Bool::new::<Enabled>(c"enabled", comment, &variables::ENABLED, false)
}

pub const fn timeout(comment: &'static CStr) -> Ulong {
    Ulong::stored(c"timeout", comment, &variables::TIMEOUT_MS, 10_000)
}

pub const fn trace_level() -> Ulong {
    Ulong::trace_level(&variables::TRACE_LEVEL)
}

pub const fn wait_for_count(name: &'static CStr, comment: &'static CStr) -> Uint {
    Uint::new::<WaitCount>(name, comment, &variables::WAIT_COUNT, 1, (1, 65_535))
}

pub const fn wait_no_replica(name: &'static CStr, comment: &'static CStr) -> Bool {
    Bool::new::<WaitNoReplica>(name, comment, &variables::WAIT_NO_REPLICA, true)
}

pub const fn wait_point() -> Enum {
    let comment = c"AFTER_SYNC: a commit waits before the storage engine commits, so that \
                    nobody sees what no replica has. AFTER_COMMIT: it waits after that, before \
                    the client is told.";
    let value = &variables::WAIT_POINT;
    Enum::stored(
        c"wait_point",
        comment,
        value,
        DEFAULT_WAIT_POINT,
        &WAIT_POINTS,
    )
}

static WAIT_POINT_NAMES: [Name; 3] = [
    Name::new(c"AFTER_SYNC"),
    Name::new(c"AFTER_COMMIT"),
    Name::END,
];
static WAIT_POINTS: Names = Names::new(&WAIT_POINT_NAMES);

struct Enabled;

impl Update for Enabled {
    type Value = bool;

    fn set(wanted: bool) {
        guard::arm(after_panic);
        let done = Source::get().is_none_or(|source| source.set_enabled(wanted));
        variables::ENABLED.store(wanted && done, Ordering::Release);
    }
}

struct WaitCount;

impl Update for WaitCount {
    type Value = u32;

    fn set(count: u32) {
        variables::WAIT_COUNT.store(count, Ordering::Release);
        if let Some(source) = Source::get() {
            source.state.update(|core| core.on_rule(decisions::rule()));
        }
    }
}

struct WaitNoReplica;

impl Update for WaitNoReplica {
    type Value = bool;

    fn set(on: bool) {
        let before = variables::WAIT_NO_REPLICA.swap(on, Ordering::AcqRel);
        // Setting what is set already changes nothing, as in stock's
        // fix_rpl_semi_sync_source_wait_no_replica.
        if before != on
            && let Some(source) = Source::get()
        {
            source.state.update(|core| core.on_wait_no_replica(on));
        }
    }
}
