//! What a receiver knows of the source at the other end of its connection: whether it
//! has semi-sync enabled, and whether it may get an acknowledgement that it did not ask
//! for.
//!
//! Such an acknowledgement heals a lost one (see `hooks`). But where nobody reads, bytes
//! pile up. So it is sent only to a source that has semi-sync enabled, as far as can be
//! known, and not often: a source that is not ours does not tell when it is switched off.

use semisync_core::{FLAG_ASK, FLAG_DISABLED};

/// Acknowledgements that may be volunteered before the source asks for one again.
const VOLUNTEERED: u8 = 8;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer {
    /// It has a receiver of its own for acknowledgements (all that know the newer name
    /// do). An older one would take what it did not ask for as the answer to its next
    /// question.
    reads_any_time: bool,
    enabled: bool,
    /// It says in its packets that it is disabled: it is one of ours.
    tells: bool,
    volunteered: u8,
}

impl Peer {
    /// `enabled`: the value of the source's variable when the connection begins.
    pub const fn new(reads_any_time: bool, enabled: bool) -> Self {
        Self {
            reads_any_time,
            enabled,
            tells: false,
            volunteered: 0,
        }
    }

    /// Whether semi-sync is enabled at the source, as far as is known.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// A packet came with these flags.
    pub fn on_packet(&mut self, flags: u8) {
        let asks = flags & FLAG_ASK != 0;
        let disabled = flags & FLAG_DISABLED != 0;
        self.tells |= disabled;
        if asks {
            self.enabled = true;
            self.volunteered = 0;
        } else if self.tells {
            self.enabled = !disabled;
        }
    }

    /// Whether a packet without flags changes nothing.
    pub fn is_settled(&self) -> bool {
        !self.tells || self.enabled
    }

    pub fn may_volunteer(&self) -> bool {
        self.reads_any_time && self.enabled && self.volunteered < VOLUNTEERED
    }

    pub fn on_volunteered(&mut self) {
        self.volunteered = self.volunteered.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_asks_is_enabled() {
        let mut peer = Peer::new(true, false);
        peer.on_packet(0);
        assert!(!peer.is_enabled() && !peer.may_volunteer());
        peer.on_packet(FLAG_ASK);
        assert!(peer.is_enabled() && peer.may_volunteer());
        // Of one that is not ours a packet without flags says nothing.
        peer.on_packet(0);
        assert!(peer.is_enabled());
    }

    #[test]
    fn what_is_settled_a_packet_without_flags_does_not_change() {
        for flags in [0, FLAG_ASK, FLAG_DISABLED, FLAG_ASK | FLAG_DISABLED] {
            for enabled in [false, true] {
                let mut peer = Peer::new(true, enabled);
                peer.on_packet(flags);
                let (settled, before) = (peer.is_settled(), peer);
                peer.on_packet(0);
                assert_eq!(settled, peer == before, "{before:?}");
            }
        }
    }

    #[test]
    fn a_source_of_ours_tells_each_change() {
        let mut peer = Peer::new(true, true);
        for disabled in [true, false, true] {
            peer.on_packet(if disabled { FLAG_DISABLED } else { 0 });
            assert_eq!(
                (peer.is_enabled(), peer.may_volunteer()),
                (!disabled, !disabled)
            );
        }
    }

    #[test]
    fn a_source_that_does_not_ask_gets_few_acknowledgements() {
        let mut peer = Peer::new(true, true);
        for _ in 0..2 {
            for _ in 0..VOLUNTEERED {
                assert!(peer.may_volunteer());
                peer.on_volunteered();
                peer.on_packet(0);
            }
            assert!(!peer.may_volunteer());
            peer.on_packet(FLAG_ASK);
        }
    }

    #[test]
    fn an_older_source_gets_only_what_it_asked_for() {
        let mut peer = Peer::new(false, true);
        peer.on_packet(FLAG_ASK);
        assert!(peer.is_enabled() && !peer.may_volunteer());
    }
}
