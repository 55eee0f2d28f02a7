//! Tools that know semi-sync by its names: the statements of orchestrator, Vitess, the Prometheus
//! exporter and MOCO, as they send them, and what they make of the answers.

use std::time::{Duration, Instant};

use semisync_live_tests::load::Waiting;
use semisync_live_tests::sql::row;
use semisync_live_tests::{
    Link, Names, PATIENCE, Server, ServerConfig, Topology, eventually, in_both_vocabularies,
};

in_both_vocabularies! {
    fn tools_that_find_semi_sync_by_name(names) {
        let both_roles = |number| ServerConfig::new(number, names).as_source().as_replica();
        let mut servers = Server::start_all(vec![both_roles(1), both_roles(2)]);
        servers.iter().for_each(Server::prepare);
        let replica = servers.pop().expect("two servers");
        let source = servers.pop().expect("two servers");
        replica.replicate_from(&source, &Link::default());
        let pair = Topology {
            source,
            replicas: vec![replica],
        };
        pair.wait_clients();
        let (source, replica) = (&pair.source, pair.replica());
        source.insert(1);

        orchestrator(names, source, replica);
        vitess(names, source);
        exporter(source, replica);
        moco(names, source, replica);
    }
}

fn orchestrator(names: Names, source: &Server, replica: &Server) {
    let variables = source.rows("show global variables like 'rpl_semi_sync_%'");
    for (name, value) in [
        ("rpl_semi_sync_master_enabled", "ON"),
        ("rpl_semi_sync_master_timeout", "10000"),
        ("rpl_semi_sync_master_wait_for_slave_count", "1"),
        ("rpl_semi_sync_slave_enabled", "ON"),
    ] {
        if name.ends_with("count") && !source.dialect().has_wait_count() {
            continue;
        }
        assert_eq!(row(&variables, &names.spell(name)), value, "{name}");
    }
    let status = source.rows("show global status like 'rpl_semi_sync_%'");
    assert_eq!(
        row(&status, &names.spell("Rpl_semi_sync_master_status")),
        "ON"
    );
    assert_eq!(
        row(&status, &names.spell("Rpl_semi_sync_master_clients")),
        "1"
    );
    assert_eq!(
        row(&status, &names.spell("Rpl_semi_sync_slave_status")),
        "OFF"
    );
    let status = replica.rows("show global status like 'rpl_semi_sync_%'");
    assert_eq!(
        row(&status, &names.spell("Rpl_semi_sync_slave_status")),
        "ON"
    );
    source.execute(&names.spell(
        "set @@global.rpl_semi_sync_master_enabled=1, @@global.rpl_semi_sync_slave_enabled=0",
    ));
    source.execute(&names.spell("set global rpl_semi_sync_slave_enabled = 1"));
}

fn vitess(names: Names, source: &Server) {
    let enabled = source.rows("SHOW VARIABLES LIKE 'rpl_semi_sync_%_enabled'");
    let expected = [names.source_var("enabled"), names.replica_var("enabled")];
    let mut found: Vec<&str> = enabled.iter().map(|row| row[0].as_str()).collect();
    found.sort_unstable_by_key(|name| name.contains(names.replica()));
    assert_eq!(found, expected);
    let pattern = "'Rpl_semi_sync_(source|master)_(wait_sessions|yes_tx)'";
    let dialect = source.dialect();
    let condition = if dialect.has_regexp_like() {
        format!("REGEXP_LIKE(variable_name, {pattern})")
    } else {
        format!("variable_name REGEXP {pattern}")
    };
    let table = dialect.status_table();
    let counters = source.rows(&format!(
        "SELECT variable_name, variable_value FROM {table} WHERE {condition}"
    ));
    assert_eq!(row(&counters, &names.source_status("wait_sessions")), "0");
    assert_eq!(row(&counters, &names.source_status("yes_tx")), "1");
    // A planned failover: both off in one statement, in a hurry.
    let begin = Instant::now();
    source.execute(&names.spell(
        "SET GLOBAL rpl_semi_sync_master_enabled = 0, GLOBAL rpl_semi_sync_slave_enabled = 0",
    ));
    let took = begin.elapsed();
    println!("both sides off in one statement: {took:?}");
    assert!(took < PATIENCE, "{took:?}");
    source.execute(&names.spell(
        "SET GLOBAL rpl_semi_sync_master_enabled = 1, GLOBAL rpl_semi_sync_slave_enabled = 1",
    ));
    source.insert(2);
}

/// The exporter and the alert rules on top of it drop rows that are neither numbers nor ON/OFF.
fn exporter(source: &Server, replica: &Server) {
    for server in [source, replica] {
        let rows = server.rows("SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync%'");
        assert_eq!(rows.len(), 15, "{rows:?}");
        for row in &rows {
            let is_fit = match row[0].ends_with("_status") {
                true => ["ON", "OFF"].contains(&row[1].as_str()),
                false => row[1].parse::<u64>().is_ok(),
            };
            assert!(is_fit, "{row:?}");
        }
    }
    for suffix in ["status", "clients", "no_tx", "tx_avg_wait_time"] {
        source.status(suffix);
    }
    // A commit that a quick replica confirms before the session waits is no wait.
    eventually(PATIENCE, "a commit that waited", || {
        source.insert(3);
        source.counter("tx_avg_wait_time") > 0
    });
}

fn moco(names: Names, source: &Server, replica: &Server) {
    source.execute(&names.spell("SET GLOBAL rpl_semi_sync_master_timeout = 86400000"));
    replica.execute("STOP SLAVE IO_THREAD");
    source.wait_status("clients", "0");
    let commit = Waiting::insert(source, 3);
    let waiting = "SELECT COUNT(*) FROM information_schema.PROCESSLIST \
                   WHERE STATE LIKE 'Waiting for semi-sync ACK from%'";
    assert_eq!(source.value(waiting), "1");
    assert_eq!(source.counter("wait_sessions"), 1);
    replica.execute("START SLAVE IO_THREAD");
    commit.done_within(Duration::from_secs(15));
    eventually(PATIENCE, "nobody waits", || source.value(waiting) == "0");
}
