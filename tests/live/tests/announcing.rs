//! What a replica tells its source of itself, and what it tells its operator of its channels.

use semisync_live_tests::fake_replica::{Announce, FakeReplica};
use semisync_live_tests::pair::Builder;
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Names, PATIENCE, Server, Topology, eventually, needs,
};

const NO_PLUGIN: &str = "its own library has no second plugin";

fn has_plugin() -> bool {
    Libraries::under_test() != Libraries::Stock
}

/// A source that waits for a day, and a replica.
fn pair() -> Builder {
    Topology::new(Names::newest()).set("timeout", A_DAY_MS)
}

/// The statements by which a replica announced itself, as the source's general log has them.
fn announcements(source: &Server) -> Vec<String> {
    let rows = source.rows(
        "SELECT CONVERT(argument USING utf8) FROM mysql.general_log \
         WHERE argument LIKE 'SET @rpl%'",
    );
    rows.into_iter().map(|row| row[0].clone()).collect()
}

#[test]
fn with_nothing_set_a_replica_announces_itself_as_ever_and_tells_what_is_set() {
    needs!(has_plugin(), NO_PLUGIN);
    let plain = "SET @rpl_semi_sync_replica = 1, @rpl_semi_sync_slave = 1";
    let pair = Topology::new(Names::newest())
        .source_option("general-log=ON")
        .source_option("log-output=TABLE")
        .start();
    let (source, replica) = (&pair.source, pair.replica());
    assert_eq!(announcements(source), [plain]);
    for (set, told) in [
        (
            "semisync_replica_name = 'db-2'",
            ", @semisync_replica_name = 'db-2'",
        ),
        (
            "semisync_replica_name = 'a\\\\b'",
            ", @semisync_replica_name = x'615c62'",
        ),
        ("semisync_replica_name = ''", ""),
        (
            "semisync_replica_zone = 'east'",
            ", @semisync_replica_zone = 'east'",
        ),
        ("semisync_replica_zone = ''", ""),
        (
            "semisync_replica_ack_after = SYNCED",
            ", @semisync_replica_ack_after = 'SYNCED'",
        ),
    ] {
        replica.execute(&format!("SET GLOBAL {set}"));
        replica.restart_receiver();
        let expected = format!("{plain}{told}");
        eventually(PATIENCE, &expected, || {
            announcements(source).last() == Some(&expected)
        });
    }
    pair.wait_clients();
    source.insert(1);

    // Uninstalled, the replica connects again as if nothing had been set.
    replica.execute("UNINSTALL PLUGIN semisync_replica");
    eventually(PATIENCE, plain, || {
        announcements(source).last().map(String::as_str) == Some(plain)
    });
    source.insert(2);
    replica.wait_applied(source);
}

/// Words that a source cannot use are passed over, and the replica counts all the same.
#[test]
fn a_replica_that_misnames_itself_counts_under_its_uuid() {
    needs!(has_plugin(), NO_PLUGIN);
    let source = Server::lone_source(Names::newest(), A_DAY_MS);
    for (id, value, shown) in [
        (71, "REPEAT('x', 65)", "x".repeat(64).as_str()),
        (72, r"'a\nb'", "a?b"),
        (73, "'größe'", "größe"),
        (74, "'a b'", "a b"),
        (75, "17", "17"),
    ] {
        let mark = source.log_mark();
        let mut fake = FakeReplica::connect(&source, id).expect("a connection");
        fake.prepare(Announce::Both).expect("it announces itself");
        fake.set("NAMES utf8").expect("it is heard");
        let uuid = format!("00000000-0000-0000-0000-0000000000{id}");
        fake.set(&format!(
            "@replica_uuid = '{uuid}', @slave_uuid = '{uuid}', \
             @semisync_replica_name = {value}, @semisync_replica_zone = 'east'"
        ))
        .expect("it is heard");
        fake.dump(&source.newest()).expect("a dump");
        source.wait_status("clients", "1");
        let line = source.wait_log_since(mark, "says that its name is");
        assert!(
            line.contains(shown) && line.contains("This is ignored"),
            "{line}"
        );
        if source.dialect().has_tables() {
            let row = source.rows(
                "SELECT SERVER_ID, SERVER_UUID, NAME, ZONE, COUNTED \
                 FROM performance_schema.replication_semisync_replicas \
                 WHERE STATE <> 'GONE'",
            );
            assert_eq!(
                row,
                [[id.to_string().as_str(), &uuid, "NULL", "east", "YES"]]
            );
        }
        fake.close();
        source.wait_status("clients", "0");
    }
}

