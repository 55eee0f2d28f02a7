//! KILL of dump threads: the server closes the replica's descriptor from another thread, and the
//! number is in use again at once. Replicas come back by themselves, commits are confirmed, and
//! nobody else's connection loses a byte.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use semisync_live_tests::dialect::not_applicable;
use semisync_live_tests::load::Waiting;
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::proxy::Proxy;
use semisync_live_tests::{
    A_DAY_MS, Link, Load, Names, PATIENCE, Server, Strangers, Topology, Transport, eventually,
    process, server_dir_of, wait_for,
};

/// From the moment when the replica can come back to the end of the commit. The replica may sleep
/// for a second between two attempts. The source's next heartbeat comes after 30 s.
const HEALED: Duration = Duration::from_secs(20);

fn transports() -> Vec<Transport> {
    Transport::semi_sync_among(&[Transport::Plain, Transport::Tls, Transport::Zlib])
}

/// The newest dump that is not one of `others`, once there is another one than `last`.
fn new_dump(source: &Server, others: &[u32], last: u32) -> u32 {
    wait_for(PATIENCE, "a new dump", || {
        let dumps = source.dumps();
        let newest = dumps.iter().rfind(|dump| !others.contains(dump));
        newest
            .copied()
            .filter(|dump| *dump != last)
            .ok_or_else(|| format!("{dumps:?}"))
    })
    .0
}

/// false: the connection has ended by itself meanwhile.
fn kill(source: &Server, connection: u32) -> bool {
    match source.try_rows(&format!("KILL {connection}")) {
        Ok(_) => true,
        Err(mysql::Error::MySqlError(e)) if e.code == 1094 => false,
        Err(e) => panic!("KILL {connection}: {e}"),
    }
}

/// Kills the dump of the only semi-sync replica again and again. `others`: dumps that stay. Returns
/// how many were there to be killed.
fn kill_again_and_again(pair: &Topology, load: &Load, others: &[u32], rounds: u32) -> u32 {
    let source = &pair.source;
    let mut last = 0;
    let mut killed = 0;
    for round in 0..rounds {
        let dump = new_dump(source, others, last);
        // Some dumps die as soon as they can be seen, most of them in the midst of their work. A
        // replica that has not received an event sleeps for a second before it comes again.
        if round % 16 != 0 {
            source.wait_status("clients", "1");
            load.wait_progress(5);
        }
        killed += u32::from(kill(source, dump));
        last = dump;
    }
    // A dump may end by itself before it is killed: how many do is luck. But dumps were killed.
    assert!(killed > 0, "none of {rounds} dumps was there");
    killed
}

#[test]
fn killed_dumps_are_replaced_and_nobody_else_notices() {
    let pair = Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .start();
    let (source, replica) = (&pair.source, pair.replica());
    // What the server opens once and keeps must be open before descriptors are counted.
    let warm = Strangers::visit(source, 4);
    thread::sleep(Duration::from_millis(200));
    warm.leave();
    for what in transports() {
        replica.execute("STOP REPLICA");
        replica.replicate_from(source, &what.link());
        pair.wait_clients();
        source.wait_status("status", "ON");
        source.insert(0);
        let before = source.resources();
        let mark = source.log_mark();
        let begin = Instant::now();

        let strangers = Strangers::visit(source, 3);
        let load = Load::paced(source, 4, Duration::from_millis(1), |_| {
            format!("INSERT INTO {TABLE} (n) VALUES (1)")
        });
        let killed = kill_again_and_again(&pair, &load, &[], 100);
        pair.wait_clients();
        load.wait_progress(20);
        let seen = load.finish_clean();
        let visits = strangers.leave();
        println!(
            "{what}: {killed} of 100 dumps killed in {:?}, {} commits, the slowest in {:?}, \
             {visits} strangers",
            begin.elapsed(),
            seen.committed,
            seen.slowest
        );

        assert_eq!(source.counter("no_tx"), 0, "{what}");
        assert_eq!(source.counter("wait_sessions"), 0, "{what}");
        assert_eq!(source.status("status"), "ON", "{what}");
        replica.assert_same_rows(source);
        assert_eq!(source.status("clients"), "1", "{what}");
        let strays = source.stray_errors_since(mark);
        assert!(strays.is_empty(), "{what}: {strays:#?}");
        wait_for(PATIENCE, "descriptors and threads as before", || {
            let now = source.resources();
            if now.0 <= before.0 + 1 && now.1 <= before.1 + 1 {
                Ok(())
            } else {
                Err(format!("{what}: {before:?} before, {now:?} now"))
            }
        });
    }
    source.stop();
    replica.stop();
}

