//! Plain TCP, TLS and compressed replication connections: the same guarantees over each of them.
//!
//! Every commit under load is confirmed, the replica ends up with the same rows, and
//! acknowledgements are read while the sender is blocked in a write.

use std::thread;
use std::time::{Duration, Instant};

use semisync_live_tests::pair::{Builder, TABLE};
use semisync_live_tests::proxy::{Direction, Proxy};
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Link, Load, Names, Topology, Transport, needs,
};

/// How many dumps more than with stock's source a replica may ask for.
const A_HANDFUL: usize = 10;
/// A base name so long that an acknowledgement is worth compressing.
const LONG_BASE: &str = "binary-log-of-a-server-whose-owner-likes-names-that-say-a-lot";

/// All of them over which this series is semi-sync.
fn transports() -> Vec<Transport> {
    Transport::semi_sync_among(&Transport::ALL)
}

/// A plain one, an encrypted one, a compressed one.
fn three_transports() -> Vec<Transport> {
    Transport::semi_sync_among(&[Transport::Plain, Transport::Tls, Transport::Zlib])
}

/// What the connection is made of, as the replica tells it.
fn in_use(pair: &Topology) -> String {
    let replica = pair.replica();
    if !replica.dialect().has_compression_algorithms() {
        let compressed = replica.variable("slave_compressed_protocol");
        let columns = replica.replica_columns().expect("a replica");
        return format!(
            "compressed {compressed}, TLS {}",
            columns["Source_SSL_Allowed"]
        );
    }
    let algorithms = "SELECT COMPRESSION_ALGORITHM, SSL_ALLOWED \
                      FROM performance_schema.replication_connection_configuration";
    replica.rows(algorithms).concat().join(", TLS ")
}

/// Relinks over the transport and puts it under load.
fn load_over(
    pair: &Topology,
    what: &str,
    link: &Link,
    writers: usize,
    seconds: u64,
    statement: &str,
) {
    let source = &pair.source;
    pair.replica().execute("STOP REPLICA");
    pair.replica().replicate_from(source, link);
    pair.wait_clients();
    source.wait_status("status", "ON");
    let (yes_tx, no_tx) = (source.counter("yes_tx"), source.counter("no_tx"));
    let statement = statement.to_owned();
    let load = Load::with(source, writers, move |_| statement.clone());
    thread::sleep(Duration::from_secs(seconds));
    let seen = load.finish_clean();
    let confirmed = source.counter("yes_tx") - yes_tx;
    println!(
        "{what} ({}): {} commits, the slowest in {:.1} ms",
        in_use(pair),
        seen.committed,
        seen.slowest.as_secs_f64() * 1e3
    );
    assert_eq!(
        source.counter("no_tx"),
        no_tx,
        "{what}: commits went on unconfirmed"
    );
    // Sessions that commit as a group wait once.
    assert!(
        confirmed > 0 && confirmed <= seen.committed,
        "{what}: {confirmed} of {} were confirmed",
        seen.committed
    );
    // Stock counts the connection before this one for a while longer.
    if !source.has_stock_libraries() {
        source.wait_status("clients", "1");
    }
    pair.replica().assert_same_rows(source);
}

fn one_row() -> String {
    format!("INSERT INTO {TABLE} (n) VALUES (1)")
}

#[test]
fn every_transport_confirms_every_commit() {
    for names in Names::available() {
        let pair = Topology::new(*names).set("timeout", A_DAY_MS).start();
        for what in transports() {
            load_over(&pair, &what.to_string(), &what.link(), 8, 2, &one_row());
        }
    }
}

