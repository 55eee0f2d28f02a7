//! What all rounds have in common: the links, the load with its troubles, the source's end, the
//! election of the most advanced replica, and its new life as a source.

use std::sync::atomic::Ordering;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use semisync_live_tests::{PATIENCE, eventually, lock, wait_for};

use crate::clients::Fleet;
use crate::diary::Diary;
use crate::hub::Weather;
use crate::operator::Operator;
use crate::plan::{Ending, NEVER_MS, Plan};
use crate::promote;
use crate::rule::Rule;
use crate::stage::{Setting, Stage, in_parallel, leave_source};

/// While the source is isolated or thawed its clients go on asking it for commits.
const ZOMBIE: Duration = Duration::from_millis(150);
/// Commits that the promoted replica must confirm as a source, to show that it can.
pub const AFTERWARDS: usize = 40;

/// How many transactions clients were told OK of.
pub type Told<'r> = dyn Fn() -> usize + Sync + 'r;

/// Links everybody, and enables semi-sync.
pub fn begin(stage: &Stage, plan: &Plan) {
    for replica in plan.replicas() {
        let delay = plan.lag;
        stage.hub.set(
            plan.source,
            replica,
            Weather {
                delay,
                ..Weather::FAIR
            },
        );
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

/// The load with its troubles, until the source's process has ended. Returns when its end began.
pub fn trouble_and_end(
    stage: &Stage,
    plan: &Plan,
    diary: &Diary,
    fleet: &Fleet,
    told: &Told,
) -> Instant {
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
                trouble
                    .join()
                    .unwrap_or_else(|p| std::panic::resume_unwind(p));
            }
            goes_on(stage, plan, told);
        }
        let _guard = lock(&operator.servers[plan.source]);
        let its_end = Instant::now();
        end_source(&operator);
        operator.over.store(true, Ordering::SeqCst);
        its_end
    })
}

/// With everything repaired, commits must go on.
fn goes_on(stage: &Stage, plan: &Plan, told: &Told) {
    let source = &stage.servers[plan.source];
    let before = told();
    wait_for(
        PATIENCE,
        "commits go on after everything was repaired",
        || match told().saturating_sub(before) {
            AFTERWARDS.. => Ok(()),
            more => Err(format!(
                "{more} more; {:?}",
                source.try_rows("SHOW GLOBAL STATUS LIKE '%semi%sync%'")
            )),
        },
    );
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
pub fn elect(stage: &Stage, plan: &Plan) -> usize {
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
            nested,
            "1",
            "replica {} has what the most advanced one lacks: {set}, not {all}",
            replica + 1
        );
    }
    best
}

/// Makes the promoted replica the source of the others that are seen, and returns these.
pub fn take_over(stage: &Stage, plan: &Plan, promoted: usize) -> Vec<usize> {
    let server = &stage.servers[promoted];
    leave_source(server);
    let others: Vec<usize> = plan.seen().filter(|one| *one != promoted).collect();
    for other in &others {
        leave_source(&stage.servers[*other]);
        stage.replicate(*other, promoted, plan.transports[*other]);
    }
    // Without any others commits do not wait: the others are lost.
    let copies = u32::try_from(others.len()).unwrap_or(0);
    let setting = Setting {
        enabled: copies > 0,
        rule: Rule::Count(match stage.dialect.has_wait_count() {
            true => copies.max(1),
            false => 1,
        }),
        timeout_ms: NEVER_MS,
        ..plan.setting.clone()
    };
    stage
        .take_source_role(server, &setting)
        .unwrap_or_else(|e| panic!("{server}: {e}"));
    eventually(PATIENCE, "the new source has its replicas", || {
        !setting.enabled || server.status("clients") == others.len().to_string()
    });
    others
}

/// Clients go on with the new source, until some of their transactions have ended well.
pub fn go_on(stage: &Stage, promoted: usize, fleet: &Fleet, told: &Told) {
    let before = told();
    fleet.send_to(Some(&stage.servers[promoted]));
    wait_for(PATIENCE, "commits on the new source", || {
        match told() - before {
            AFTERWARDS.. => Ok(()),
            some => Err(format!("{some}")),
        }
    });
}
