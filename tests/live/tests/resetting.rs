//! RESET BINARY LOGS AND GTIDS while replicas are attached: the server lets their dumps go on.
//!
//! What such a dump was served, and what its replica acknowledges, belongs to a log that is gone.
//! It must not confirm any commit, and the replica has to connect again.

use semisync_live_tests::{Names, Topology};

/// The dump stands far behind the new end of the log, and a heartbeat tells the replica its old
/// position.
#[test]
fn a_dump_that_has_outlived_a_reset_confirms_nothing() {
    let pair = Topology::new(Names::newest())
        .set("timeout", "1500")
        .start();
    let source = &pair.source;
    (0..20).for_each(|n| source.insert(n));
    pair.replica().wait_applied(source);
    assert!(source.counter("yes_tx") > 0);

    source.execute("RESET BINARY LOGS AND GTIDS");
    for n in 100..103 {
        source.insert(n);
    }
    assert_eq!(
        source.counter("yes_tx"),
        0,
        "confirmed, but the replica has {} of 3 rows",
        (100..103)
            .filter(|n| pair.replica().count_rows(Some(*n)) == 1)
            .count()
    );
    assert_eq!(source.counter("no_tx"), 3);
    assert_eq!(source.status("status"), "OFF");
}

/// A replica that can go on from the new beginning comes back by itself.
#[test]
fn a_replica_that_has_nothing_yet_comes_back_after_a_reset() {
    let pair = Topology::new(Names::newest())
        .set("timeout", "60000")
        .start();
    let source = &pair.source;
    pair.replica()
        .script("STOP REPLICA;\nRESET REPLICA;\nRESET BINARY LOGS AND GTIDS;");
    source.wait_status("clients", "0");
    source.execute("RESET BINARY LOGS AND GTIDS");
    pair.replica().execute("START REPLICA");
    source.wait_status("clients", "1");

    // Nothing was written since then: to the replica this is the same log.
    let mark = source.log_mark();
    source.execute("RESET BINARY LOGS AND GTIDS");
    source.wait_log_since(mark, "The binary log was reset");
    source.wait_status("clients", "1");
    source.insert(1);
    assert_eq!((source.counter("yes_tx"), source.counter("no_tx")), (1, 0));
    pair.replica().wait_applied(source);
}
