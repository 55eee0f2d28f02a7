//! Acknowledgements that nobody reads: our replica sends none to a source that has semi-sync
//! disabled. Where they pile up all the same, replication goes on.
//!
//! A proxy between replica and source counts what the replica says, or stops reading it.

use std::time::Duration;

use semisync_live_tests::pair::{Builder, TABLE};
use semisync_live_tests::process::connection_to;
use semisync_live_tests::proxy::{Direction, Proxy};
use semisync_live_tests::{
    Dialect, Libraries, Link, Load, Names, PATIENCE, Topology, Transport, eventually, needs,
    wait_while_it_moves,
};
use socket2::SockRef;

/// More than a connection holds whose buffers do not grow.
const UNREAD: u64 = 4000;
/// A base name so long that an acknowledgement has about a hundred bytes.
const LONG_BASE: &str =
    "log-bin=binary-log-of-a-server-whose-owner-likes-names-that-say-a-lot-about-it";

struct Listening {
    pair: Topology,
    proxy: Proxy,
}

impl Listening {
    /// Starts the servers and links them over a proxy, with heartbeats ten times a second.
    fn of(builder: Builder) -> Listening {
        let pair = builder.start_unlinked();
        let proxy = Proxy::in_front_of(pair.source.port()).expect("a proxy");
        let link = Link::default().port(proxy.port()).heartbeat("0.1");
        pair.replica().replicate_from(&pair.source, &link);
        pair.source.insert(0);
        pair.replica().wait_applied(&pair.source);
        Listening { pair, proxy }
    }

    /// How many bytes the replica says to its source in so many rounds. A round is a commit and the
    /// heartbeats behind it.
    fn said_in(&self, rounds: i64) -> u64 {
        let (source, replica) = (&self.pair.source, self.pair.replica());
        self.proxy.swallow_acknowledgements();
        let before = self.proxy.swallowed();
        for n in 0..rounds {
            source.insert(n);
            replica.wait_applied(source);
            // When the second heartbeat is counted, the first has been dealt with.
            let seen = replica.heartbeats();
            eventually(PATIENCE, "two heartbeats", || {
                replica.heartbeats() > seen + 1
            });
        }
        assert_eq!(self.proxy.accepted(), 1, "the replica connected again");
        self.proxy.swallowed() - before
    }
}

#[test]
fn a_source_that_is_disabled_gets_no_acknowledgement() {
    let listening = Listening::of(Topology::new(Names::newest()).set("enabled", "0"));
    assert_eq!(listening.said_in(10), 0);
}

#[test]
fn a_source_that_was_switched_off_gets_no_acknowledgement_any_more() {
    let listening = Listening::of(Topology::new(Names::newest()));
    let source = &listening.pair.source;
    listening.pair.wait_clients();
    source.set_source("enabled", "0");
    source.insert(1);
    listening.pair.replica().wait_applied(source);
    assert_eq!(listening.said_in(10), 0);
}

/// Stock's source does not tell that it was switched off, and nobody reads what it gets then.
#[test]
fn a_source_that_was_switched_off_unseen_gets_few_acknowledgements() {
    needs!(Dialect::of_run().has_stock(), "it comes without plugins");
    needs!(Libraries::are_ours(), "the test is of our libraries");
    let builder = Topology::new(Names::of_stock()).source_libraries(Libraries::Stock);
    let listening = Listening::of(builder);
    let source = &listening.pair.source;
    listening.pair.wait_clients();
    source.set_source("enabled", "0");
    let (file, _) = source.binlog_position();
    let acknowledgement = 4 + 9 + file.len() as u64;
    let said = listening.said_in(20);
    println!("said unasked: {} acknowledgements", said / acknowledgement);
    assert!(said <= 8 * acknowledgement, "{said} bytes");
}

#[test]
fn where_acknowledgements_pile_up_replication_goes_on() {
    let builder = Topology::new(Names::newest())
        .source_option(LONG_BASE)
        .set("timeout", "1")
        // Whoever waits for the source to read waits for an hour.
        .replica_option("loose-replica-net-timeout=3600")
        .replica_option("loose-slave-net-timeout=3600");
    let pair = builder.start_unlinked();
    let tried = [
        Transport::Plain,
        Transport::Zlib,
        Transport::Tls,
        Transport::TlsZlib,
    ];
    for what in Transport::semi_sync_among(&tried) {
        pile_up_over(&pair, what);
    }
}

fn pile_up_over(pair: &Topology, what: Transport) {
    let (source, replica) = (&pair.source, pair.replica());
    let proxy = Proxy::narrow_in_front_of(source.port()).expect("a proxy");
    replica.execute("STOP REPLICA");
    let mark = replica.log_mark();
    replica.replicate_from(source, &what.link().port(proxy.port()));
    pair.wait_clients();
    source.insert(0);
    replica.wait_applied(source);

    // The kernel does not enlarge a send buffer whose size was set.
    let connection = connection_to(replica.pid(), proxy.port()).expect("the replica's connection");
    let socket = SockRef::from(&connection);
    socket.set_send_buffer_size(4096).expect("a small buffer");
    proxy.stall(Direction::ToSource);
    let before = source.counter("net_waits");
    // The source asks for acknowledgements while the replica is not behind.
    let load = Load::paced(source, 1, Duration::from_micros(200), |_| {
        format!("INSERT INTO {TABLE} (n) VALUES (1)")
    });
    wait_while_it_moves(&format!("{what}: {UNREAD} requests"), || {
        match source.counter("net_waits") - before {
            asked if asked >= UNREAD => Ok(()),
            asked => Err(asked.to_string()),
        }
    });
    load.finish_clean();
    replica.wait_applied(source);
    assert_eq!(proxy.accepted(), 1, "{what}: the replica connected again");
    let log = replica.log_since(mark);
    let named = |line: &&str| line.contains("does not read acknowledgements");
    let told: Vec<&str> = log.lines().filter(named).collect();
    assert_eq!(told.len(), 1, "{what}:\n{log}");
    assert!(
        told[0].contains(&format!("127.0.0.1:{}", proxy.port())),
        "{}",
        told[0]
    );

    // The source reads again: the next request is answered.
    proxy.pass();
    eventually(PATIENCE, "semi-sync is on again", || {
        source.insert(2);
        source.status("status") == "ON"
    });
    source.set_source("timeout", "20000");
    let confirmed = source.counter("yes_tx");
    source.insert(3);
    assert_eq!(source.counter("yes_tx"), confirmed + 1, "{what}");
    source.set_source("timeout", "1");
    assert_eq!(proxy.accepted(), 1, "{what}: the replica connected again");
}
