//! One round: a source with three replicas and sixteen clients, troubles, the source's end, the
//! promotion of the most advanced replica, and the search for all that was confirmed.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::Ordering;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use semisync_live_tests::pair::TABLE;
use semisync_live_tests::{PATIENCE, Server, eventually, lock, wait_for};

use crate::clients::{Fleet, Note, Notes, Writer};
use crate::diary::Diary;
use crate::plan::{Ending, Plan};
use crate::promote;
use crate::rule::Rule;
use crate::stage::{Setting, Stage, in_parallel, leave_source};
use crate::trouble::Operator;
use crate::watch::{Look, Watch, was_on};

/// While the source is isolated or thawed its clients go on asking it for commits.
const ZOMBIE: Duration = Duration::from_millis(150);
/// Commits that the promoted replica must confirm as a source, to show that it can.
const AFTERWARDS: usize = 40;

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
    pub troubles: BTreeMap<String, u64>,
    pub took: Duration,
    pub phases: Vec<(&'static str, Duration)>,
}

/// The commit that took longest, and what went on meanwhile.
#[derive(Clone, Debug, Default)]
pub struct Stall {
    pub time: Duration,
    pub reasons: Vec<String>,
}

pub fn run(stage: &Stage, plan: &Plan) -> Outcome {
    let begun = Instant::now();
    let mut phases = Vec::new();
    let mut last = begun;
    let mut phase = |name| {
        phases.push((name, last.elapsed()));
        last = Instant::now();
    };
    stage.reset();
    phase("reset");
    let source = &stage.servers[plan.source];
    begin(stage, plan);
    phase("link");
    let notes = Notes::default();
    let diary = Diary::default();
    let fleet = Fleet::start(Writer::all(plan.seed, &notes), plan.seed);
    let watch = (!plan.is_patient()).then(|| Watch::start(source));
    fleet.send_to(Some(source));
    trouble_and_end(stage, plan, &diary, &fleet, &notes);
    let looks = watch.map(Watch::finish);
    let ended = Instant::now();
    phase("load");

    let promoted = elect(stage, plan);
    phase("elect");
    let mut outcome = Outcome::default();
    let told = judge(&notes.read(), &diary, looks.as_deref(), plan);
    look_for(stage, promoted, &told, &mut outcome);
    outcome.stall = longest_stall(&notes.read(), &diary, ended);
    for planned in &plan.troubles {
        *outcome.troubles.entry(planned.trouble.kind()).or_default() += 1;
    }
    phase("look");
    thread::scope(|scope| {
        let old = scope.spawn(|| extras(stage, plan, promoted, &told));
        outcome.afterwards = carry_on(stage, plan, promoted, &fleet, &notes);
        fleet.finish();
        let old = old.join().unwrap_or_else(|p| std::panic::resume_unwind(p));
        (outcome.extra_untold, outcome.extra_doubtful) = old;
    });
    phase("go on");
    outcome.phases = phases;
    outcome.took = begun.elapsed();
    outcome
}

/// Links everybody, and enables semi-sync.
pub fn begin(stage: &Stage, plan: &Plan) {
    for replica in plan.replicas() {
        stage.replicate(replica, plan.source, plan.transports[replica]);
    }
    let source = &stage.servers[plan.source];
    stage
        .take_source_role(source, &plan.setting)
        .unwrap_or_else(|e| panic!("{source}: {e}"));
    let replicas = plan.replicas().count();
    wait_for(PATIENCE, "the source has its replicas", || {
        let dumps = source.dumps().len();
        let clients = source.status("clients");
        // A source that is disabled counts nobody.
        match dumps >= replicas && (!plan.setting.enabled || clients == replicas.to_string()) {
            true => Ok(()),
            false => Err(format!("{dumps} dumps, {clients} semi-sync clients")),
        }
    });
}