fn was_acker(replica: &Server) -> String {
    replica.global_status("Semisync_replica_was_acker")
}

#[test]
fn a_replica_tells_whether_it_acknowledged_when_its_source_died() {
    needs!(has_plugin(), NO_PLUGIN);
    let pair = pair().start();
    let (source, replica) = (&pair.source, pair.replica());
    assert_eq!(was_acker(replica), "0");
    assert_eq!(replica.global_status("Semisync_replica_acks"), "0");
    source.insert(1);
    assert_eq!(was_acker(replica), "0", "the connection has not ended");
    source.kill9();
    eventually(PATIENCE, "it was an acker", || was_acker(replica) == "1");
    let age: u64 = replica
        .global_status("Semisync_replica_last_ack_age_us")
        .parse()
        .unwrap();
    assert!(age > 0);
    assert_ne!(replica.global_status("Semisync_replica_acks"), "0");
    // The question is asked of a replica that tries to connect, that was stopped, that started anew
    // and finds nobody.
    for statement in ["STOP REPLICA", "START REPLICA"] {
        replica.execute(statement);
        assert_eq!(was_acker(replica), "1", "{statement}");
    }
    if replica.dialect().has_tables() {
        let row = replica.rows(
            "SELECT CHANNEL_NAME, SEMI_SYNC, ACK_LEVEL, WAS_ACKER \
             FROM performance_schema.replication_semisync_channels",
        );
        assert_eq!(row, [["", "OFF", "RECEIVED", "YES"]]);
    }

    // A connection on which nothing came changes nothing. One on which it did not acknowledge does.
    source.start_again();
    pair.wait_clients();
    replica.restart_receiver();
    pair.wait_clients();
    assert_eq!(was_acker(replica), "1");
    source.set_source("enabled", "OFF");
    source.insert(2);
    replica.wait_applied(source);
    replica.execute("STOP REPLICA IO_THREAD");
    assert_eq!(was_acker(replica), "0");
}

#[test]
fn the_table_shows_each_channel() {
    needs!(has_plugin(), NO_PLUGIN);
    needs!(
        Dialect::of_run().has_tables(),
        "it has no tables of plugins"
    );
    let pair = pair()
        .replica_option("semisync_replica_ack_after=SYNCED")
        .start();
    let (source, replica) = (&pair.source, pair.replica());
    source.insert(1);
    let table = "performance_schema.replication_semisync_channels";
    let (file, position) = source.binlog_position();
    let position = position.to_string();
    // It is noted when it was sent, and then the commit is confirmed already.
    eventually(PATIENCE, "the acknowledgement is noted", || {
        replica.value(&format!("SELECT LAST_ACK_LOG_POS FROM {table}")) == position
    });
    let rows = replica.rows(&format!(
        "SELECT SEMI_SYNC, SOURCE_UUID, LAST_ACK > NOW() - INTERVAL 1 MINUTE, \
         LAST_ACK_LOG_FILE, LAST_ACK_LOG_POS, ACKS, ACK_LEVEL, WAS_ACKER FROM {table}"
    ));
    let uuid = source.variable("server_uuid");
    let acks = replica.global_status("Semisync_replica_acks");
    let expected = ["ON", &uuid, "1", &file, &position, &acks, "SYNCED", "NO"];
    assert_eq!(rows, [expected]);
    let semi_sync = || replica.value(&format!("SELECT SEMI_SYNC FROM {table}"));
    source.set_source("enabled", "OFF");
    source.insert(2);
    eventually(PATIENCE, "the source refuses", || {
        semi_sync() == "REFUSED BY SOURCE"
    });
    replica.execute("STOP REPLICA");
    assert_eq!(semi_sync(), "OFF");
}
