//! What performance schema counts of a source: the same instruments as with the server's own
//! plugins, with true counts of locks, waits and memory.

use std::time::Duration;

use semisync_live_tests::{
    Dialect, Server, ServerConfig, Topology, eventually, in_both_vocabularies, needs,
};

const SOON: Duration = Duration::from_secs(15);

const WAITS: [&str; 4] = [
    "wait/synch/mutex/semisync/LOCK_binlog_",
    "wait/synch/mutex/semisync/Ack_receiver::m_mutex",
    "wait/synch/cond/semisync/COND_binlog_send_",
    "wait/synch/cond/semisync/Ack_receiver::m_cond",
];
const MEMORY: &str = "memory/semisync/TranxNodeAllocator::block";

fn instruments(server: &Server) -> Vec<String> {
    let sql = "SELECT NAME FROM performance_schema.setup_instruments \
        WHERE NAME LIKE '%/semisync/%' ORDER BY NAME";
    let rows = server.rows(sql);
    rows.into_iter().map(|row| row[0].clone()).collect()
}

fn instances(server: &Server, kind: &str) -> String {
    server.value(&format!(
        "SELECT COUNT(*) FROM performance_schema.{kind}_instances WHERE NAME LIKE '%/semisync/%'"
    ))
}

fn switch_instruments(server: &Server, on: &str) {
    server.execute(&format!(
        "UPDATE performance_schema.setup_instruments SET ENABLED = '{on}', TIMED = '{on}' \
         WHERE NAME LIKE '%/semisync/%'"
    ));
}

/// How often somebody waited there.
fn count(server: &Server, event: &str) -> u64 {
    let sql = format!(
        "SELECT COUNT_STAR FROM performance_schema.events_waits_summary_global_by_event_name \
         WHERE EVENT_NAME = '{event}'"
    );
    server.value(&sql).parse().expect("a number")
}

/// Allocations, releases, bytes in use, and the most bytes that were in use.
fn memory(server: &Server) -> [u64; 4] {
    let sql = format!(
        "SELECT CONCAT_WS(' ', COUNT_ALLOC, COUNT_FREE, CURRENT_NUMBER_OF_BYTES_USED, \
         HIGH_NUMBER_OF_BYTES_USED) \
         FROM performance_schema.memory_summary_global_by_event_name WHERE EVENT_NAME = '{MEMORY}'"
    );
    let values = server.value(&sql);
    let numbers: Vec<u64> = values
        .split(' ')
        .map(|number| number.parse().expect("a number"))
        .collect();
    numbers.try_into().expect("four numbers")
}

fn counts(server: &Server) -> [u64; 4] {
    WAITS.map(|event| count(server, event))
}

/// Whether a session sleeps until a replica has its commit, or has done so since the last look.
fn sleeps(server: &Server) -> bool {
    let sql = format!(
        "SELECT COUNT(*) FROM performance_schema.events_waits_current WHERE EVENT_NAME = '{}'",
        WAITS[2]
    );
    server.value(&sql) != "0"
}

/// Before MySQL 5.7 an instrument that is disabled when the plugin is loaded is never counted.
fn known_from_the_start(config: ServerConfig) -> ServerConfig {
    let config = config.option("performance-schema=ON");
    if Dialect::of_run().makes_disabled_instruments() {
        return config;
    }
    config.option("loose-performance-schema-instrument='%/semisync/%=ON'")
}

