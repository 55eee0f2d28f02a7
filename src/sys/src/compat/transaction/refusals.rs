//! How a transaction is refused in `before_commit`, in MySQL 5.7 and later.

use crate::{
    bindings::{
        ER_OPTION_PREVENTS_STATEMENT, SQLCOM_ROLLBACK, SQLCOM_XA_COMMIT, SQLCOM_XA_ROLLBACK, THD,
        Transaction_termination_ctx,
    },
    compat::{MY_ERROR, SET_TRANSACTION_CTX, Sessions},
    symbols::{MissingSymbol, symbols},
};
use std::ffi::{CStr, c_int, c_ulong};

/// Whether the server asks before it writes a transaction to the binary log.
pub const HAS_BEFORE_COMMIT: bool = true;

type CacheIsEmpty = unsafe extern "C" fn(thd: *const THD, transactional: bool) -> bool;
type Looks = unsafe extern "C" fn(thd: *const THD) -> bool;

symbols! {
    struct Functions {
        /// An error for the client of the current statement, with the server's own text for the
        /// number; what its conversions want comes last.
        error: unsafe extern "C" fn(number: c_int, flags: c_int, ...) = MY_ERROR;
        /// What is to become of the transaction whose `before_commit` runs. 0: the server knows.
        /// Looks the session up, under its `LOCK_thd_data`.
        end_with: unsafe extern "C" fn(verdict: Transaction_termination_ctx) -> c_int
            = SET_TRANSACTION_CTX;
        /// What kind of statement the session runs, an `SQLCOM_...`.
        sql_command: unsafe extern "C" fn(thd: *const THD) -> c_int = c"thd_sql_command";
        /// Not 0: the statement discards or imports a tablespace.
        moves_tablespace: unsafe extern "C" fn(thd: *const THD) -> c_int = c"thd_tablespace_op";
        /// Whether the transaction has done what a rollback leaves done.
        transaction_stays: Looks = c"_Z28trans_cannot_safely_rollbackPK3THD";
        /// As above, of the statement.
        statement_stays: Looks = c"_Z27stmt_cannot_safely_rollbackPK3THD";
        /// Whether a cache of the session's for the binary log is empty. Not const in 5.7.
        cache_is_empty [optional]: CacheIsEmpty = c"_ZNK3THD21is_binlog_cache_emptyEb";
        cache_is_empty_of_5_7 [optional]: CacheIsEmpty = c"_ZN3THD21is_binlog_cache_emptyEb";
    }
}

/// Refuses the transaction that the current session commits.
pub struct Refusals {
    functions: Functions,
    cache_is_empty: CacheIsEmpty,
}

impl Refusals {
    pub(crate) fn resolve() -> Result<Self, MissingSymbol> {
        let functions = Functions::resolve()?;
        let cache_is_empty = functions
            .cache_is_empty
            .or(functions.cache_is_empty_of_5_7)
            .ok_or(MissingSymbol(c"_ZNK3THD21is_binlog_cache_emptyEb"))?;
        Ok(Self {
            functions,
            cache_is_empty,
        })
    }

    /// Whether a refusal would leave nothing behind: all that the transaction has done is undone
    /// by its rollback, and it is none that ends what the binary log has begun.
    ///
    /// What cannot be undone goes to a cache of its own, without waiting for the end of the
    /// transaction: rows of tables without transactions, temporary tables, DDL that is not atomic
    /// (all DDL of 5.7). XA COMMIT and XA ROLLBACK end what XA PREPARE has logged (the server
    /// would roll the one back in the engines alone, and asserts that nobody refuses the other).
    /// And ROLLBACK comes here too, if there is something to log.
    ///
    /// DISCARD TABLESPACE and IMPORT TABLESPACE pass for atomic DDL, and are none: InnoDB has
    /// deleted the file, and what it keeps in memory of the table is not undone. The server would
    /// end itself when it opens the table next.
    ///
    /// # Safety
    /// The session of the current thread, in `before_commit`.
    pub unsafe fn is_refusable(&self, thd: *mut THD, sessions: &Sessions) -> bool {
        let functions = &self.functions;
        // SAFETY: the caller's session, which has its caches: it is about to write them.
        unsafe {
            (self.cache_is_empty)(thd, false)
                && !(functions.transaction_stays)(thd)
                && !(functions.statement_stays)(thd)
                && (functions.moves_tablespace)(thd) == 0
                && match (functions.sql_command)(thd).cast_unsigned() {
                    SQLCOM_ROLLBACK | SQLCOM_XA_ROLLBACK => false,
                    SQLCOM_XA_COMMIT => commits_in_one_phase(thd, sessions),
                    _ => true,
                }
        }
    }

