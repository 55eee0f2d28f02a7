//! A lost acknowledgement heals: the replica that already has the transaction comes back, and the
//! commit that waits goes on, with no other write to help it.
//!
//! A proxy between replica and source swallows the acknowledgement and then cuts the connection.
//! Stock's plugin hangs until its timeout when the replica uses GTID auto-position.

use std::time::{Duration, Instant};

use semisync_live_tests::healing::Healing;
use semisync_live_tests::load::Waiting;
use semisync_live_tests::pair::{Builder, TABLE};
use semisync_live_tests::proxy::Cut;
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Link, Names, PATIENCE, Topology, Transport, eventually, needs,
};

/// From the new dump to the end of the commit. The contract says a second. A loaded machine gets
/// more, but less than the 30 s until the source's next heartbeat.
const HEALED: Duration = Duration::from_secs(20);

/// A pair whose commits wait for as long as it takes.
fn healing(builder: Builder) -> Healing {
    Healing::of(builder.set("timeout", A_DAY_MS))
}

fn lose_and_heal(healing: &Healing, what: &str, n: i64, how: Cut) {
    let source = &healing.pair.source;
    let (yes_tx, no_tx) = (source.counter("yes_tx"), source.counter("no_tx"));
    let commit = healing.lose(n);
    let took = healing.heal(commit, how, HEALED);
    println!(
        "{what}: healed {:.0} ms after the new dump",
        took.as_secs_f64() * 1e3
    );
    assert_eq!(source.counter("yes_tx"), yes_tx + 1, "{what}");
    assert_eq!(source.counter("no_tx"), no_tx, "{what}");
    assert_eq!(source.status("status"), "ON", "{what}");
    // Semi-sync goes on over the new connection.
    source.insert(0);
    assert_eq!(source.counter("yes_tx"), yes_tx + 2, "{what}");
}

/// Both wait points, each cut both ways.
fn at_both_wait_points(healing: &Healing, what: &str) {
    let mut n = 1;
    for wait_point in healing.pair.source.dialect().wait_points() {
        healing.pair.source.set_wait_point(wait_point);
        for how in [Cut::Rst, Cut::Fin] {
            lose_and_heal(healing, &format!("{what}, {wait_point}, {how:?}"), n, how);
            n += 1;
        }
    }
    healing
        .pair
        .replica()
        .execute(&format!("DELETE FROM {TABLE}"));
}

fn by_auto_position_and_by_file(healing: &Healing, what: &str) {
    healing.link(Link::default());
    at_both_wait_points(healing, &format!("{what}, auto-position"));
    healing.link(Link::default().by_file_position());
    at_both_wait_points(healing, &format!("{what}, file and position"));
}

#[test]
fn a_lost_acknowledgement_heals_with_auto_position() {
    needs!(Dialect::of_run().has_gtid(), "it has no auto-position");
    for names in Names::available() {
        let healing = healing(Topology::new(*names));
        healing.link(Link::default());
        at_both_wait_points(&healing, &format!("{names:?}, auto-position"));
    }
}

#[test]
fn a_lost_acknowledgement_heals_with_file_and_position() {
    let healing = healing(Topology::new(Names::newest()));
    healing.link(Link::default().by_file_position());
    at_both_wait_points(&healing, "file and position");
}

/// A replica with stock's plugin acknowledges only what it is asked for: the source has to ask.
#[test]
fn a_lost_acknowledgement_of_a_stock_replica_heals() {
    needs!(Dialect::of_run().has_stock(), "it comes without plugins");
    let healing = healing(Topology::new(Names::of_stock()).replica_libraries(Libraries::Stock));
    by_auto_position_and_by_file(&healing, "stock's replica");
}

/// The server calls fewer hooks then.
#[test]
fn a_lost_acknowledgement_heals_when_the_sender_observes_commits_only() {
    needs!(
        Dialect::of_run().has_observe_commit_only(),
        "its sender has no such mode"
    );
    let builder = Topology::new(Names::newest())
        .source_option("replication_sender_observe_commit_only=ON")
        .source_option("replication_optimize_for_static_plugin_config=ON");
    let healing = healing(builder);
    by_auto_position_and_by_file(&healing, "observe_commit_only");
}

#[test]
fn a_lost_acknowledgement_heals_over_compression_and_tls() {
    let healing = healing(Topology::new(Names::newest()));
    let others = [
        Transport::Zlib,
        Transport::Zstd,
        Transport::Tls,
        Transport::TlsZlib,
    ];
    for what in Transport::semi_sync_among(&others) {
        healing.link(what.link());
        at_both_wait_points(&healing, &what.to_string());
    }
}

