//! Sessions that read tables while clients commit. Like clients, they stay connected between
//! slices.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Instant;

use mysql::Conn;
use mysql::prelude::Queryable;
use semisync_live_tests::Server;

use crate::load::Window;

/// Their threads end with this value.
pub struct Readers {
    orders: Vec<Sender<Window>>,
    reads: Receiver<u64>,
}

impl Readers {
    /// Connects `count` sessions to `source`, each of which reads the tables one after the other.
    pub fn connect(source: &Server, tables: &[&str], count: usize) -> Readers {
        let statement = |table: &&str| format!("SELECT * FROM {table}");
        let statements: Vec<String> = tables.iter().map(statement).collect();
        let (answer, reads) = channel();
        let mut readers = Readers {
            orders: Vec::new(),
            reads,
        };
        for _ in 0..count {
            let (order, orders) = channel();
            let (conn, answer, statements) = (source.conn(), answer.clone(), statements.clone());
            readers.orders.push(order);
            thread::spawn(move || reader(conn, &statements, &orders, &answer));
        }
        readers
    }

    /// Lets all read as fast as they are answered, until the window's end.
    pub fn begin(&self, window: Window) {
        for order in &self.orders {
            order.send(window).expect("a reader waits for orders");
        }
    }

    /// Waits for the end, and returns how many reads there were in a second.
    pub fn end(&self, window: Window) -> f64 {
        let of_one = |_| self.reads.recv().expect("a reader answers");
        let all: u64 = self.orders.iter().map(of_one).sum();
        all as f64 / window.length().as_secs_f64()
    }
}

fn reader(mut conn: Conn, statements: &[String], orders: &Receiver<Window>, answer: &Sender<u64>) {
    let mut next = statements.iter().cycle();
    for window in orders {
        let mut reads = 0;
        loop {
            let sql = next.next().expect("there are tables");
            let rows: Vec<mysql::Row> = conn.query(sql).expect("a read");
            drop(rows);
            let now = Instant::now();
            if now >= window.end {
                break;
            }
            reads += u64::from(now >= window.settled);
        }
        if answer.send(reads).is_err() {
            return;
        }
    }
}