/// Our source with the replica plugin of the server, and the other way round.
#[test]
fn every_transport_works_with_stock_at_the_other_end() {
    needs!(
        Dialect::of_run().has_stock(),
        "it comes without plugins of its own"
    );
    needs!(Libraries::are_ours(), "both ends are stock's");
    for side in ["source", "replica"] {
        let builder = Topology::new(Names::of_stock()).set("timeout", A_DAY_MS);
        let pair = match side {
            "source" => builder.source_libraries(Libraries::Stock),
            _ => builder.replica_libraries(Libraries::Stock),
        };
        let pair = pair.start();
        for what in transports() {
            let link = what.link();
            let what = format!("stock's {side}, {what}");
            load_over(&pair, &what, &link, 8, 1, &one_row());
        }
    }
}

/// Three transactions to stock's replica over compression. Returns how often the replica asked for
/// a dump until it had them.
fn dumps_until_it_has_three(names: Names, link: &Link, libraries: Libraries) -> usize {
    let pair = Topology::new(names)
        .set("timeout", "5000")
        .source_libraries(libraries)
        .replica_libraries(Libraries::Stock)
        .start_unlinked();
    let (source, replica) = (&pair.source, pair.replica());
    let mark = source.log_mark();
    replica.replicate_from(source, link);
    pair.wait_clients();
    for n in 1..=3 {
        source.insert(n);
    }
    replica.assert_same_rows(source);
    source.wait_status("status", "ON");
    let log = source.log_since(mark);
    log.lines()
        .filter(|line| line.contains(" binlog_dump to ") && line.contains("Start "))
        .count()
}

/// Stock's replica of 5.7 and before loses a compressed connection with each acknowledgement that
/// it sends. Still it gets on, if only what is new to it asks it.
#[test]
fn a_replica_of_stocks_gets_on_over_compression_as_with_stocks_source() {
    let dialect = Dialect::of_run();
    needs!(dialect.has_stock(), "it comes without plugins of its own");
    needs!(Libraries::are_ours(), "the test compares ours with them");
    let compressed = Transport::semi_sync_among(&[Transport::Zlib, Transport::Zstd]);
    for (names, what) in dialect
        .stock_names()
        .iter()
        .flat_map(|names| compressed.iter().map(move |what| (*names, *what)))
    {
        for link in [what.link(), what.link().by_file_position()] {
            let stock = dumps_until_it_has_three(names, &link, Libraries::Stock);
            let ours = dumps_until_it_has_three(names, &link, Libraries::Ours);
            println!(
                "{names:?}, {what}, auto-position {}: {stock} dumps of stock's source, \
                 {ours} of ours",
                link.auto_position
            );
            assert!(
                ours <= stock + A_HANDFUL,
                "{ours} dumps, stock's source {stock}"
            );
        }
    }
}

/// Where TLS cannot be read without blocking: the log says so, and the replica gets everything.
#[test]
fn a_replica_over_unreadable_tls_is_served_asynchronously() {
    let dialect = Dialect::of_run();
    needs!(!dialect.acknowledges_over_tls(), "it is semi-sync over TLS");
    for names in Names::available() {
        let pair = Topology::new(*names).set("timeout", "500").start_unlinked();
        let (source, replica) = (&pair.source, pair.replica());
        replica.replicate_from(source, &Link::default().tls());
        let line = source.wait_log("is served asynchronously");
        assert!(line.contains("[Warning]"), "{line}");
        assert!(line.contains("(server_id: 2)"), "{line}");
        // The next line about the same dump says the same.
        source.wait_log(
            &dialect.log_line("Start asynchronous binlog_dump to replica (server_id: 2)"),
        );
        assert!(!source.log().contains("Start semi-sync binlog_dump"));
        source.insert(1);
        assert_eq!((source.counter("no_tx"), source.counter("yes_tx")), (1, 0));
        assert_eq!(source.status("clients"), "0");
        let load = Load::start(source, 8);
        load.wait_progress(500);
        load.finish_clean();
        assert_eq!(replica.receiver(), ("Yes".to_owned(), "0".to_owned()));
        replica.assert_same_rows(source);
        // Over another transport the replica counts at once.
        replica.execute("STOP REPLICA");
        replica.replicate_from(source, &Link::default());
        pair.wait_clients();
        source
            .wait_log(&dialect.log_line("Stop asynchronous binlog_dump to replica (server_id: 2)"));
        source.wait_status("status", "ON");
        let before = source.counter("yes_tx");
        source.insert(2);
        assert_eq!(source.counter("yes_tx"), before + 1);
    }
}

