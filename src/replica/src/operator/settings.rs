//! The operator's variables, and what `SET GLOBAL` leads to. A receiver goes by them when it
//! connects to its source.

use super::values::{NAME, SYNCED, ZONE};
use semisync_core::check_word;
use semisync_server::variables::{
    Enum, Name, Names, Text, TextUpdate, TextValue, Update, Variables,
};
use std::sync::atomic::{AtomicU64, Ordering};

pub static ALL: Variables<3> = Variables::new([
    Some(NAME_VARIABLE.entry()),
    Some(ZONE_VARIABLE.entry()),
    Some(ACK_AFTER.entry()),
]);

static NAME_VARIABLE: Text = Text::new::<SetName>(
    c"name",
    c"The name by which the source's quorum may mention this replica. Told to the source when the \
      receiver connects.",
    &NAME_TEXT,
);
static ZONE_VARIABLE: Text = Text::new::<SetZone>(
    c"zone",
    c"The zone in which this replica is, for the source's quorum. Told to the source when the \
      receiver connects.",
    &ZONE_TEXT,
);
static ACK_AFTER: Enum = Enum::new::<SetAckAfter>(
    c"ack_after",
    c"RECEIVED: a transaction is acknowledged when the server has written it to the relay log. \
      SYNCED: when it is on disk. Takes effect when the receiver connects.",
    &ACK_AFTER_SHOWN,
    RECEIVED,
    &ACK_AFTERS,
);

static NAME_TEXT: TextValue = TextValue::none();
static ZONE_TEXT: TextValue = TextValue::none();
/// What the server shows.
static ACK_AFTER_SHOWN: AtomicU64 = AtomicU64::new(RECEIVED);

const RECEIVED: u64 = 0;
static ACK_AFTER_NAMES: [Name; 3] = [Name::new(c"RECEIVED"), Name::new(c"SYNCED"), Name::END];
static ACK_AFTERS: Names = Names::new(&ACK_AFTER_NAMES);

/// In `init`: goes by the values of the option file.
pub fn begin() {
    NAME_VARIABLE.begin();
    ZONE_VARIABLE.begin();
    SetAckAfter::set(ACK_AFTER_SHOWN.load(Ordering::Relaxed));
}

/// Every variable has its default again, and the replica goes by it.
pub fn reset() {
    NAME.set("");
    ZONE.set("");
    SetAckAfter::set(RECEIVED);
}

struct SetName;

impl TextUpdate for SetName {
    fn check(text: &str) -> Result<(), String> {
        check(text)
    }

    fn set(text: &str) {
        NAME.set(text);
    }
}

struct SetZone;

impl TextUpdate for SetZone {
    fn check(text: &str) -> Result<(), String> {
        check(text)
    }

    fn set(text: &str) {
        ZONE.set(text);
    }
}

fn check(word: &str) -> Result<(), String> {
    check_word(word).map_err(|error| error.to_string())
}

struct SetAckAfter;

impl Update for SetAckAfter {
    type Value = u64;

    fn set(value: u64) {
        ACK_AFTER_SHOWN.store(value, Ordering::Relaxed);
        SYNCED.store(value != RECEIVED, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::values::{AckAfter, ack_after},
        *,
    };

    #[test]
    fn uninstalling_sets_everything_back() {
        SetName::set("db2");
        SetZone::set("east");
        SetAckAfter::set(1);
        assert_eq!(NAME.get().as_deref(), Some("db2"));
        assert_eq!(ack_after(), AckAfter::Synced);
        reset();
        assert_eq!((NAME.get(), ZONE.get()), (None, None));
        assert_eq!(ack_after(), AckAfter::Received);
        assert_eq!(ACK_AFTER_SHOWN.load(Ordering::Relaxed), RECEIVED);
    }
}