/// The newest file holds no transaction: the new dump has nothing to send, and nothing to skip.
#[test]
fn a_lost_acknowledgement_heals_when_the_last_file_is_empty() {
    needs!(
        Dialect::of_run().checks_start_of_dump(),
        "there it heals with the next commit"
    );
    let healing = healing(Topology::new(Names::newest()));
    // At the other wait point the server closes no file before the commit has ended.
    healing.pair.source.set_wait_point("AFTER_COMMIT");
    for (n, link) in (1..).zip([Link::default(), Link::default().by_file_position()]) {
        let what = if link.auto_position {
            "auto-position"
        } else {
            "file and position"
        };
        healing.link(link);
        let commit = healing.lose(n);
        healing.pair.source.execute("FLUSH BINARY LOGS");
        healing.pair.source.execute("FLUSH BINARY LOGS");
        let took = healing.heal(commit, Cut::Rst, HEALED);
        println!(
            "empty last file, {what}: healed in {:.0} ms",
            took.as_secs_f64() * 1e3
        );
        assert_eq!(healing.pair.source.counter("no_tx"), 0);
    }
}

/// Many sessions wait, each for an acknowledgement that was lost.
#[test]
fn many_lost_acknowledgements_heal_together() {
    let healing = healing(Topology::new(Names::newest()));
    let source = &healing.pair.source;
    source.order_commits("OFF");
    healing.link(Link::default());
    let first = healing.lose(1);
    let others: Vec<Waiting> = (2..=8).map(|n| Waiting::insert(source, n)).collect();
    eventually(PATIENCE, "eight rows on the replica", || {
        (1..=8).all(|n| healing.pair.replica().count_rows(Some(n)) == 1)
    });
    healing.heal(first, Cut::Fin, HEALED);
    for commit in others {
        commit.done_within(HEALED);
    }
    assert_eq!(source.counter("no_tx"), 0);
    assert_eq!(source.counter("yes_tx"), 9);
}

/// Two replicas are needed; one acknowledged, the other's acknowledgement was lost.
#[test]
fn the_second_acknowledgement_heals_when_two_are_needed() {
    needs!(
        Dialect::of_run().has_wait_count(),
        "one replica is always enough"
    );
    let builder = Topology::new(Names::newest()).replicas(2).wait_count(2);
    let healing = healing(builder);
    let source = &healing.pair.source;
    healing.pair.replicas[1].replicate_from(source, &Link::default());
    healing.link(Link::default());
    let commit = healing.lose(1);
    let took = healing.heal(commit, Cut::Rst, HEALED);
    println!(
        "the second of two: healed in {:.0} ms",
        took.as_secs_f64() * 1e3
    );
    assert_eq!(source.counter("no_tx"), 0);
}

/// The replica itself went down after it had received the transaction, and comes back with it.
#[test]
fn a_lost_acknowledgement_heals_when_the_replica_restarts() {
    let healing = healing(Topology::new(Names::newest()));
    healing.link(Link::default());
    let commit = healing.lose(1);
    let replica = healing.pair.replica();
    let mark = healing.pair.source.log_mark();
    replica.kill9();
    // The proxy swallows what comes over the connections that it has. They are gone.
    healing.proxy.cut(Cut::Fin);
    replica.start_again();
    healing
        .pair
        .source
        .wait_log_since(mark, "Start semi-sync binlog_dump");
    let begin = Instant::now();
    commit.done_within(HEALED);
    println!(
        "a replica that was killed: healed in {:.0} ms",
        begin.elapsed().as_secs_f64() * 1e3
    );
}

/// A commit without an XID holds no rotation up while it waits, and the new file does not name its
/// GTID: a replica that connects by auto-position then never gets it.
#[test]
fn what_a_new_file_does_not_name_is_not_confirmed_by_what_a_replica_has_of_that_file() {
    needs!(Libraries::are_ours(), "stock takes it for confirmed");
    needs!(
        Dialect::of_run().has_wait_point(),
        "it waits when the engine has committed"
    );
    let pair = Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .start();
    let (source, replica) = (&pair.source, pair.replica());
    source.execute("CREATE TABLE app.without_xid (n INT) ENGINE = MyISAM");
    source.order_commits("OFF");
    replica.wait_applied(source);
    replica.execute("STOP REPLICA IO_THREAD");
    source.wait_status("clients", "0");
    let old = Waiting::start(source, "INSERT INTO app.without_xid VALUES (1)");
    source.wait_state(old.connection, &source.names().waiting_state());
    source.execute("FLUSH BINARY LOGS");
    let (yes, mark) = (source.counter("yes_tx"), source.log_mark());
    replica.execute("START REPLICA IO_THREAD");
    source.wait_log_since(mark, "it may never get transactions that wait there");
    // It has what comes behind, and the position of that lies further on.
    let new = Waiting::insert(source, 1);
    eventually(PATIENCE, "the later row is on the replica", || {
        replica.count_rows(Some(1)) == 1
    });
    assert!(!old.is_over_within(HEALED / 5), "no replica has it");
    assert!(!new.is_over(), "a replica that may lack something counts");
    assert_eq!(source.counter("yes_tx"), yes);
    assert_eq!(
        replica.value("SELECT COUNT(*) FROM app.without_xid"),
        "0",
        "this is the server's doing"
    );
    // When that is over, the replica counts again, without connecting anew.
    source.set_operator("release_waits", "ON");
    old.done_within(PATIENCE);
    new.done_within(PATIENCE);
    source.insert(2);
    assert_eq!(source.counter("yes_tx"), yes + 1);
}
