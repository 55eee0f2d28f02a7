//! Each transaction is counted once, as confirmed or as unconfirmed, when its client is told OK.

use mysql::prelude::Queryable;
use semisync_live_tests::load::Waiting;
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Load, Names, PATIENCE, Topology, eventually, needs,
};

const OURS: &str = "stock has no second plugin";

/// `plugin-load` has installed both plugins of the library.
fn pair() -> Topology {
    Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .start()
}

fn insert(n: i64) -> String {
    format!("INSERT INTO {TABLE} (n) VALUES ({n})")
}

#[test]
fn each_transaction_is_counted_once_confirmed_or_not() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let source = &pair.source;
    let counts = || {
        let count = |suffix| source.operator_counter(suffix);
        (count("confirmed_tx"), count("unconfirmed_tx"))
    };
    source.script(&format!(
        "CREATE PROCEDURE app.three() BEGIN \
         INSERT INTO {TABLE} (n) VALUES (1); \
         SELECT COUNT(*) FROM {TABLE}; \
         START TRANSACTION; INSERT INTO {TABLE} (n) VALUES (2); COMMIT; \
         START TRANSACTION; SELECT COUNT(*) FROM {TABLE}; COMMIT; \
         INSERT INTO {TABLE} (n) VALUES (3); \
         COMMIT; ROLLBACK; END"
    ));
    for wait_point in source.dialect().wait_points() {
        source.set_wait_point(wait_point);
        let (confirmed, unconfirmed) = counts();
        source.execute("CREATE TABLE app.other (n INT)");
        source.execute("ALTER TABLE app.other ADD COLUMN m INT");
        source.script("BEGIN;\nINSERT INTO app.other VALUES (1, 1);\nCOMMIT;\nCOMMIT;");
        source.script(&format!("BEGIN;\nSELECT COUNT(*) FROM {TABLE};\nCOMMIT;"));
        source.script(&format!("BEGIN;\n{};\nROLLBACK;", insert(9)));
        source.conn().query_drop("CALL app.three()").expect("CALL");
        source.execute("DROP TABLE app.other");
        assert_eq!(counts(), (confirmed + 7, unconfirmed), "{wait_point}");

        pair.replica().freeze();
        let waiting = Waiting::insert(source, 4);
        source.set_operator("release_waits", "ON");
        waiting.done_within(PATIENCE);
        assert_eq!(counts(), (confirmed + 7, unconfirmed + 1), "{wait_point}");
        pair.replica().thaw();
        pair.replica().assert_same_rows(source);
    }
}

#[test]
fn under_load_as_many_are_counted_as_are_committed() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let source = &pair.source;
    for (wait_point, ordered) in [
        ("AFTER_SYNC", "ON"),
        ("AFTER_SYNC", "OFF"),
        ("AFTER_COMMIT", "ON"),
    ] {
        if !source.dialect().wait_points().contains(&wait_point) {
            continue;
        }
        source.set_wait_point(wait_point);
        source.order_commits(ordered);
        let before = source.operator_counter("confirmed_tx");
        let load = Load::start(source, 16);
        load.wait_progress(2000);
        let seen = load.finish_clean();
        let counted = source.operator_counter("confirmed_tx") - before;
        assert_eq!(counted, seen.committed, "{wait_point}, ordered {ordered}");
    }
    assert_eq!(source.operator_counter("unconfirmed_tx"), 0);
}

/// The members of the group were all released by one session.
#[test]
fn when_kill_ends_a_wait_the_whole_group_is_counted_unconfirmed() {
    needs!(Libraries::are_ours(), OURS);
    needs!(
        Dialect::of_run().has_wait_point(),
        "sessions wait side by side"
    );
    let pair = pair();
    let source = &pair.source;
    source.set_operator("kill_ends_wait", "ON");
    source.set_wait_point("AFTER_SYNC");
    pair.replica().freeze();
    let first = Waiting::insert(source, 1);
    // The next group forms behind the one that waits.
    let group: Vec<Waiting> = (2..6).map(|n| Waiting::start(source, &insert(n))).collect();
    let mut killed = vec![first.connection];
    source.execute(&format!("KILL QUERY {}", first.connection));
    let waiting_state = source.names().waiting_state();
    while group.iter().any(|member| !member.is_over()) {
        let leader = group
            .iter()
            .map(|member| member.connection)
            .find(|id| !killed.contains(id) && source.processlist_state(*id) == waiting_state);
        if let Some(leader) = leader {
            source.execute(&format!("KILL QUERY {leader}"));
            killed.push(leader);
        }
    }
    assert!(killed.len() < 5, "they waited one by one: {killed:?}");
    eventually(PATIENCE, "all five are counted", || {
        source.operator_counter("unconfirmed_tx") == 5
    });
    assert_eq!(source.operator_counter("confirmed_tx"), 0);
    assert_eq!(source.status("status"), "ON");
    pair.replica().thaw();
    pair.replica().assert_same_rows(source);
}

#[test]
fn what_a_read_only_server_does_not_wait_for_is_counted_nowhere() {
    needs!(Libraries::are_ours(), OURS);
    let pair = pair();
    let source = &pair.source;
    source.set_operator("wait_when_read_only", "OFF");
    source.execute("SET GLOBAL read_only = ON");
    pair.replica().freeze();
    for n in 0..100 {
        source.insert(n);
    }
    assert_eq!(source.operator_counter("confirmed_tx"), 0);
    assert_eq!(source.operator_counter("unconfirmed_tx"), 0);
    assert_eq!((source.counter("yes_tx"), source.counter("no_tx")), (0, 0));
    assert_eq!(source.status("status"), "ON");
    // Promoted, it waits at once.
    source.execute("SET GLOBAL read_only = OFF");
    let waiting = Waiting::insert(source, 100);
    pair.replica().thaw();
    waiting.done_within(PATIENCE);
    assert_eq!(source.operator_counter("confirmed_tx"), 1);
    pair.replica().assert_same_rows(source);
}
