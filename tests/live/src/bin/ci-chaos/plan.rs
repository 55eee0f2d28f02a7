//! What happens in a round: thrown with dice that the round's seed repeats. When things meet, the
//! machine decides, and no seed repeats that.

use std::fmt;
use std::time::Duration;

use semisync_live_tests::{Dice, Transport};

use crate::hub::ROOMS;
use crate::rule::Rule;
use crate::stage::{Setting, Stage};
use crate::trouble::Trouble;

/// A day: no commit returns because of it.
pub const NEVER_MS: u64 = 86_400_000;
/// So that a planted fault is found: what was committed last is still on its way.
const LAG: Duration = Duration::from_millis(30);

/// How the source ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Its process is killed; the kernel closes its connections.
    Kill,
    /// It is gone without a word: no packet leaves it any more, and then it is killed.
    PowerCut,
    /// Nobody reaches it, and its clients go on asking it for commits while a replica is promoted.
    Isolation,
    /// It stands still, and goes on when the replicas have left it.
    Freeze,
    /// An orderly end.
    Shutdown,
}

impl Ending {
    const ALL: [Ending; 5] = [
        Ending::Kill,
        Ending::PowerCut,
        Ending::Isolation,
        Ending::Freeze,
        Ending::Shutdown,
    ];
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ending::Kill => "SIGKILL",
            Ending::PowerCut => "power cut",
            Ending::Isolation => "isolated",
            Ending::Freeze => "frozen",
            Ending::Shutdown => "shutdown",
        })
    }
}

#[derive(Clone, Debug)]
pub struct Planned {
    pub at: Duration,
    pub spell: Duration,
    pub trouble: Trouble,
    /// The replica that it is about, if it is about one.
    pub replica: usize,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub number: u64,
    pub seed: u64,
    pub source: usize,
    pub transports: Vec<Transport>,
    pub setting: Setting,
    /// Every packet of the source takes so long.
    pub lag: Duration,
    pub load: Duration,
    pub troubles: Vec<Planned>,
    /// All troubles are over, and commits go on, before the source ends.
    pub healed: bool,
    pub ending: Ending,
    /// Replicas that are lost together with the source: fewer than each confirmed commit is on.
    pub hidden: Vec<usize>,
}

/// What is asked in a round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Question {
    /// Is all there that was confirmed?
    Confirmed,
    /// Is all there that anybody saw, in one order?
    Seen,
}

/// What all rounds of a run have in common.
#[derive(Clone, Debug)]
pub struct Terms {
    pub seed: u64,
    pub question: Question,
    /// A fault on purpose, which must be found. For `Confirmed`: semi-sync is disabled, and clients
    /// believe that it is not. For `Seen`: the wait point is AFTER_COMMIT.
    pub planted: bool,
    pub transports: Vec<Transport>,
}

impl Terms {
    pub fn new(stage: &Stage, seed: u64, question: Question, planted: bool) -> Terms {
        let dialect = &stage.dialect;
        let all = Transport::ALL.into_iter();
        Terms {
            seed,
            question,
            planted,
            transports: all.filter(|one| one.is_semi_sync_on(dialect)).collect(),
        }
    }

    /// The seed of one round, which does not depend on the rounds before it.
    pub fn seed_of(&self, number: u64) -> u64 {
        let mut dice = Dice::of(self.seed);
        dice.below(u64::MAX) ^ Dice::of(number).below(u64::MAX)
    }
}