/// The acknowledgement of the commit is lost, or not given. Then the dump is killed and the replica
/// comes back.
#[test]
fn a_commit_that_waits_goes_on_after_its_dump_was_killed() {
    let pair = Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .start_unlinked();
    let (source, replica) = (&pair.source, pair.replica());
    let proxy = Proxy::in_front_of(source.port()).expect("a proxy");
    for (what, n) in transports().into_iter().zip(1..) {
        replica.execute("STOP REPLICA");
        replica.replicate_from(source, &what.link().port(proxy.port()));
        pair.wait_clients();
        source.insert(0);
        for wait_point in source.dialect().wait_points() {
            source.set_wait_point(wait_point);
            replica.wait_applied(source);

            proxy.swallow_acknowledgements();
            let lost = Waiting::insert(source, n);
            eventually(PATIENCE, "the row on the replica", || {
                replica.count_rows(Some(n)) == 1
            });
            kill(source, new_dump(source, &[], 0));
            let healed = lost.done_within(HEALED);
            println!("{what}, {wait_point}, acknowledgement lost: {healed:?} in all");

            pair.wait_clients();
            let dump = new_dump(source, &[], 0);
            replica.freeze();
            let frozen = Waiting::insert(source, -n);
            kill(source, dump);
            source.wait_status("clients", "0");
            assert!(!frozen.is_over(), "{what}: nobody has acknowledged");
            replica.thaw();
            let healed = frozen.done_within(HEALED);
            println!("{what}, {wait_point}, replica frozen: {healed:?} in all");
            pair.wait_clients();
            replica.execute(&format!("DELETE FROM {TABLE}"));
        }
    }
    assert_eq!(source.counter("no_tx"), 0);
    assert_eq!(source.counter("no_times"), 0);
}

/// What an asynchronous client of the binary log has taken so far.
struct Taker {
    process: Child,
    file: std::path::PathBuf,
}

