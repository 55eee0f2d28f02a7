//! What goes wrong, or is done by an operator, during a round.

use std::fmt;

use semisync_live_tests::Dice;

use crate::rule::Rule;
use crate::stage::Stage;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    Cut,
    CutToSource,
    CutToReplica,
    Delay,
    Loss,
    Reorder,
    FreezeReplica,
    StopReceiver,
    RestartReplica,
    KillReplica,
    ResetReplica,
    FullDisk,
    RotateRelayLog,
    FreezeSource,
    RotateLog,
    KillClients,
    KillDump,
    Disable,
    ChangeRule(Rule),
    ChangeWaitPoint(&'static str),
    Release,
    KillEndsWait,
    Fence,
    MinReplicas,
    RestartSource,
    KillSource,
}

impl Trouble {
    pub fn throw(dice: &mut Dice, stage: &Stage, rule: impl Fn(&mut Dice) -> Rule) -> Trouble {
        let ours = stage.ours;
        let refuses = ours && stage.dialect.has_before_commit();
        match dice.below(40) {
            0..3 => Trouble::Cut,
            3..5 => Trouble::CutToSource,
            5..7 => Trouble::CutToReplica,
            7..10 => Trouble::Delay,
            10..12 => Trouble::Loss,
            12..14 => Trouble::Reorder,
            14..17 => Trouble::FreezeReplica,
            17..19 => Trouble::StopReceiver,
            19 => Trouble::RestartReplica,
            20 => Trouble::KillReplica,
            21 => Trouble::ResetReplica,
            22..24 => Trouble::FullDisk,
            24 => Trouble::RotateRelayLog,
            25..27 => Trouble::FreezeSource,
            27 => Trouble::RotateLog,
            28 => Trouble::KillClients,
            29..31 => Trouble::KillDump,
            31 => Trouble::Disable,
            32..34 => Trouble::ChangeRule(rule(dice)),
            34 if stage.dialect.has_wait_point() => {
                Trouble::ChangeWaitPoint(dice.one_of(stage.dialect.wait_points()))
            }
            35 if ours => Trouble::Release,
            36 if ours => Trouble::KillEndsWait,
            37 if refuses => Trouble::Fence,
            38 if refuses => Trouble::MinReplicas,
            39 => match dice.below(2) {
                0 => Trouble::RestartSource,
                _ => Trouble::KillSource,
            },
            // There is no such thing here.
            _ => Trouble::Delay,
        }
    }

    /// The first word or two, for counting.
    pub fn kind(&self) -> String {
        match self {
            Trouble::ChangeRule(_) => "rule changed".to_owned(),
            Trouble::ChangeWaitPoint(_) => "wait point changed".to_owned(),
            other => other.to_string(),
        }
    }

    /// Whether readers may see what nobody has confirmed, also with AFTER_SYNC: what was let go, and
    /// what a source finds in its log when it starts.
    pub fn shows_unconfirmed(&self) -> bool {
        matches!(
            self,
            Trouble::Disable
                | Trouble::ChangeWaitPoint(_)
                | Trouble::Release
                | Trouble::KillEndsWait
                | Trouble::RestartSource
                | Trouble::KillSource
        )
    }

    /// Not about the source.
    pub fn is_about_a_replica(&self) -> bool {
        matches!(
            self,
            Trouble::Cut
                | Trouble::CutToSource
                | Trouble::CutToReplica
                | Trouble::Delay
                | Trouble::Loss
                | Trouble::Reorder
                | Trouble::FreezeReplica
                | Trouble::StopReceiver
                | Trouble::RestartReplica
                | Trouble::KillReplica
                | Trouble::ResetReplica
                | Trouble::FullDisk
                | Trouble::RotateRelayLog
        )
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Trouble::Cut => "link cut",
            Trouble::CutToSource => "link to the source cut",
            Trouble::CutToReplica => "link to the replica cut",
            Trouble::Delay => "link delayed",
            Trouble::Loss => "link lossy",
            Trouble::Reorder => "link reordered",
            Trouble::FreezeReplica => "replica frozen",
            Trouble::StopReceiver => "receiver stopped",
            Trouble::RestartReplica => "replica restarted",
            Trouble::KillReplica => "replica killed",
            Trouble::ResetReplica => "replica reset",
            Trouble::FullDisk => "relay log's disk full",
            Trouble::RotateRelayLog => "relay log rotated",
            Trouble::FreezeSource => "source frozen",
            Trouble::RotateLog => "binary log rotated",
            Trouble::KillClients => "clients killed",
            Trouble::KillDump => "dump killed",
            Trouble::Disable => "disabled and enabled",
            Trouble::ChangeRule(rule) => return write!(f, "rule changed to {rule}"),
            Trouble::ChangeWaitPoint(point) => return write!(f, "wait point changed to {point}"),
            Trouble::Release => "waits released",
            Trouble::KillEndsWait => "waits killed",
            Trouble::Fence => "fenced",
            Trouble::MinReplicas => "min_replicas",
            Trouble::RestartSource => "source restarted",
            Trouble::KillSource => "source killed, and back",
        })
    }
}
