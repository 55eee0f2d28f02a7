//! Lists by key, to which transactions append: the workload of Jepsen's question.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use mysql::Conn;
use mysql::prelude::Queryable;
use semisync_live_tests::{Dice, Server, lock};

use crate::checker::{Lists, Op, Outcome, Txn};
use crate::clients::{CLIENTS, Work};

pub const TABLE: &str = "app.lists";
const KEYS: u64 = 6;
/// `ER_LOCK_WAIT_TIMEOUT` and `ER_LOCK_DEADLOCK`: nothing of the transaction is left, once it is
/// rolled back.
const ROLLED_BACK: [u16; 2] = [1205, 1213];

/// Makes the table, outside the binary log.
pub fn prepare(server: &Server) {
    let mut conn = server.conn();
    for sql in [
        "SET sql_log_bin = 0".to_owned(),
        format!("CREATE TABLE {TABLE} (k INT PRIMARY KEY, v LONGTEXT NOT NULL)"),
    ] {
        conn.query_drop(&sql)
            .unwrap_or_else(|e| panic!("{server}: {sql}: {e}"));
    }
}

/// The lists that a server has.
pub fn read_all(server: &Server) -> Lists {
    let rows = server.rows(&format!("SELECT k, v FROM {TABLE}"));
    let list = |row: &Vec<String>| (row[0].parse().expect("a key"), numbers(&row[1]));
    rows.iter().map(list).collect()
}

fn numbers(text: &str) -> Vec<u64> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts.map(|part| part.parse().expect("a number")).collect()
}

/// What all clients have seen.
#[derive(Clone)]
pub struct History {
    zero: Instant,
    txns: Arc<Mutex<Vec<Txn>>>,
}

impl History {
    pub fn new() -> History {
        History {
            zero: Instant::now(),
            txns: Arc::default(),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.zero.elapsed().as_nanos()).expect("a round is short")
    }

    pub fn read(&self) -> Vec<Txn> {
        lock(&self.txns).clone()
    }

    /// Transactions whose clients were told OK.
    pub fn told(&self) -> usize {
        let txns = lock(&self.txns);
        txns.iter().filter(|txn| txn.outcome == Outcome::Ok).count()
    }
}

/// A client: reads, appends, and transactions of both.
pub struct Appender {
    next: u64,
    dice: Dice,
    history: History,
}

impl Appender {
    pub fn all(seed: u64, history: &History) -> impl Iterator<Item = Appender> {
        (1..=CLIENTS).map(move |number| Appender {
            next: number * 1_000_000,
            dice: Dice::of(seed.wrapping_mul(37).wrapping_add(number)),
            history: history.clone(),
        })
    }

    fn key(&mut self) -> u32 {
        u32::try_from(self.dice.below(KEYS)).expect("a small key")
    }

    /// Does one more thing; in `done` is what is known of it.
    fn one(&mut self, conn: &mut Conn, key: u32, done: &mut Vec<Op>) -> mysql::Result<()> {
        if self.dice.below(2) == 0 {
            let sql = format!("SELECT v FROM {TABLE} WHERE k = {key}");
            let text: Option<String> = conn.query_first(sql)?;
            done.push(Op::Read(key, numbers(&text.unwrap_or_default())));
            return Ok(());
        }
        self.next += 1;
        let value = self.next;
        // It may be there whatever the answer is.
        done.push(Op::Append(key, value));
        conn.query_drop(format!(
            "INSERT INTO {TABLE} VALUES ({key}, '{value}') \
             ON DUPLICATE KEY UPDATE v = CONCAT(v, ',{value}')"
        ))
    }

    fn several(&mut self, conn: &mut Conn, done: &mut Vec<Op>) -> mysql::Result<()> {
        conn.query_drop("BEGIN")?;
        let (first, second) = (self.key(), self.key());
        // In one order: the fewer deadlocks, the more is seen.
        for key in [first.min(second), first.max(second)] {
            self.one(conn, key, done)?;
        }
        conn.query_drop("COMMIT")
    }
}

impl Work for Appender {
    fn prepare(&mut self, conn: &mut Conn) -> mysql::Result<()> {
        conn.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE")
    }

    fn turn(&mut self, conn: &mut Conn) -> mysql::Result<()> {
        let begin = self.history.now();
        let mut ops = Vec::new();
        let alone = self.dice.below(3) > 0;
        let result = if alone {
            let key = self.key();
            self.one(conn, key, &mut ops)
        } else {
            self.several(conn, &mut ops)
        };
        let outcome = match &result {
            Ok(()) => Outcome::Ok,
            Err(mysql::Error::MySqlError(e)) if ROLLED_BACK.contains(&e.code) => Outcome::Failed,
            Err(_) => Outcome::Unknown,
        };
        let end = self.history.now();
        lock(&self.history.txns).push(Txn {
            begin,
            end,
            outcome,
            ops,
        });
        if matches!(result, Err(mysql::Error::MySqlError(_))) {
            conn.query_drop("ROLLBACK")?;
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn a_list_is_read_as_it_is_written() {
        assert!(numbers("").is_empty());
        assert_eq!(numbers("7"), [7]);
        assert_eq!(numbers("7,12,3"), [7, 12, 3]);
    }
}
