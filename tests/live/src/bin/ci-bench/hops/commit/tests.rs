//! A commit with each way in which its acknowledgement can be read.

use super::*;
use crate::hops::cast::Server;

const CLIENT: Tid = 1;
const SESSION: Tid = 2;
const DUMP: Tid = 3;
const READER: Tid = 4;
const RECEIVER: Tid = 5;
const SOCKET: u64 = 10;
const LOG: u64 = 11;

fn cast() -> Cast {
    Cast {
        client: CLIENT,
        session: SESSION,
        dump: DUMP,
        receiver: RECEIVER,
        source: Server::with(&[SESSION, DUMP, READER], SOCKET, LOG),
        replica: Server::with(&[RECEIVER], SOCKET, LOG),
    }
}

fn begins(thread: Tid, call: libc::c_long, fd: u64) -> Kind {
    Kind::Enter { thread, call, fd }
}

fn sends_to(thread: Tid, fd: u64) -> Kind {
    begins(thread, libc::SYS_sendto, fd)
}

fn answers(thread: Tid, call: libc::c_long) -> Kind {
    let result = 26;
    Kind::Exit {
        thread,
        call,
        result,
    }
}

fn wakes(waker: Tid, thread: Tid) -> Kind {
    Kind::Waking { waker, thread }
}

fn turns(from: Tid, to: Tid) -> Kind {
    let sleeps = true;
    Kind::Switch { from, sleeps, to }
}

/// One commit, an event every microsecond, with `reply` after the acknowledgement has left.
fn commit_with(reply: &[Kind]) -> Vec<Commit> {
    let mut kinds = vec![
        sends_to(CLIENT, SOCKET),
        turns(CLIENT, SESSION),
        begins(SESSION, libc::SYS_write, LOG),
        answers(SESSION, libc::SYS_write),
        wakes(SESSION, DUMP),
        turns(0, DUMP),
        sends_to(DUMP, SOCKET),
        wakes(DUMP, RECEIVER),
        turns(SESSION, RECEIVER),
        begins(RECEIVER, libc::SYS_write, LOG),
        answers(RECEIVER, libc::SYS_write),
        sends_to(RECEIVER, SOCKET),
    ];
    kinds.extend(reply);
    kinds.extend([
        sends_to(SESSION, SOCKET),
        answers(CLIENT, libc::SYS_recvfrom),
    ]);
    // The first and the last question bound what is looked at.
    let mut all = vec![sends_to(CLIENT, SOCKET)];
    all.extend(kinds);
    all.push(sends_to(CLIENT, SOCKET));
    let events = (0..).zip(all).map(|(at, kind)| Event { at, kind });
    commits(&events.collect::<Vec<_>>(), &cast(), true)
}

#[test]
fn a_thread_that_reads_hands_on_to_the_session() {
    let found = commit_with(&[
        wakes(RECEIVER, READER),
        turns(0, READER),
        begins(READER, libc::SYS_recvfrom, SOCKET),
        answers(READER, libc::SYS_recvfrom),
        wakes(READER, SESSION),
        turns(READER, SESSION),
    ]);
    let [commit] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert!(!commit.session_reads);
    assert_eq!(commit.at(SessionSleeps), Some(8));
    let hops = commit.hops(&CHAIN);
    assert_eq!(hops, [1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1, 1]);
    assert_eq!(commit.at(Told), Some(hops.iter().sum()));
}

#[test]
fn a_session_that_reads_is_handed_nothing() {
    let found = commit_with(&[
        wakes(RECEIVER, SESSION),
        turns(0, SESSION),
        begins(SESSION, libc::SYS_recvfrom, SOCKET),
        answers(SESSION, libc::SYS_recvfrom),
    ]);
    let [commit] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert!(commit.session_reads);
    assert_eq!(commit.at(ReaderWoken), Some(12));
    assert_eq!(
        (commit.at(SessionWoken), commit.at(SessionGoesOn)),
        (None, None)
    );
    assert_eq!(commit.at(Told), Some(commit.hops(&CHAIN).iter().sum()));
}

#[test]
fn a_session_that_never_slept_finds_the_acknowledgement_by_itself() {
    let found = commit_with(&[
        begins(SESSION, libc::SYS_recvfrom, SOCKET),
        answers(SESSION, libc::SYS_recvfrom),
    ]);
    let [commit] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert!(commit.session_reads);
    assert_eq!(commit.at(ReaderWoken), None);
    assert_eq!(commit.at(ReaderRuns), Some(12));
}