in_both_vocabularies! {
    fn the_names_are_those_of_the_servers_own_plugins(names) {
        let server = Server::start(
            ServerConfig::new(1, names)
                .option("performance-schema=ON")
                .as_source(),
        );
        let dialect = server.dialect();
        let mut expected: Vec<String> = WAITS.map(str::to_owned).to_vec();
        if dialect.has_stages() {
            let replica = names.replica();
            expected.extend([
                format!("stage/semisync/Waiting for semi-sync ACK from {replica}"),
                format!("stage/semisync/Waiting for semi-sync {replica} connection"),
                format!("stage/semisync/Reading semi-sync ACK from {replica}"),
            ]);
        }
        if dialect.counts_memory() {
            expected.push(MEMORY.to_owned());
        }
        expected.sort();
        let mut seen = instruments(&server);
        seen.sort();
        assert_eq!(seen, expected);
        server.stop();
    }

    fn locks_and_waits_are_counted_as_long_as_somebody_wants_to_know(names) {
        let pair = Topology::new(names)
            .configure_source(known_from_the_start)
            .start_unlinked();
        let (source, replica) = (&pair.source, pair.replica());
        if source.dialect().makes_disabled_instruments() {
            assert_eq!(source.status("clients"), "0");
            assert_eq!(
                counts(source),
                [0; 4],
                "by default a look at the coordinator is not counted"
            );
        }
        switch_instruments(source, "YES");
        source.execute("UPDATE performance_schema.setup_consumers SET ENABLED = 'YES'");
        // The receiver sleeps without a replica until the first acknowledgement.
        source.set_source("enabled", "0");
        source.set_source("enabled", "1");
        replica.replicate_from(source, &Default::default());
        source.wait_status("clients", "1");
        let before = counts(source);
        for n in 0..10 {
            source.insert(n);
        }
        let after = counts(source);
        println!("before ten commits {before:?}, after them {after:?}");
        let [core, registry] = [0, 1].map(|n| after[n] - before[n]);
        assert!(
            core >= 20,
            "at the beginning of a wait, and for its acknowledgement: {core}"
        );
        assert!(
            registry >= 10,
            "the receiver finds its links there: {registry}"
        );
        assert!(
            after[2] <= 40,
            "a session sleeps once, if nothing wakes it: {after:?}"
        );
        assert!(
            (1..=3).contains(&after[3]),
            "the receiver's sleeps without a replica: {after:?}"
        );
        // A sleep is visible while it lasts, and counted when it is over.
        replica.freeze();
        std::thread::scope(|scope| {
            scope.spawn(|| source.insert(10));
            eventually(SOON, "the session sleeps", || sleeps(source));
            replica.thaw();
        });
        assert!(count(source, WAITS[2]) > 0);
        switch_instruments(source, "NO");
        // A wait that has begun is counted at its end.
        eventually(SOON, "nothing is counted any more", || {
            let before = counts(source);
            (11..20).for_each(|n| source.insert(n));
            counts(source) == before
        });
        source.stop();
    }

    fn memory_of_waiting_sessions_is_counted_until_they_go_on(names) {
        needs!(
            Dialect::of_run().counts_memory(),
            "its performance schema counts no memory"
        );
        let pair = Topology::new(names)
            .set("timeout", "600000")
            .configure_source(|config| {
                config
                    .option("performance-schema=ON")
                    .option("performance-schema-instrument='memory/semisync/%=ON'")
            })
            .start();
        let (source, replica) = (&pair.source, pair.replica());
        // Sessions wait side by side.
        source.set_wait_point("AFTER_COMMIT");
        source.order_commits("OFF");
        for n in 0..3 {
            source.insert(n);
        }
        let [_, _, idle, _] = memory(source);
        replica.execute("STOP REPLICA");
        source.wait_status("clients", "0");
        std::thread::scope(|scope| {
            for n in 0..8 {
                scope.spawn(move || source.insert(100 + n));
            }
            source.wait_status("wait_sessions", "8");
            let [_, _, used, most] = memory(source);
            println!("idle: {idle} bytes, with eight waiting sessions: {used}");
            // Each has at least a mutex of 40 bytes and a condition of 48.
            assert!(
                used >= idle + 8 * 88 && used <= idle + 8 * 1024,
                "{idle} {used}"
            );
            assert!(most >= used);
            replica.execute("START REPLICA");
        });
        source.wait_status("wait_sessions", "0");
        // The thread that released a session gives up its reference a moment later.
        eventually(
            SOON,
            "nothing but the room for pending groups is held",
            || {
                let [allocated, released, used, _] = memory(source);
                used <= idle + 1024 && allocated <= released + 1
            },
        );
        source.stop();
    }

    fn instruments_do_not_pile_up(names) {
        let server = Server::start(known_from_the_start(ServerConfig::new(1, names)));
        let mut first = None;
        for _ in 0..20 {
            server.execute(&names.install_source());
            server.set_source("enabled", "1");
            let now = (
                instruments(&server),
                instances(&server, "mutex"),
                instances(&server, "cond"),
            );
            server.execute(&format!("UNINSTALL PLUGIN {}", names.source_plugin()));
            assert_eq!(first.get_or_insert_with(|| now.clone()), &now);
        }
        server.prepare();
        server.insert(1);
        server.stop();
    }

    fn nothing_needs_performance_schema(names) {
        let pair = Topology::new(names)
            .configure_source(|config| config.option("performance-schema=OFF"))
            .start();
        for n in 0..10 {
            pair.source.insert(n);
        }
        assert_eq!(pair.source.counter("no_tx"), 0);
        pair.source.set_source("enabled", "0");
        pair.source.set_source("enabled", "1");
        pair.source.stop();
    }
}