/// Acknowledgements of 80 bytes are really compressed, and the files change all the time.
#[test]
fn long_names_make_compressed_acknowledgements() {
    assert!(LONG_BASE.len() >= 60);
    let pair = Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .source_option(&format!("log-bin={LONG_BASE}"))
        .source_option("max-binlog-size=16K")
        .start();
    for what in transports() {
        load_over(&pair, &what.to_string(), &what.link(), 8, 1, &one_row());
    }
    let files = pair.source.rows("SHOW BINARY LOGS").len();
    assert!(files > 5, "only {files} files were written");
}

/// Each transaction comes as one compressed payload event.
#[test]
fn compressed_transactions_are_confirmed() {
    needs!(
        Dialect::of_run().has_transaction_compression(),
        "it compresses no transactions"
    );
    let pair = Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .source_option("binlog-transaction-compression=ON")
        .start();
    let sql = format!("INSERT INTO {TABLE} (body) VALUES (REPEAT('compress me ', 2000))");
    for what in three_transports() {
        load_over(&pair, &what.to_string(), &what.link(), 8, 1, &sql);
    }
}

fn pair_for_big_rows() -> Builder {
    Topology::new(Names::newest())
        .set("timeout", A_DAY_MS)
        .configure_source(|config| config.big_rows(4))
        .configure_replica(|config| config.big_rows(4))
}

/// Rows of 1 to 4 MB: one side writes them over TLS while the other side's acknowledgements come
/// in.
#[test]
fn big_rows_over_tls_and_compression_are_confirmed() {
    let pair = pair_for_big_rows().start();
    let sql = format!(
        "INSERT INTO {TABLE} (body) VALUES (REPEAT(SHA2(RAND(), 256), \
         (1 + FLOOR(RAND() * 4)) << 14))"
    );
    for what in transports() {
        load_over(&pair, &what.to_string(), &what.link(), 4, 2, &sql);
        pair.source.execute(&format!("TRUNCATE TABLE {TABLE}"));
    }
}

/// The sender hangs in a write to a replica that reads in fits and starts. Acknowledgements are
/// still read.
#[test]
fn a_replica_that_reads_in_fits_and_starts_is_served() {
    let pair = pair_for_big_rows().start_unlinked();
    let source = &pair.source;
    let proxy = Proxy::in_front_of(source.port()).expect("a proxy");
    for what in three_transports() {
        pair.replica().execute("STOP REPLICA");
        pair.replica()
            .replicate_from(source, &what.link().port(proxy.port()));
        pair.wait_clients();
        let load = Load::with(source, 4, |_| {
            format!("INSERT INTO {TABLE} (body) VALUES (REPEAT(SHA2(RAND(), 256), 1 << 15))")
        });
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(3) {
            proxy.stall(Direction::ToReplica);
            thread::sleep(Duration::from_millis(150));
            proxy.pass();
            thread::sleep(Duration::from_millis(50));
            proxy.stall(Direction::ToSource);
            thread::sleep(Duration::from_millis(50));
            proxy.pass();
            thread::sleep(Duration::from_millis(20));
        }
        let seen = load.finish_clean();
        println!(
            "{what}, in fits and starts: {} commits, the slowest in {:?}",
            seen.committed, seen.slowest
        );
        assert_eq!(source.counter("no_tx"), 0, "{what}");
        assert_eq!(source.status("clients"), "1", "{what}");
        pair.replica().assert_same_rows(source);
        source.execute(&format!("TRUNCATE TABLE {TABLE}"));
    }
}