/// The load with its troubles, until the source's process has ended.
pub fn trouble_and_end(stage: &Stage, plan: &Plan, diary: &Diary, fleet: &Fleet, notes: &Notes) {
    let operator = Operator::new(stage, plan, diary, fleet);
    thread::scope(|scope| {
        let troubles: Vec<_> = plan
            .troubles
            .iter()
            .map(|planned| scope.spawn(|| operator.inflict(planned)))
            .collect();
        sleep(plan.load);
        if plan.healed {
            operator.over.store(true, Ordering::SeqCst);
            for trouble in troubles {
                trouble.join().unwrap_or_else(|p| std::panic::resume_unwind(p));
            }
            goes_on(stage, plan, notes);
        }
        let _guard = lock(&operator.servers[plan.source]);
        end_source(&operator);
        operator.over.store(true, Ordering::SeqCst);
    });
}

/// With everything repaired, commits must go on.
fn goes_on(stage: &Stage, plan: &Plan, notes: &Notes) {
    let source = &stage.servers[plan.source];
    let before = notes.told();
    wait_for(PATIENCE, "commits go on after everything was repaired", || {
        match notes.told().saturating_sub(before) {
            40.. => Ok(()),
            more => Err(format!(
                "{more} more; {:?}",
                source.try_rows("SHOW GLOBAL STATUS LIKE '%semi%sync%'")
            )),
        }
    });
}

fn end_source(operator: &Operator) {
    let (stage, plan) = (operator.stage, operator.plan);
    let source = &stage.servers[plan.source];
    match plan.ending {
        Ending::Kill => source.kill9(),
        Ending::PowerCut => {
            stage.hub.isolate(plan.source);
            source.kill9();
        }
        Ending::Isolation => {
            stage.hub.isolate(plan.source);
            leave(operator);
            sleep(ZOMBIE);
            source.kill9();
        }
        Ending::Freeze => {
            source.freeze();
            leave(operator);
            source.thaw();
            sleep(ZOMBIE);
            source.kill9();
        }
        Ending::Shutdown => _ = source.stop(),
    }
    operator.fleet.send_to(None);
}

/// The replicas stop listening to the source, each as soon as its trouble is over.
fn leave(operator: &Operator) {
    operator.over.store(true, Ordering::SeqCst);
    in_parallel(operator.plan.seen(), |replica| {
        let _guard = lock(&operator.servers[replica]);
        operator.stage.servers[replica].execute("STOP REPLICA IO_THREAD");
    });
}

/// Repairs all but the old source, and returns the most advanced replica with all applied.
fn elect(stage: &Stage, plan: &Plan) -> usize {
    stage.hub.clear();
    in_parallel(plan.seen(), |replica| {
        let server = &stage.servers[replica];
        server.execute("STOP REPLICA IO_THREAD");
        promote::wait_applied(server);
    });
    let mut sets: Vec<(u64, usize, String)> = plan
        .seen()
        .map(|replica| {
            let set = promote::held(&stage.servers[replica]);
            (promote::count(&set), replica, set)
        })
        .collect();
    sets.sort();
    let (_, best, all) = sets.pop().expect("a replica is seen");
    for (_, replica, set) in &sets {
        let sql = format!("SELECT GTID_SUBSET('{set}', '{all}')");
        let nested = stage.servers[best].value(&sql);
        assert_eq!(
            nested, "1",
            "replica {} has what the most advanced one lacks: {set}, not {all}",
            replica + 1
        );
    }
    best
}

/// What a client was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    Confirmed,
    Doubtful,
    Nothing,
}

