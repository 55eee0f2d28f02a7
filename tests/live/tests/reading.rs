//! The tables of `performance_schema` are read while things happen: commits, an open transaction that
//! has read them, UNINSTALL, RESET, KILL, a shutdown.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use semisync_live_tests::pair::TABLE;
use semisync_live_tests::process::resident_kib;
use semisync_live_tests::tables::{HISTOGRAM, NO_TABLES, OF_SOURCE};
use semisync_live_tests::{
    A_DAY_MS, Dialect, Load, Names, PATIENCE, Server, Topology, eventually, needs,
};

/// `ER_NO_SUCH_TABLE`
const NO_SUCH_TABLE: u16 = 1146;
/// `ER_SERVER_SHUTDOWN`
const SHUTDOWN: u16 = 1053;

/// The transaction keeps the table's metadata lock.
#[test]
fn an_open_transaction_that_has_read_a_table_holds_up_no_uninstall() {
    needs!(Dialect::of_run().has_tables(), NO_TABLES);
    let names = Names::newest();
    let server = Server::lone_source(names, "1");
    let count = format!("SELECT COUNT(*) FROM {HISTOGRAM}");
    let wait_in_vain = || {
        server.insert(1);
        eventually(PATIENCE, "a row", || server.value(&count) == "1");
    };
    wait_in_vain();
    let mut reader = server.conn();
    let mut read = |sql: &str| {
        let rows = semisync_live_tests::sql::rows_of(&mut reader, sql);
        rows.unwrap_or_else(|e| panic!("{sql}: {e}"))
    };
    for comes_back in [false, true] {
        let mark = server.log_mark();
        read("BEGIN");
        assert_eq!(read(&count)[0], ["1"]);
        let uninstall = format!("UNINSTALL PLUGIN {}", names.source_plugin());
        assert_eq!(server.warnings(&uninstall), []);
        assert!(!server.has_plugin(&names.source_plugin()));
        let line = server.wait_log_since(mark, "replication_semisync_wait_histogram");
        assert!(line.contains("[Note]"), "{line}");
        assert_eq!(read(&count)[0], ["0"], "it is left without rows");
        assert_eq!(server.value(&count), "0");
        if comes_back {
            assert_eq!(server.warnings(&names.install_source()), []);
            wait_in_vain();
            assert_eq!(read(&count)[0], ["1"], "it has rows again");
            read("COMMIT");
        } else {
            read("COMMIT");
            assert_eq!(server.value(&count), "0");
            assert_eq!(server.warnings(&names.install_source()), []);
            wait_in_vain();
        }
    }
    server.uninstall(&names.source_plugin());
    let (code, _) = server.error(&count);
    assert_eq!(code, NO_SUCH_TABLE);
    server.stop();
}

/// Sessions that read all tables again and again.
struct Readers<'s> {
    server: &'s Server,
    stop: AtomicBool,
    read: AtomicU64,
}

impl<'s> Readers<'s> {
    const NUMBER: usize = 8;

    fn of(server: &'s Server) -> Readers<'s> {
        Readers {
            server,
            stop: AtomicBool::new(false),
            read: AtomicU64::new(0),
        }
    }

    /// Reads while `meanwhile` runs.
    fn during<R>(&self, meanwhile: impl FnOnce() -> R) -> R {
        thread::scope(|scope| {
            for number in 0..Self::NUMBER {
                scope.spawn(move || self.read(number));
            }
            let result = meanwhile();
            self.stop.store(true, Ordering::Relaxed);
            result
        })
    }

    /// Until it is told to stop. A server that is gone, and a table that is gone, are no error.
    fn read(&self, number: usize) {
        let mut conn = None;
        let mut turn = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let Some(open) = conn.as_mut() else {
                conn = mysql::Conn::new(
                    mysql::OptsBuilder::new()
                        .socket(Some(self.server.socket().display().to_string()))
                        .user(Some("root")),
                )
                .ok();
                thread::sleep(Duration::from_millis(5));
                continue;
            };
            let table = OF_SOURCE[(number + turn) % 3];
            let sql = format!("SELECT * FROM {table} ORDER BY 1");
            turn += 1;
            match semisync_live_tests::sql::rows_of(open, &sql) {
                Ok(_) => {
                    self.read.fetch_add(1, Ordering::Relaxed);
                }
                Err(mysql::Error::MySqlError(e)) if e.code == NO_SUCH_TABLE => {}
                Err(mysql::Error::MySqlError(e)) if e.code == SHUTDOWN => conn = None,
                Err(mysql::Error::MySqlError(e)) => panic!("{sql}: {e:?}"),
                Err(_) => conn = None,
            }
        }
    }

