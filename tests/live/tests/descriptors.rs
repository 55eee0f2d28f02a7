//! A source whose descriptors run out. It lives, says what it cannot do, confirms nothing that no
//! replica has, and all is well once there are descriptors again.
//!
//! They lack for a moment only. The server itself aborts where it cannot open a file of InnoDB's or
//! begin a log, whatever plugins do. (What the libraries do when one certain call fails is in
//! `asking.rs`, by failpoints.)

use std::time::Duration;

use semisync_live_tests::fake_replica::{Announce, FakeReplica};
use semisync_live_tests::process::FewDescriptors;
use semisync_live_tests::{Libraries, Names, PATIENCE, Server, eventually, needs};

/// A dump needs about four: the file that the server reads, for a moment twice, the index, ours.
const ENOUGH: usize = 8;
const SOON: Duration = Duration::from_millis(500);

fn source() -> Server {
    Server::lone_source(Names::newest(), "100")
}

/// A replica that answers confirms a commit.
fn all_is_well_again(source: &Server) {
    let mut fake = FakeReplica::at_the_end(source, 50);
    source.wait_status("clients", "1");
    eventually(PATIENCE, "a commit is confirmed", || {
        let before = source.counter("yes_tx");
        source.insert_while(|| {
            fake.answer();
        });
        source.counter("yes_tx") > before && source.status("status") == "ON"
    });
    fake.close();
    source.end_dumps();
}

#[test]
fn a_dump_without_descriptors_confirms_nothing_and_the_source_comes_back() {
    let source = source();
    let mut served = Vec::new();
    for free in 0..=ENOUGH {
        let mut fake = FakeReplica::connect(&source, 77).expect("a connection");
        fake.prepare(Announce::Both).expect("it announces itself");
        let newest = source.newest();
        let mark = source.log_mark();
        let few = FewDescriptors::left(source.pid(), free);
        fake.dump(&newest).expect("the request is sent");
        // With enough of them it is served, however long that takes.
        let at_most = if free == ENOUGH { PATIENCE } else { SOON };
        let is_served = matches!(fake.next_event(at_most), Ok(Some(_)));
        drop(few);
        // This replica acknowledges nothing, whatever the source thinks of it.
        let confirmed = source.counter("yes_tx");
        source.insert(1);
        assert_eq!(source.counter("yes_tx"), confirmed, "{free} left");
        let log = source.log_since(mark);
        let asynchronously = log.matches("is served asynchronously").count();
        println!("{free} left: served {is_served}, asynchronously {asynchronously}");
        assert!(asynchronously <= 1, "{log}");
        served.push(is_served);
        fake.close();
        source.end_dumps();
        all_is_well_again(&source);
    }
    // The limit is one, and the last one is none.
    assert_eq!((served[0], served[ENOUGH]), (false, true), "{served:?}");
}

/// Without `epoll` and `eventfd` nobody would read acknowledgements.
#[test]
fn semi_sync_is_not_enabled_without_descriptors() {
    needs!(
        Libraries::are_ours(),
        "stock opens its first descriptor later"
    );
    let source = source();
    for free in 0..2 {
        source.set_source("enabled", "0");
        let mark = source.log_mark();
        let enabled = source.names().source_var("enabled");
        let few = FewDescriptors::left(source.pid(), free);
        let _says_why = source.try_rows(&format!("SET GLOBAL {enabled} = 1"));
        drop(few);
        assert_eq!(source.variable(&enabled), "0", "{free} left");
        source.insert(1);
        assert_eq!(source.status("status"), "OFF");
        let log = source.log_since(mark);
        let why = "Failed to start semi-sync ACK receiver thread";
        assert_eq!(log.matches(why).count(), 1, "{log}");
        source.set_source("enabled", "1");
        all_is_well_again(&source);
    }
}