fn judge(
    notes: &[Note],
    diary: &Diary,
    looks: Option<&[Look]>,
    plan: &Plan,
) -> Vec<(Note, Told)> {
    let doubts = diary.doubts();
    let verdict = |note: &Note| {
        let Some(end) = note.end.filter(|_| note.told) else {
            return Told::Nothing;
        };
        let doubt = doubts.iter().any(|span| span.meets(note.begin, end));
        let on = looks.is_none_or(|looks| was_on(looks, note.begin, end));
        // The planted fault: the source never waited, and its clients believe that it did.
        let believed = !plan.setting.enabled;
        match believed || (on && !doubt) {
            true => Told::Confirmed,
            false => Told::Doubtful,
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

fn look_for(stage: &Stage, promoted: usize, told: &[(Note, Told)], outcome: &mut Outcome) {
    let held = ids_of(&stage.servers[promoted]);
    outcome.commits = told.len() as u64;
    for (note, told) in told {
        let whole = (note.id..note.id + note.rows).all(|id| held.contains(&id));
        let part = (note.id..note.id + note.rows).any(|id| held.contains(&id));
        assert_eq!(whole, part, "half a transaction is on the replica: {note:?}");
        match told {
            Told::Confirmed => outcome.confirmed += 1,
            Told::Doubtful => outcome.doubtful += 1,
            Told::Nothing => outcome.untold += 1,
        }
        if *told == Told::Confirmed && !whole {
            outcome.lost.push(note.id);
        }
    }
}

/// What the old source has and the promoted replica lacks, by what clients were told of it:
/// nothing, or OK while nobody had to confirm it.
fn extras(stage: &Stage, plan: &Plan, promoted: usize, told: &[(Note, Told)]) -> (u64, u64) {
    let old = &stage.servers[plan.source];
    old.start_again();
    let first = told.iter().map(|(note, _)| note.id);
    let first: HashSet<u64> = first.collect();
    // The promoted one goes on; of the ids that its new commits have, the old source knows none.
    let on_old = ids_of(old);
    let held = ids_of(&stage.servers[promoted]);
    let extra: Vec<u64> = on_old.difference(&held).copied().collect();
    let of_kind = |kind: Told| {
        let is_extra = |(note, one): &&(Note, Told)| *one == kind && extra.contains(&note.id);
        told.iter().filter(is_extra).count() as u64
    };
    let strange = extra.iter().filter(|id| {
        let owned = told.iter().any(|(note, _)| (note.id..note.id + note.rows).contains(*id));
        !owned && !first.contains(*id)
    });
    assert_eq!(strange.count(), 0, "rows on the old source that nobody wrote");
    (of_kind(Told::Nothing), of_kind(Told::Doubtful))
}

/// The promoted replica is a source for the others. Returns how many commits it confirmed.
fn carry_on(stage: &Stage, plan: &Plan, promoted: usize, fleet: &Fleet, notes: &Notes) -> u64 {
    let server = &stage.servers[promoted];
    leave_source(server);
    let others: Vec<usize> = plan.seen().filter(|one| *one != promoted).collect();
    let Some(copies) = u32::try_from(others.len()).ok().filter(|copies| *copies > 0) else {
        return 0; // The others are lost.
    };
    for other in &others {
        leave_source(&stage.servers[*other]);
        stage.replicate(*other, promoted, plan.transports[*other]);
    }
    let setting = Setting {
        enabled: true,
        rule: Rule::Count(match stage.dialect.has_wait_count() {
            true => copies,
            false => 1,
        }),
        timeout_ms: 86_400_000,
        ..plan.setting.clone()
    };
    stage
        .take_source_role(server, &setting)
        .unwrap_or_else(|e| panic!("{server}: {e}"));
    eventually(PATIENCE, "the new source has its replicas", || {
        server.status("clients") == others.len().to_string()
    });
    let before = notes.read().len();
    let told = notes.told();
    fleet.send_to(Some(server));
    wait_for(PATIENCE, "commits on the new source", || {
        match notes.told() - told {
            AFTERWARDS.. => Ok(()),
            some => Err(format!("{some}")),
        }
    });
    fleet.send_to(None);
    // Their commits have ended once nobody waits.
    eventually(PATIENCE, "nobody waits any more", || {
        notes.read().iter().all(|note| note.end.is_some())
    });
    let new = &notes.read()[before..];
    let new: Vec<&Note> = new.iter().filter(|note| note.told).collect();
    for other in others {
        let other = &stage.servers[other];
        other.wait_applied(server);
        let held = ids_of(other);
        let missing = new.iter().filter(|note| !held.contains(&note.id)).count();
        assert_eq!(missing, 0, "confirmed by the new source, and not on {other}");
    }
    new.len() as u64
}

fn longest_stall(notes: &[Note], diary: &Diary, ended: Instant) -> Stall {
    let time = |note: &Note| note.end.unwrap_or(ended).saturating_duration_since(note.begin);
    let Some(longest) = notes.iter().max_by_key(|note| time(note)) else {
        return Stall::default();
    };
    let end = longest.end.unwrap_or(ended);
    let mut reasons = diary.between(longest.begin, end);
    if reasons.is_empty() && longest.end.is_none() {
        reasons.push("the source's end".to_owned());
    }
    Stall {
        time: time(longest),
        reasons,
    }
}
