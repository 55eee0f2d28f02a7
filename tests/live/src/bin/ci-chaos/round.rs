//! One round: a source with three replicas and sixteen clients, troubles, the source's end, the
//! promotion of the most advanced replica, and the search for all that was confirmed.

use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

use semisync_live_tests::pair::TABLE;
use semisync_live_tests::{PATIENCE, Server, eventually};

use crate::clients::{Fleet, Note, Notes, Writer};
use crate::diary::Diary;
use crate::failover::{begin, elect, go_on, take_over, trouble_and_end};
use crate::plan::Plan;
use crate::stage::Stage;
use crate::watch::{Look, Watch, was_on};

/// What a round has shown.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Transactions that clients began.
    pub commits: u64,
    /// Of those, told OK while a replica provably had them.
    pub confirmed: u64,
    /// Told OK while semi-sync was, or may have been, OFF or overruled.
    pub doubtful: u64,
    /// Not told OK: the source ended, refused or was killed first.
    pub untold: u64,
    /// Confirmed, and not on the replica that was promoted: the first ids of their rows.
    pub lost: Vec<u64>,
    /// In the old source's log, and not on the promoted replica, by what their clients know.
    pub extra_untold: u64,
    pub extra_doubtful: u64,
    /// Confirmed by the promoted replica as a source.
    pub afterwards: u64,
    pub stall: Stall,
    pub took: Duration,
}

/// The commit that took longest, and what went on meanwhile.
#[derive(Clone, Debug, Default)]
pub struct Stall {
    pub time: Duration,
    pub reasons: Vec<String>,
}

pub fn run(stage: &Stage, plan: &Plan) -> Outcome {
    let begun = Instant::now();
    stage.reset();
    let source = &stage.servers[plan.source];
    begin(stage, plan);
    let notes = Notes::default();
    let diary = Diary::default();
    let fleet = Fleet::start(Writer::all(plan.seed, &notes), plan.seed);
    let watch = (!plan.is_patient()).then(|| Watch::start(source));
    fleet.send_to(Some(source));
    let its_end = trouble_and_end(stage, plan, &diary, &fleet, &|| notes.told());
    let looks = watch.map(Watch::finish);

    let promoted = elect(stage, plan);
    let mut outcome = Outcome::default();
    let told = judge(&notes.read(), &diary, looks.as_deref(), plan);
    look_for(stage, promoted, &told, &mut outcome);
    outcome.stall = longest_stall(&notes.read(), &diary, its_end);
    thread::scope(|scope| {
        let old = scope.spawn(|| extras(stage, plan, promoted, &told));
        outcome.afterwards = carry_on(stage, plan, promoted, &fleet, &notes);
        fleet.finish();
        let old = old.join().unwrap_or_else(|p| std::panic::resume_unwind(p));
        (outcome.extra_untold, outcome.extra_doubtful) = old;
    });
    outcome.took = begun.elapsed();
    outcome
}

/// What a client was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word {
    Confirmed,
    Doubtful,
    Nothing,
}

fn judge(notes: &[Note], diary: &Diary, looks: Option<&[Look]>, plan: &Plan) -> Vec<(Note, Word)> {
    let doubts = diary.doubts();
    let verdict = |note: &Note| {
        let Some(end) = note.end.filter(|_| note.told) else {
            return Word::Nothing;
        };
        let doubt = doubts.iter().any(|span| span.meets(note.begin, end));
        let on = looks.is_none_or(|looks| was_on(looks, note.begin, end));
        // The planted fault: the source never waited, and its clients believe that it did.
        let believed = !plan.setting.enabled;
        match believed || (on && !doubt) {
            true => Word::Confirmed,
            false => Word::Doubtful,
        }
    };
    notes
        .iter()
        .map(|note| (note.clone(), verdict(note)))
        .collect()
}

fn ids_of(server: &Server) -> HashSet<u64> {
    let rows = server.rows(&format!("SELECT id FROM {TABLE}"));
    rows.iter()
        .map(|row| row[0].parse().expect("an id"))
        .collect()
}

fn look_for(stage: &Stage, promoted: usize, told: &[(Note, Word)], outcome: &mut Outcome) {
    let held = ids_of(&stage.servers[promoted]);
    outcome.commits = told.len() as u64;
    for (note, told) in told {
        let whole = (note.id..note.id + note.rows).all(|id| held.contains(&id));
        let part = (note.id..note.id + note.rows).any(|id| held.contains(&id));
        assert_eq!(
            whole, part,
            "half a transaction is on the replica: {note:?}"
        );
        match told {
            Word::Confirmed => outcome.confirmed += 1,
            Word::Doubtful => outcome.doubtful += 1,
            Word::Nothing => outcome.untold += 1,
        }
        if *told == Word::Confirmed && !whole {
            outcome.lost.push(note.id);
        }
    }
}

/// What the old source has and the promoted replica lacks, by what clients were told of it:
/// nothing, or OK while nobody had to confirm it.
fn extras(stage: &Stage, plan: &Plan, promoted: usize, told: &[(Note, Word)]) -> (u64, u64) {
    let old = &stage.servers[plan.source];
    old.start_again();
    let first = told.iter().map(|(note, _)| note.id);
    let first: HashSet<u64> = first.collect();
    // The promoted one goes on; of the ids that its new commits have, the old source knows none.
    let on_old = ids_of(old);
    let held = ids_of(&stage.servers[promoted]);
    let extra: Vec<u64> = on_old.difference(&held).copied().collect();
    let of_kind = |kind: Word| {
        let is_extra = |(note, one): &&(Note, Word)| *one == kind && extra.contains(&note.id);
        told.iter().filter(is_extra).count() as u64
    };
    let strange = extra.iter().filter(|id| {
        let owned = told
            .iter()
            .any(|(note, _)| (note.id..note.id + note.rows).contains(*id));
        !owned && !first.contains(*id)
    });
    assert_eq!(
        strange.count(),
        0,
        "rows on the old source that nobody wrote"
    );
    (of_kind(Word::Nothing), of_kind(Word::Doubtful))
}

/// The promoted replica is a source for the others. Returns how many commits it confirmed.
fn carry_on(stage: &Stage, plan: &Plan, promoted: usize, fleet: &Fleet, notes: &Notes) -> u64 {
    let others = take_over(stage, plan, promoted);
    let before = notes.read().len();
    go_on(stage, promoted, fleet, &|| notes.told());
    fleet.send_to(None);
    eventually(PATIENCE, "nobody waits any more", || {
        notes.read().iter().all(|note| note.end.is_some())
    });
    let notes = notes.read();
    let new: Vec<&Note> = notes[before..].iter().filter(|note| note.told).collect();
    for other in others {
        let other = &stage.servers[other];
        other.wait_applied(&stage.servers[promoted]);
        let held = ids_of(other);
        let missing = new.iter().filter(|note| !held.contains(&note.id)).count();
        assert_eq!(
            missing, 0,
            "confirmed by the new source, and not on {other}"
        );
    }
    new.len() as u64
}

/// Until the source's end. What waits then waits for nobody any more.
fn longest_stall(notes: &[Note], diary: &Diary, its_end: Instant) -> Stall {
    let end = |note: &Note| note.end.map_or(its_end, |end| end.min(its_end));
    let time = |note: &Note| end(note).saturating_duration_since(note.begin);
    let Some(longest) = notes.iter().max_by_key(|note| time(note)) else {
        return Stall::default();
    };
    Stall {
        time: time(longest),
        reasons: diary.between(longest.begin, end(longest)),
    }
}