    fn wait_progress(&self) {
        let before = self.read.load(Ordering::Relaxed);
        eventually(PATIENCE, "the tables are read", || {
            self.read.load(Ordering::Relaxed) > before + 100
        });
    }
}

/// Longer than any commit of a loaded machine takes, and far below the timeout.
const STALL: Duration = Duration::from_secs(20);

#[test]
fn readers_stall_no_commit_and_leave_no_memory_behind() {
    needs!(Dialect::of_run().has_tables(), NO_TABLES);
    let pair = Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .start();
    let source = &pair.source;
    let readers = Readers::of(source);
    readers.during(|| {
        let load = Load::start(source, 4);
        load.wait_progress(200);
        readers.wait_progress();
        let before = resident_kib(source.pid());
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(10) {
            load.wait_progress(50);
            readers.wait_progress();
        }
        let after = resident_kib(source.pid());
        let summary = load.finish_clean();
        assert!(summary.slowest < STALL, "{summary:?}");
        println!(
            "{} commits, slowest {:?}, {} reads, {before} and {after} KiB",
            summary.committed,
            summary.slowest,
            readers.read.load(Ordering::Relaxed)
        );
        // Of thousands of reads each takes a hundred KiB.
        assert!(after < before + 64 * 1024, "{before} and {after} KiB");
    });
    assert_eq!(source.status("no_tx"), "0");
    source.stop();
    pair.replica().stop();
}

#[test]
fn readers_survive_all_that_happens_to_the_plugin() {
    needs!(Dialect::of_run().has_tables(), NO_TABLES);
    let names = Names::newest();
    let pair = Topology::new(names).set("timeout", "2000").start();
    let (source, server) = (&pair.source, pair.replica());
    let readers = Readers::of(source);
    readers.during(|| {
        // The replica's connection is killed.
        let load = Load::start(source, 2);
        for _ in 0..5 {
            if let Some(dump) = source.dumps().first() {
                source.execute(&format!("KILL {dump}"));
            }
            load.wait_progress(20);
            readers.wait_progress();
        }
        // Semi-sync is switched off and on.
        for value in ["OFF", "ON", "OFF", "ON"] {
            source.set_source("enabled", value);
            readers.wait_progress();
        }
        load.finish_clean();
        // The log begins anew.
        server.script("STOP REPLICA;\nRESET BINARY LOGS AND GTIDS;");
        for n in 0..3 {
            source.execute("RESET BINARY LOGS AND GTIDS");
            source.execute(&format!("INSERT INTO {TABLE} (n) VALUES ({n})"));
            readers.wait_progress();
        }
        // The plugin goes and comes.
        eventually(PATIENCE, "no dump is left", || {
            source.execute(&format!("INSERT INTO {TABLE} (n) VALUES (9)"));
            source.dumps().is_empty()
        });
        let mut left = 0;
        for _ in 0..10 {
            let mark = source.log_mark();
            source.uninstall(&names.source_plugin());
            left += usize::from(source.log_since(mark).contains("left without rows"));
            source.execute(&names.install_source());
            readers.wait_progress();
        }
        println!("{left} of 10 times a table was left");
        // A shutdown.
        source.stop();
        source.start_again();
        readers.wait_progress();
    });
    source.stop();
    server.stop();
}