    /// Refuses it, with the error that the client of a `read_only` server gets. The answer is that
    /// of the hook.
    ///
    /// An answer of 1 would do, but the server writes a line to its log then, for each transaction.
    /// So the server is told as Group Replication tells it, and that comes out as the same
    /// rollback. The client sees the first error, which is ours.
    ///
    /// # Safety
    /// As above; `session` is its id in the process list. No other observer may decide about the
    /// transaction.
    pub unsafe fn refuse(&self, session: c_ulong, option: &CStr) -> c_int {
        let functions = &self.functions;
        let verdict = Transaction_termination_ctx {
            m_thread_id: session,
            m_flags: 0,
            m_rollback_transaction: true,
            m_generated_gtid: false,
            m_sidno: 0,
            m_gno: 0,
        };
        // SAFETY: the server's text for the number has one `%s`.
        unsafe {
            let number = ER_OPTION_PREVENTS_STATEMENT.cast_signed();
            (functions.error)(number, 0, option.as_ptr());
        }
        // SAFETY: in a hook before the server looks at the verdict; no lock of the session is held.
        c_int::from(unsafe { (functions.end_with)(verdict) } != 0)
    }
}

/// Whether XA COMMIT has nothing in the binary log yet: `XA COMMIT ... ONE PHASE`.
///
/// # Safety
/// The session of the current thread.
unsafe fn commits_in_one_phase(thd: *mut THD, sessions: &Sessions) -> bool {
    /// Three parts of an XID, in hexadecimal digits or with every character escaped.
    const READ: usize = 1024;
    let mut buffer = [0; READ];
    // SAFETY: the caller's session lives.
    let statement = unsafe { sessions.statement(thd, &mut buffer) };
    ends_in_one_phase(statement)
}

/// In doubt: no, so that nothing is refused that the binary log has begun. A comment may hold the
/// words, or stand behind them.
fn ends_in_one_phase(statement: &[u8]) -> bool {
    let holds = |sign: &[u8]| statement.windows(sign.len()).any(|part| part == sign);
    if holds(b"#") || holds(b"--") || holds(b"/*") {
        return false;
    }
    let mut words = statement
        .rsplit(|byte| byte.is_ascii_whitespace() || *byte == b';')
        .filter(|word| !word.is_empty());
    let mut next_is = |word: &str| {
        let next = words.next();
        next.is_some_and(|next| next.eq_ignore_ascii_case(word.as_bytes()))
    };
    next_is("phase") && next_is("one")
}

#[cfg(test)]
mod tests {
    use super::ends_in_one_phase;

    #[test]
    fn one_phase_is_told_from_two() {
        for one in [
            "XA COMMIT 'a' ONE PHASE",
            "xa commit 'a','b',1\none  Phase ; ",
        ] {
            assert!(ends_in_one_phase(one.as_bytes()), "{one}");
        }
        for two in [
            "XA COMMIT 'a'",
            "XA COMMIT 'ONE PHASE'",
            "PHASE",
            "",
            "XA COMMIT 'a' # one phase",
            "XA COMMIT 'a' -- one phase",
            "XA COMMIT 'a' /* one phase",
        ] {
            assert!(!ends_in_one_phase(two.as_bytes()), "{two}");
        }
    }
}
