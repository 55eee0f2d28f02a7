//! What happens to the servers under a checker.

use std::fs;
use std::path::Path;
use std::time::Instant;

use semisync_live_tests::console::{OrStop, Stop, say, seconds, step};
use semisync_live_tests::fake_replica::{Announce, FakeReplica, Place};
use semisync_live_tests::{Names, Server, ServerConfig};

const OPERATORS: [&str; 2] = ["semisync_source", "semisync_replica"];
pub const SERVERS: [&str; 2] = ["source", "replica"];

/// What looks at the servers while they run.
pub trait Checker {
    fn under(&self, config: ServerConfig, server: &str) -> ServerConfig;

    /// A library with faults on purpose, as a function for SQL.
    fn planted(&self) -> &Path;
}

pub fn tell(checker: &impl Checker, rounds: u32) -> Result<(), Stop> {
    let names = Names::New;
    step("A source and a replica under the checker");
    let begun = Instant::now();
    let done = |what: &str| say(format!("{what} ({})", seconds(begun.elapsed())));
    let config = |(id, label): (u32, &&str)| {
        let config = ServerConfig::new(id, names)
            .label(label)
            .option("innodb-buffer-pool-size=8M");
        checker.under(config, label)
    };
    let servers = Server::start_all((1..).zip(&SERVERS).map(config).collect());
    let [source, replica] = servers.as_slice() else {
        return Err(Stop::failed("two servers were asked for"));
    };
    done("both serve");
    for server in [source, replica] {
        let library = server.plugin_dir().join("semisync_planted.so");
        fs::copy(checker.planted(), &library).or_stop(library.display())?;
        server.execute("SET SESSION sql_log_bin = 0");
        server.execute(
            "CREATE FUNCTION semisync_planted RETURNS INTEGER SONAME 'semisync_planted.so'",
        );
        server.value("SELECT semisync_planted()");
        server.execute("SET SESSION sql_log_bin = 1");
    }
    servers.iter().for_each(Server::prepare);
    source.allow_fakes();
    for round in 0..rounds {
        install(source, replica, names);
        done("the libraries are installed");
        if round == 0 {
            replica.replicate_from(source, &Default::default());
        } else {
            replica.execute("START REPLICA IO_THREAD");
        }
        source.wait_status("clients", "1");
        confirm(source, replica);
        done("commits are confirmed");
        meet_faults(source, names);
        done("faults are met");
        settings(source);
        done("it was disabled, enabled, set");
        replica.execute("STOP REPLICA IO_THREAD");
        // Dumps whose replicas are gone end at their next event, or so.
        for dump in source.dumps() {
            let _has_ended = source.try_rows(&format!("KILL {dump}"));
        }
        source.wait_status("clients", "0");
        uninstall(source, replica, names);
        done("the libraries are uninstalled");
    }
    replica.stop();
    source.stop();
    done("both have ended");
    Ok(())
}

fn install(source: &Server, replica: &Server, names: Names) {
    source.execute(&names.install_source());
    replica.execute(&names.install_replica());
    for (server, plugin) in [source, replica].into_iter().zip(OPERATORS) {
        server.execute(&format!("INSTALL PLUGIN {plugin} SONAME '{plugin}.so'"));
    }
    replica.execute("SET GLOBAL semisync_replica_zone = 'east'");
    source.set_source("enabled", "1");
    replica.set_replica("enabled", "1");
}

fn confirm(source: &Server, replica: &Server) {
    let before = source.counter("yes_tx");
    (0..5).for_each(|n| source.insert(n));
    assert!(
        source.counter("yes_tx") >= before + 5,
        "commits are confirmed"
    );
    for table in ["waits", "replicas", "wait_histogram"] {
        source.rows(&format!(
            "SELECT * FROM performance_schema.replication_semisync_{table}"
        ));
    }
    replica.rows("SELECT * FROM performance_schema.replication_semisync_channels");
    source.rows("SHOW GLOBAL STATUS LIKE '%semi%sync%'");
    replica.rows("SHOW GLOBAL STATUS LIKE '%semi%sync%'");
}

/// Replicas that break the protocol, lie, say nothing, and vanish; a wait that nobody ends; dumps
/// that are killed; transactions that are refused.
fn meet_faults(source: &Server, names: Names) {
    for fault in 0..6_u32 {
        let mut fake = FakeReplica::at_the_end(source, 100 + fault);
        let said = match fault {
            0 => fake.send_raw(b"\x05\0\0\0wrong"),
            1 => fake.send_raw(b"\x20\0\0\0\xef\x04"), // the rest never comes
            2 => fake.acknowledge(&Place {
                file: "binlog.999999".to_owned(),
                position: 4,
            }),
            3 => fake.quit(),
            _ => Ok(()),
        };
        said.unwrap_or_else(|error| panic!("fake {fault}: {error}"));
        source.insert(1);
        if fault == 4 {
            // The newest is the fake's.
            let dump = source.dumps().pop().expect("a dump");
            source.execute(&format!("KILL {dump}"));
        } else if fault == 5 {
            fake.reset();
        } else {
            fake.close();
        }
    }
    source.execute(&format!("SET GLOBAL {}=3", names.wait_count_var()));
    source.set_source("timeout", "300");
    source.insert(2); // nobody confirms it
    source.wait_status("status", "OFF");
    source.execute(&format!("SET GLOBAL {}=1", names.wait_count_var()));
    source.set_source("timeout", "10000");
    source.set_operator("fenced", "ON");
    source.error("INSERT INTO app.t (n) VALUES (3)");
    source.set_operator("fenced", "OFF");
}

fn settings(source: &Server) {
    source.set_source("enabled", "0");
    source.insert(4);
    source.set_source("enabled", "1");
    source.set_operator("quorum", "'ANY 1 (zone:east)'");
    source.error("SET GLOBAL semisync_source_quorum = 'ANY 1 (zone:'");
    source.set_operator("members", "'2=db2@east'");
    source.insert(5);
    source.set_operator("quorum", "''");
    source.set_operator("members", "''");
    let fake = FakeReplica::attach_compressed_to(source, 300, Announce::Both, &source.newest())
        .expect("a fake attaches");
    source.wait_status("clients", "2");
    source.insert(6);
    fake.close();
    source.wait_status("clients", "1");
    source.set_operator("release_waits", "ON");
}

fn uninstall(source: &Server, replica: &Server, names: Names) {
    for (server, plugin) in [source, replica].into_iter().zip(OPERATORS) {
        server.uninstall(plugin);
    }
    source.uninstall(&names.source_plugin());
    replica.uninstall(&names.replica_plugin());
}
