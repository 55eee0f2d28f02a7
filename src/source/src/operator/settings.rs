//! The operator's variables, and what `SET GLOBAL` leads to.
//!
//! The server keeps the values that it shows in statics here, and stores those of the option file
//! before `init`. What the source goes by is elsewhere (`decisions`, `operator/values`): it changes
//! when the plugin is installed, by `SET GLOBAL`, and when the plugin is uninstalled.

mod actions;
mod texts;

use super::values;
use crate::{decisions::Decisions, source::Source};
use actions::{ACTIONS, SetTimeoutAction, action};
use semisync_core::Members;
use semisync_server::{
    HAS_BEFORE_COMMIT,
    variables::{Bool, Entry, Enum, Text, TextValue, Uint, Update, Variables},
};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use texts::{SetMembers, SetQuorum, SetZone};

pub static ALL: Variables<12> = Variables::new([
    Some(QUORUM.entry()),
    Some(MEMBERS.entry()),
    Some(ZONE.entry()),
    Some(TIMEOUT_ACTION.entry()),
    if_refusing(MIN_REPLICAS.entry()),
    Some(REJOIN_AFTER.entry()),
    Some(RELEASE_WAITS.entry()),
    Some(KILL_ENDS_WAIT.entry()),
    if_refusing(FENCED.entry()),
    Some(WAIT_WHEN_READ_ONLY.entry()),
    Some(REPLICA_ROWS.entry()),
    Some(SPIN.entry()),
]);

/// A variable that only series have that can refuse a transaction before it is written.
const fn if_refusing(entry: Entry) -> Option<Entry> {
    if HAS_BEFORE_COMMIT { Some(entry) } else { None }
}

// ---- the variables ----

static QUORUM: Text = Text::new::<SetQuorum>(
    c"quorum",
    c"Which replicas must have a transaction before its commit goes on: ANY n (members), FIRST n \
      (members) or ZONES n, joined by AND. A member is a server id, a UUID, a name, zone:<name> or \
      *. Empty: any replicas, as many as the count of the main plugin says.",
    &QUORUM_TEXT,
);
static MEMBERS: Text = Text::new::<SetMembers>(
    c"members",
    c"Names and zones of replicas by their server ids, whatever the replicas say themselves: \
      '2=db2@east, 3=db3@west'.",
    &MEMBERS_TEXT,
);
static ZONE: Text = Text::new::<SetZone>(
    c"zone",
    c"The zone in which this server is; ZONES of the quorum does not count it.",
    &ZONE_TEXT,
);
static TIMEOUT_ACTION: Enum = Enum::new::<SetTimeoutAction>(
    c"timeout_action",
    actions::COMMENT,
    &actions::SHOWN,
    actions::ASYNC,
    &ACTIONS,
);
static MIN_REPLICAS: Uint = Uint::new::<SetMinReplicas>(
    c"min_replicas",
    c"New transactions are refused while fewer replicas that count are connected. 0: none is.",
    &MIN_REPLICAS_SHOWN,
    0,
    (0, 65_535),
);
static REJOIN_AFTER: Uint = Uint::new::<SetRejoinAfter>(
    c"rejoin_after_ms",
    c"After a timeout commits wait again once replicas have kept up for so long, in milliseconds.",
    &REJOIN_AFTER_SHOWN,
    0,
    (0, u32::MAX),
);
static RELEASE_WAITS: Bool = Bool::new::<ReleaseWaits>(
    c"release_waits",
    c"Setting this variable ON lets all sessions go on that wait now, unconfirmed. The variable \
      turns itself OFF.",
    &RELEASE_WAITS_SHOWN,
    false,
);
static KILL_ENDS_WAIT: Bool = Bool::new::<SetKillEndsWait>(
    c"kill_ends_wait",
    c"ON: KILL ends the wait of its session, unconfirmed, and that of the session's commit group.",
    &KILL_ENDS_WAIT_SHOWN,
    false,
);
static FENCED: Bool = Bool::new::<SetFenced>(
    c"fenced",
    c"ON: new transactions are refused before they are written. Sessions that wait go on waiting.",
    &FENCED_SHOWN,
    false,
);
static WAIT_WHEN_READ_ONLY: Bool = Bool::new::<SetWaitWhenReadOnly>(
    c"wait_when_read_only",
    c"OFF: commits do not wait while this server is read_only.",
    &WAIT_WHEN_READ_ONLY_SHOWN,
    true,
);
static REPLICA_ROWS: Bool = Bool::new::<SetReplicaRows>(
    c"replica_rows",
    c"ON: SHOW STATUS has rows for each connected replica, for up to 32 of them.",
    &REPLICA_ROWS_SHOWN,
    false,
);

static SPIN: Uint = Uint::new::<SetSpin>(
    c"spin_us",
    c"For so many microseconds a session that waits looks for its acknowledgement before it sleeps. \
      0: it sleeps at once.",
    &SPIN_SHOWN,
    0,
    (0, 1000),
);

// ---- what the server shows ----