impl Plan {
    pub fn throw(number: u64, terms: &Terms, stage: &Stage) -> Plan {
        let seed = terms.seed_of(number);
        let mut dice = Dice::of(seed);
        let source = dice.index(ROOMS);
        let replicas: Vec<usize> = Stage::all_but(source).collect();
        let ids: Vec<u32> = replicas
            .iter()
            .map(|one| stage.servers[*one].server_id())
            .collect();
        let rule =
            |dice: &mut Dice| Rule::throw(dice, &ids, stage.dialect.has_wait_count(), stage.ours);
        let has_before_commit = stage.dialect.has_before_commit();
        let actions: &[&str] = match (stage.ours, has_before_commit) {
            (false, _) => &["ASYNC"],
            (true, false) => &["ASYNC", "WAIT"],
            (true, true) => &["ASYNC", "WAIT", "REFUSE"],
        };
        let patient = dice.below(3) > 0;
        let setting = Setting {
            enabled: true,
            wait_point: dice.one_of(stage.dialect.wait_points()),
            timeout_ms: match patient {
                true => NEVER_MS,
                false => 100 + dice.below(500),
            },
            timeout_action: if patient {
                "ASYNC"
            } else {
                dice.one_of(actions)
            },
            rule: rule(&mut dice),
        };
        let transports = (0..ROOMS).map(|_| dice.one_of(&terms.transports)).collect();
        let load = Duration::from_millis(900 + dice.below(1300));
        let mut copies = setting.rule.copies();
        let troubles: Vec<Planned> = (0..2 + dice.below(7))
            .map(|_| {
                let trouble = Trouble::throw(&mut dice, stage, rule);
                if let Trouble::ChangeRule(rule) = &trouble {
                    copies = copies.min(rule.copies());
                }
                Planned {
                    at: part_of(load, &mut dice),
                    spell: Duration::from_millis(20 + dice.below(600)),
                    trouble,
                    replica: dice.one_of(&replicas),
                }
            })
            .collect();
        let healed = dice.below(4) == 0;
        let ending = match dice.below(2) {
            0 => Ending::Kill,
            _ => dice.one_of(&Ending::ALL),
        };
        let mut plan = Plan {
            number,
            seed,
            source,
            transports,
            setting,
            lag: Duration::ZERO,
            load,
            troubles,
            healed,
            ending,
            hidden: Vec::new(),
        };
        plan.heed(terms);
        let mut left = replicas;
        for _ in 0..dice.below(u64::from(copies)) {
            let next = dice.index(left.len());
            plan.hidden.push(left.swap_remove(next));
        }
        plan
    }

    /// Changes what the terms do not allow.
    fn heed(&mut self, terms: &Terms) {
        if terms.question == Question::Seen {
            self.setting.timeout_ms = NEVER_MS;
            self.setting.wait_point = "AFTER_SYNC";
            self.troubles
                .retain(|planned| !planned.trouble.shows_unconfirmed());
            if !matches!(self.ending, Ending::Kill | Ending::PowerCut) {
                self.ending = Ending::PowerCut;
            }
        }
        if terms.planted {
            self.lag = LAG;
            self.ending = Ending::PowerCut;
            self.troubles.clear();
            self.healed = false;
            match terms.question {
                Question::Confirmed => self.setting.enabled = false,
                Question::Seen => self.setting.wait_point = "AFTER_COMMIT",
            }
        }
    }

    /// No commit returns because its time is over.
    pub fn is_patient(&self) -> bool {
        self.setting.timeout_ms == NEVER_MS
    }

    pub fn replicas(&self) -> impl Iterator<Item = usize> {
        Stage::all_but(self.source)
    }

    /// The replicas that are there when one is promoted.
    pub fn seen(&self) -> impl Iterator<Item = usize> {
        self.replicas().filter(|one| !self.hidden.contains(one))
    }
}

fn part_of(time: Duration, dice: &mut Dice) -> Duration {
    let most = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(dice.below(most))
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timeout = match self.is_patient() {
            true => "no timeout".to_owned(),
            false => format!(
                "{} ms {}",
                self.setting.timeout_ms, self.setting.timeout_action
            ),
        };
        write!(
            f,
            "{}, {}, {timeout}, {}{}",
            self.setting.wait_point,
            self.setting.rule,
            self.ending,
            if self.healed { " (healed)" } else { "" },
        )
    }
}
