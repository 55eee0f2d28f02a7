//! What operators see, end and decide: a quorum of two zones, one of which does not answer.

use std::time::Duration;

use semisync_live_tests::PATIENCE;
use semisync_live_tests::console::{OrStop, Stop, say, step};
use semisync_live_tests::load::Waiting;

use crate::stage::{Actor, Stage, check, check_that};
use crate::story::{insert, insertion, tell_time};

const REPLICAS: &str = "SELECT SERVER_ID, NAME, ZONE, STATE, SYNC_STATE, COUNTED, ACKS, LAG_BYTES \
                        FROM performance_schema.replication_semisync_replicas ORDER BY SERVER_ID";
const WAITS: &str = "SELECT PROCESSLIST_ID, ACKNOWLEDGED_BY, NEEDED, MISSING \
                     FROM performance_schema.replication_semisync_waits";

/// After the first five steps: the replica is connected, and semi-sync is ON.
pub fn tell(stage: &Stage) -> Result<(), Stop> {
    two_zones_must_have_each_commit(stage)?;
    one_zone_does_not_answer(stage)
}

fn two_zones_must_have_each_commit(stage: &Stage) -> Result<(), Stop> {
    step("6. Two data centres: who counts?");
    let (source, replica, second) = (&stage.source, &stage.replica, &stage.second);
    say("replicas tell their names and zones when they connect");
    name(replica, "db2", "east")?;
    replica.run(&["STOP REPLICA", "START REPLICA"])?;
    name(second, "db3", "west")?;
    second.run(&[&stage.link(), "START REPLICA"])?;
    source.run(&[
        "SET GLOBAL semisync_source_quorum = 'ANY 1 (zone:east) AND ANY 1 (zone:west)'",
        &stage.set_timeout(Duration::from_secs(3600)),
    ])?;
    source.server.wait_status("clients", "2");
    source.server.wait_status("status", "ON");
    let before = stage.counter("yes_tx");
    insert(stage, "a commit that both zones have")?;
    let confirmed = stage.counter("yes_tx") - before;
    check("transactions that both zones confirmed", 1, confirmed)?;
    if stage.dialect.has_tables() {
        source.run(&[REPLICAS])?;
        let sql = "SELECT COUNT(*) FROM performance_schema.replication_semisync_replicas \
                   WHERE COUNTED = 'YES' AND SYNC_STATE = 'QUORUM' AND STATE = 'STREAMING'";
        check("replicas that count", "2", &source.server.value(sql))?;
    }
    Ok(())
}

fn name(replica: &Actor, name: &str, zone: &str) -> Result<(), Stop> {
    replica.run(&[
        &format!("SET GLOBAL semisync_replica_name = '{name}'"),
        &format!("SET GLOBAL semisync_replica_zone = '{zone}'"),
    ])
}

fn one_zone_does_not_answer(stage: &Stage) -> Result<(), Stop> {
    step("7. One of them does not answer: what is a commit waiting for, and how does it end?");
    let (source, second) = (&stage.source, &stage.second);
    second.run(&["STOP REPLICA"])?;
    source.server.wait_status("clients", "1");
    let sql = insertion("a commit that zone west does not have");
    source.show_statement(&sql);
    let commit = Waiting::start(&source.server, &sql);
    source
        .server
        .wait_state(commit.connection, &stage.names.waiting_state());
    say("meanwhile, in another session:");
    if stage.dialect.has_tables() {
        source.run(&[WAITS])?;
        let missing = source.server.rows(WAITS).concat().pop().unwrap_or_default();
        check_that(missing.contains("zone:west"), || {
            format!("zone west is missing, and the table says '{missing}'")
        })?;
    } else {
        source.run(&["SHOW GLOBAL STATUS LIKE 'Semisync_source_%us'"])?;
    }
    source.run(&["SET GLOBAL semisync_source_release_waits = ON"])?;
    let (result, took) = commit.join_within(PATIENCE);
    result.or_stop("the commit that was released should be kept, and failed")?;
    tell_time(took);
    check("semi-sync after a release", "ON", &stage.status("status"))?;
    source.show_log();
    say("semi-sync is ON still; until zone west is back, zone east is to be enough");
    source.run(&["SET GLOBAL semisync_source_quorum = 'ANY 1 (zone:east)'"])?;
    insert(stage, "a commit that zone east has")?;
    if stage.dialect.has_tables() {
        source.run(&[REPLICAS])?;
    }
    Ok(())
}