static QUORUM_TEXT: TextValue = TextValue::none();
static MEMBERS_TEXT: TextValue = TextValue::none();
static ZONE_TEXT: TextValue = TextValue::none();
static MIN_REPLICAS_SHOWN: AtomicU32 = AtomicU32::new(0);
static REJOIN_AFTER_SHOWN: AtomicU32 = AtomicU32::new(0);
static RELEASE_WAITS_SHOWN: AtomicBool = AtomicBool::new(false);
static KILL_ENDS_WAIT_SHOWN: AtomicBool = AtomicBool::new(false);
static FENCED_SHOWN: AtomicBool = AtomicBool::new(false);
static WAIT_WHEN_READ_ONLY_SHOWN: AtomicBool = AtomicBool::new(true);
static REPLICA_ROWS_SHOWN: AtomicBool = AtomicBool::new(false);
static SPIN_SHOWN: AtomicU32 = AtomicU32::new(0);

/// In `init`: goes by the values of the option file.
pub fn begin() {
    let shown = |value: &AtomicBool| value.load(Ordering::Relaxed);
    Source::decide(|decisions| {
        decisions.timeout_action = action(actions::SHOWN.load(Ordering::Relaxed));
        decisions.min_replicas = MIN_REPLICAS_SHOWN.load(Ordering::Relaxed);
        decisions.rejoin_after_ms = REJOIN_AFTER_SHOWN.load(Ordering::Relaxed);
        decisions.kill_ends_wait = shown(&KILL_ENDS_WAIT_SHOWN);
    });
    // Nobody waits yet whom it could mean.
    RELEASE_WAITS_SHOWN.store(false, Ordering::Relaxed);
    values::set_fenced(shown(&FENCED_SHOWN));
    values::set_waits_when_read_only(shown(&WAIT_WHEN_READ_ONLY_SHOWN));
    values::set_shows_replicas(shown(&REPLICA_ROWS_SHOWN));
    values::set_spins_for(SPIN_SHOWN.load(Ordering::Relaxed));
    values::set_counts_transactions(true);
    for text in [&MEMBERS, &ZONE, &QUORUM] {
        text.begin();
    }
}

/// The source goes by the defaults again. For sessions that wait too, and all that the coordinator
/// decides by in one step.
pub fn reset() {
    values::set_fenced(false);
    values::set_waits_when_read_only(true);
    values::set_shows_replicas(false);
    values::set_spins_for(0);
    values::set_counts_transactions(false);
    texts::set_members(Members::default());
    Source::decide(|decisions| *decisions = Decisions::STOCK);
}

macro_rules! updates {
    ($($update:ident of $value:ty: $shown:ident, |$new:ident| $set:expr;)*) => {
        $(
            struct $update;

            impl Update for $update {
                type Value = $value;

                fn set($new: $value) {
                    $shown.store($new, Ordering::Relaxed);
                    $set;
                }
            }
        )*
    };
}

updates! {
    SetMinReplicas of u32: MIN_REPLICAS_SHOWN,
        |least| Source::decide(|decisions| decisions.min_replicas = least);
    SetRejoinAfter of u32: REJOIN_AFTER_SHOWN,
        |millis| Source::decide(|decisions| decisions.rejoin_after_ms = millis);
    SetKillEndsWait of bool: KILL_ENDS_WAIT_SHOWN,
        |on| Source::decide(|decisions| decisions.kill_ends_wait = on);
    SetFenced of bool: FENCED_SHOWN, |on| values::set_fenced(on);
    SetWaitWhenReadOnly of bool: WAIT_WHEN_READ_ONLY_SHOWN,
        |on| values::set_waits_when_read_only(on);
    SetReplicaRows of bool: REPLICA_ROWS_SHOWN, |on| values::set_shows_replicas(on);
    SetSpin of u32: SPIN_SHOWN, |micros| values::set_spins_for(micros);
}

struct ReleaseWaits;

impl Update for ReleaseWaits {
    type Value = bool;

    /// The value stays OFF.
    fn set(on: bool) {
        if on {
            Source::release_waits();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions;
    use semisync_core::{Settings, TimeoutAction};
    use semisync_server::variables::TextUpdate;

    #[test]
    fn what_is_set_is_decided_and_uninstalling_sets_everything_back() {
        SetQuorum::set("ANY 1 (zone:b)");
        SetZone::set("a");
        SetMembers::set("2=db2@b");
        SetTimeoutAction::set(1);
        SetMinReplicas::set(2);
        SetRejoinAfter::set(1500);
        SetKillEndsWait::set(true);
        SetFenced::set(true);
        SetWaitWhenReadOnly::set(false);
        SetReplicaRows::set(true);
        SetSpin::set(50);
        let set = decisions::settings();
        assert_eq!(set.rule.quorum.unwrap().to_string(), "ANY 1 (zone:b)");
        assert_eq!(set.rule.own_zone.as_deref(), Some("a"));
        assert_eq!(set.timeout_action, TimeoutAction::Wait);
        assert_eq!((set.min_replicas, set.rejoin_after), (2, 1_500_000));
        assert!(decisions::does_kill_end_wait());
        assert!(values::is_fenced() && values::shows_replicas());
        assert!(!values::waits_when_read_only());
        assert_eq!(values::members().to_string(), "2=db2@b");
        assert_eq!(values::spins_for().as_micros(), 50);
        reset();
        assert_eq!(decisions::settings(), Settings::default());
        assert!(!decisions::does_kill_end_wait());
        assert!(!values::is_fenced() && !values::shows_replicas());
        assert!(values::waits_when_read_only());
        assert_eq!(values::members(), Members::default());
        assert!(values::spins_for().is_zero());
    }
}