impl Taker {
    /// `mysqlbinlog --stop-never`, which writes files of the source's own format. `None`: the
    /// server comes without it.
    fn start(source: &Server) -> Option<Taker> {
        let program = server_dir_of(source.dialect().series()).join("bin/mysqlbinlog");
        if !program.exists() {
            not_applicable("it comes without mysqlbinlog; tried with a replica alone");
            return None;
        }
        let dir = source.data_dir().with_file_name("taken");
        fs::create_dir(&dir).expect("a directory");
        let first = source.value("SHOW BINARY LOGS");
        let mut command = Command::new(program);
        command
            .args(["--no-defaults", "--read-from-remote-server", "--raw"])
            .args(["--stop-never", "--connection-server-id=77", "--user=root"])
            .arg(format!("--socket={}", source.socket().display()))
            .arg(format!("--result-file={}/", dir.display()))
            .arg(&first)
            .stdin(Stdio::null());
        let process = process::spawn(command).expect("bin/mysqlbinlog");
        Some(Taker {
            process,
            file: dir.join(first),
        })
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        // The program never ends by itself. An error means that it is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn asynchronous_dumps_beside_killed_ones_go_on() {
    // One replica is semi-sync, the other is not.
    let names = Names::newest();
    let pair = Topology::new(names)
        .set("timeout", A_DAY_MS)
        .replicas(2)
        .start_unlinked();
    let (source, replica, asynchronous) = (&pair.source, &pair.replicas[0], &pair.replicas[1]);
    asynchronous.set_replica("enabled", "OFF");
    asynchronous.replicate_from(source, &Link::default());
    let mut taker = Taker::start(source);
    let expected = 1 + usize::from(taker.is_some());
    wait_for(PATIENCE, "the asynchronous dumps", || {
        let dumps = source.dumps();
        if dumps.len() == expected {
            Ok(())
        } else {
            Err(format!("{dumps:?}"))
        }
    });
    let asynchronous_dumps = source.dumps();
    replica.replicate_from(source, &Link::default());
    source.wait_status("clients", "1");

    let load = Load::paced(source, 4, Duration::from_millis(1), |_| {
        format!("INSERT INTO {TABLE} (n) VALUES (1)")
    });
    let killed = kill_again_and_again(&pair, &load, &asynchronous_dumps, 50);
    println!("{killed} of 50 dumps killed");
    source.wait_status("clients", "1");
    load.finish_clean();

    let dumps = source.dumps();
    assert!(
        asynchronous_dumps.iter().all(|dump| dumps.contains(dump)),
        "{asynchronous_dumps:?} before, {dumps:?} now"
    );
    assert_eq!(source.counter("no_tx"), 0);
    replica.assert_same_rows(source);
    asynchronous.assert_same_rows(source);
    let Some(taker) = &mut taker else {
        return;
    };
    // Every byte, once the server has closed the file.
    source.execute("FLUSH BINARY LOGS");
    let original = source
        .data_dir()
        .join(taker.file.file_name().expect("a name"));
    let original = fs::read(original).expect("a binary log");
    wait_for(PATIENCE, "the same file from mysqlbinlog", || {
        let taken = fs::read(&taker.file).unwrap_or_default();
        if taken == original {
            Ok(())
        } else {
            Err(format!("{} of {} bytes", taken.len(), original.len()))
        }
    });
    let ended = taker.process.try_wait().expect("a child can be asked");
    assert!(ended.is_none(), "mysqlbinlog ended: {ended:?}");
}

/// A server thread serves a semi-sync dump, then an asynchronous one, then queries and commits.
#[test]
fn a_thread_that_served_a_dump_serves_others() {
    let pair = Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .source_option("thread_cache_size=0")
        .replicas(2)
        .start_unlinked();
    let (source, replica, steady) = (&pair.source, &pair.replicas[0], &pair.replicas[1]);
    // The number of the thread that serves a connection; where the server does not tell it, how
    // many threads the server has ever made.
    let thread_of = |connection: u32| {
        if !source.dialect().has_thread_os_id() {
            return source.global_status("Threads_created");
        }
        source.value(&format!(
            "SELECT THREAD_OS_ID FROM performance_schema.threads \
             WHERE PROCESSLIST_ID = {connection}"
        ))
    };
    steady.replicate_from(source, &Link::default());
    source.wait_status("clients", "1");
    let steady_dump = new_dump(source, &[], 0);
    let cached = |expected: &str| {
        eventually(PATIENCE, "the thread waits for its next connection", || {
            source.global_status("Threads_cached") == expected
        });
    };
    // The server learns that a replica has gone when it writes to it.
    let stop_replica = || {
        replica.execute("STOP REPLICA IO_THREAD");
        eventually(PATIENCE, "the dump has ended", || {
            source.insert(0);
            source.dumps().len() == 1
        });
    };
    // A replica that is told to stop may connect once more before it does. Then the thread of that
    // connection waits for the next one, and the round is repeated.
    let connections = || source.global_status("Connections");
    let mut disturbed = 0;
    replica.point_to(source, &Link::default());
    let mut rounds = vec![false, true, false, true];
    while let Some(killed) = rounds.pop() {
        replica.set_replica("enabled", "ON");
        replica.execute("START REPLICA");
        source.wait_status("clients", "2");
        let dump = new_dump(source, &[steady_dump], 0);
        let thread = thread_of(dump);
        let connected = connections();
        let mut again = || {
            disturbed += 1;
            assert!(disturbed < 20, "stopped replicas connect again and again");
            rounds.push(killed);
        };
        source.insert(1);
        // From now on one thread waits for connections, and it is this one: the threads of the
        // connections before are gone.
        source.execute("SET GLOBAL thread_cache_size = 1");

        replica.set_replica("enabled", "OFF");
        if killed {
            // The replica is frozen, so that it does not come back before the thread waits for it.
            replica.freeze();
            kill(source, dump);
            cached("1");
            replica.thaw();
        } else {
            stop_replica();
            cached("1");
            if connections() != connected {
                again();
                continue;
            }
            replica.execute("START REPLICA IO_THREAD");
        }
        let dump = new_dump(source, &[steady_dump], dump);
        assert_eq!(thread_of(dump), thread, "the thread was used again");
        source.insert(2);
        replica.wait_applied(source);
        assert_eq!(source.status("clients"), "1");
        let connected = connections();
        stop_replica();
        cached("1");
        if connections() != connected {
            again();
            continue;
        }

        let mut conn = source.conn();
        assert_eq!(thread_of(conn.connection_id()), thread);
        let before = source.counter("yes_tx");
        for n in 0..20 {
            let sql = format!("INSERT INTO {TABLE} (n, body) VALUES ({n}, REPEAT('x', 100000))");
            conn.query_drop(sql).expect("a commit");
        }
        assert_eq!(source.counter("yes_tx"), before + 20);
        let answer: Option<String> = conn
            .query_first("SELECT REPEAT('y', 1000000)")
            .expect("an answer");
        assert_eq!(answer.as_deref(), Some("y".repeat(1_000_000).as_str()));
        drop(conn);
        cached("1");
    }
    assert_eq!(source.counter("no_tx"), 0);
    source.stop();
}
