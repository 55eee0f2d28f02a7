//! Tables of ours in performance_schema.
//!
//! A [`Table`] gives all its rows at once, when a scan begins; the scan then reads its own copy. So
//! a slow reader holds up nobody, and the rows of one scan fit together.
//!
//! A reader of a table, and a transaction that has read it, keep the table's metadata lock. Then
//! the table cannot be deleted, and `UNINSTALL PLUGIN` does not wait for it: the table stays and
//! has no rows any more. The next `INSTALL PLUGIN` takes it over, or the next `UNINSTALL PLUGIN`
//! deletes it. That is safe because the library stays mapped (SAFETY.md), and because each scan
//! keeps what it needs of the server. No table is deleted when the server shuts down: there is no
//! session then. The server deletes it when it makes the table again.

use crate::{callback::Callback, guard::guard, plugin::Handle, server::Server, session, sys};
pub use semisync_sys::compat::HAS_TABLES;
use semisync_sys::{Shared, TableFailure, TableHooks, compat};
use std::{
    ffi::{CStr, c_int, c_uint, c_ulong, c_void},
    marker::PhantomData,
    ptr::null_mut,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// How long `INSTALL PLUGIN` and `UNINSTALL PLUGIN` wait for those who use the tables.
const SECONDS: c_ulong = 1;

/// What the tables need of the server, while the plugin is installed.
static SERVICES: RwLock<Option<Arc<compat::Tables>>> = RwLock::new(None);

/// A value of a row. It is of the type that its column has in [`Table::COLUMNS`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Cell<'a> {
    /// NULL, of a column that may be NULL.
    Null,
    /// Of a `BIGINT UNSIGNED`.
    Number(u64),
    /// Of a `DOUBLE`.
    Double(f64),
    /// Of an `ENUM`: which of its names, from 1.
    Enum(u8),
    /// Of a `VARCHAR` that is long enough.
    Text(&'a str),
    /// Of a `TIMESTAMP(6)`: microseconds since 1970, by the system's clock. 0 is NULL.
    Time(u64),
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<u64> for Cell<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Cell<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

/// A table of performance_schema that can only be read. Its functions run under the guard, in the
/// session that reads the table.
pub trait Table: 'static {
    /// The table's name, in small letters.
    const NAME: &'static CStr;
    /// Its columns, as between the parentheses of CREATE TABLE. There is no index.
    const COLUMNS: &'static CStr;
    /// About how many rows there are, for the server's optimizer.
    const USUAL_ROWS: u64;
    /// What of a row is copied when a scan begins.
    type Row: Send + 'static;

    /// All rows, as they are now. Locks of ours may be taken, but only for a moment.
    fn rows() -> Vec<Self::Row>;

    /// Which row it is: the same in later scans, as long as there is such a row. After sorting,
    /// the server may read rows by it.
    fn key(row: &Self::Row) -> u64;

    /// The value of a column, from 0.
    fn cell(row: &Self::Row, column: usize) -> Cell<'_>;
}

/// A table as the server knows it, in static memory.
pub struct Definition {
    share: Shared<compat::TableShare>,
    name: &'static CStr,
    /// The server knows it.
    is_there: AtomicBool,
}

impl Definition {
    /// Of the table `T`.
    pub const fn new<T: Table>() -> Self {
        Self {
            share: Shared::new(compat::table_share::<Scans<T>>()),
            name: T::NAME,
            is_there: AtomicBool::new(false),
        }
    }

    fn is_there(&self) -> bool {
        self.is_there.load(Ordering::Acquire)
    }
}

/// Makes the tables, in `init`. Err: which are missing, and why, as sentences for the log.
pub fn add(server: Server, plugin: &Handle, tables: &[&'static Definition]) -> Result<(), String> {
    // SAFETY: in `init`, with the services of the library.
    let services = match unsafe { compat::Tables::open(plugin.services) } {
        Ok(services) => Arc::new(services),
        Err(why) => return Err(missing(tables, &why)),
    };
    *SERVICES.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&services));
    let failures = each(server, tables, |thd, table, seconds| {
        // SAFETY: the session of `INSTALL PLUGIN`, or of the server's start; the share is static.
        let result = unsafe { services.add(thd, table.share.as_ptr(), seconds) };
        match result {
            // Somebody uses it since an earlier installation: it has rows again.
            Err(TableFailure::InUse) if table.is_there() => Ok(()),
            _ => {
                table.is_there.store(result.is_ok(), Ordering::Release);
                result
            }
        }
    });
    told(&failures, missing)
}

/// Deletes the tables; in `check_uninstall`, when it is certain that the plugin goes. Err: which
/// stay, and why, as sentences for the log.
///
/// Not in `deinit`: another session may run it, in the middle of a commit.
pub fn remove(server: Server, tables: &[&'static Definition]) -> Result<(), String> {
    let services = SERVICES
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let Some(services) = services else {
        return Ok(());
    };
    let failures = each(server, tables, |thd, table, seconds| {
        if table.is_there() {
            // SAFETY: the session of `UNINSTALL PLUGIN`; the share is static.
            unsafe { services.delete(thd, table.share.as_ptr(), seconds) }?;
            table.is_there.store(false, Ordering::Release);
        }
        Ok(())
    });
    told(&failures, |left, why| {
        format!("{} left without rows: {why}.", names(left, "is", "are"))
    })
}

type Failure = (&'static Definition, TableFailure);

/// Changes each table in the name of the current session. What failed. Once a table was waited for
/// in vain, no other is waited for.
fn each(
    server: Server,
    tables: &[&'static Definition],
    change: impl Fn(*mut sys::THD, &'static Definition, c_ulong) -> Result<(), TableFailure>,
) -> Vec<Failure> {
    let thd = session::current(server);
    let mut seconds = SECONDS;
    let mut failures = Vec::new();
    for table in tables {
        if thd.is_null() {
            failures.push((*table, TableFailure::Refused));
        } else if let Err(failure) = change(thd, table, seconds) {
            failures.push((*table, failure));
            seconds = 0;
        }
    }
    failures
}

/// A sentence for each reason.
fn told(
    failures: &[Failure],
    sentence: impl Fn(&[&'static Definition], &str) -> String,
) -> Result<(), String> {
    let mut sentences = Vec::new();
    for (kind, why) in [
        (TableFailure::InUse, "a session is using it"),
        (TableFailure::Refused, "the server refused"),
    ] {
        let of_kind = failures.iter().filter(|(_, failure)| *failure == kind);
        let of_kind: Vec<_> = of_kind.map(|(table, _)| *table).collect();
        if !of_kind.is_empty() {
            sentences.push(sentence(&of_kind, why));
        }
    }
    match &sentences[..] {
        [] => Ok(()),
        some => Err(some.join(" ")),
    }
}

fn missing(tables: &[&'static Definition], why: &str) -> String {
    format!("{} missing: {why}.", names(tables, "is", "are"))
}

/// The names, and the verb for so many.
fn names(tables: &[&'static Definition], one: &str, several: &str) -> String {
    let names: Vec<_> = tables
        .iter()
        .map(|table| format!("performance_schema.{}", table.name.to_string_lossy()))
        .collect();
    let verb = if names.len() == 1 { one } else { several };
    format!("{} {verb}", names.join(", "))
}

/// From now on the tables that are left have no rows. In `deinit`.
pub fn close() {
    *SERVICES.write().unwrap_or_else(PoisonError::into_inner) = None;
}

/// One scan of a table, by one session.
struct Scan<T: Table> {
    /// None: the plugin was not installed when the scan began. Then there are no rows.
    services: Option<Arc<compat::Tables>>,
    rows: Vec<T::Row>,
    next: usize,
    current: Option<usize>,
    /// The key of the current row. The server reads it, and writes it before `at_position`.
    position: *mut u64,
}

impl<T: Table> Scan<T> {
    /// Goes to the next row; its key. None: there is no further row.
    fn advance(&mut self) -> Option<u64> {
        let row = self.rows.get(self.next)?;
        self.current = Some(self.next);
        self.next += 1;
        Some(T::key(row))
    }

    /// Goes to the row of the key. false: there is none.
    fn seek(&mut self, key: u64) -> bool {
        self.current = self.rows.iter().position(|row| T::key(row) == key);
        self.current.is_some()
    }

    fn current(&self) -> Option<&T::Row> {
        self.rows.get(self.current?)
    }
}

/// Where the server finds the position of a scan that could not be opened.
static NOWHERE: AtomicU64 = AtomicU64::new(0);

struct Scans<T>(PhantomData<T>);

impl<T: Table> Scans<T> {
    /// # Safety
    /// A scan of `open`, which no one else uses meanwhile.
    unsafe fn of<'a>(scan: *mut c_void) -> Option<&'a mut Scan<T>> {
        // SAFETY: the caller's promise; null after a panic in `open`.
        unsafe { scan.cast::<Scan<T>>().as_mut() }
    }
}

impl<T: Table> TableHooks for Scans<T> {
    const NAME: &'static CStr = T::NAME;
    const COLUMNS: &'static CStr = T::COLUMNS;
    const POSITION: u32 = 8;
    const USUAL_ROWS: u64 = T::USUAL_ROWS;

    unsafe fn open(position: *mut *mut c_void) -> *mut c_void {
        // SAFETY: the server's.
        unsafe { *position = NOWHERE.as_ptr().cast() };
        guard(Callback::OpenTable, null_mut(), || {
            let services = SERVICES.read().unwrap_or_else(PoisonError::into_inner);
            let scan = Box::new(Scan::<T> {
                services: services.clone(),
                rows: Vec::new(),
                next: 0,
                current: None,
                position: Box::into_raw(Box::new(0)),
            });
            // SAFETY: as above; it lives as long as the scan.
            unsafe { *position = scan.position.cast() };
            Box::into_raw(scan).cast()
        })
    }

    unsafe fn close(scan: *mut c_void) {
        guard(Callback::CloseTable, (), || {
            if !scan.is_null() {
                // SAFETY: of `open`; the server forgets it.
                let scan = unsafe { Box::from_raw(scan.cast::<Scan<T>>()) };
                // SAFETY: of `open`; the server forgets it as well.
                drop(unsafe { Box::from_raw(scan.position) });
            }
        });
    }

    unsafe fn init(scan: *mut c_void) -> c_int {
        // SAFETY: the server's.
        let Some(scan) = (unsafe { Self::of(scan) }) else {
            return compat::TABLE_FAILED;
        };
        // The server does not look at the result: a panic leaves a table without rows.
        (scan.next, scan.current) = (0, None);
        let before = std::mem::take(&mut scan.rows);
        guard(Callback::RndInit, compat::TABLE_FAILED, || {
            drop(before);
            if scan.services.is_some() {
                scan.rows = T::rows();
            }
            0
        })
    }

    unsafe fn next(scan: *mut c_void) -> c_int {
        guard(Callback::RndNext, compat::TABLE_END, || {
            // SAFETY: the server's.
            let scan = unsafe { Self::of(scan) };
            let Some((scan, key)) = scan.and_then(|scan| {
                let key = scan.advance()?;
                Some((scan, key))
            }) else {
                return compat::TABLE_END;
            };
            // SAFETY: made by `open`, and as long as the scan.
            unsafe { *scan.position = key };
            0
        })
    }

    unsafe fn at_position(scan: *mut c_void) -> c_int {
        guard(Callback::RndPos, compat::TABLE_NO_ROW, || {
            // SAFETY: the server's.
            let scan = unsafe { Self::of(scan) };
            let found = scan.is_some_and(|scan| {
                // SAFETY: made by `open`; the server has written the key of a row.
                scan.seek(unsafe { *scan.position })
            });
            if found { 0 } else { compat::TABLE_NO_ROW }
        })
    }

    unsafe fn read(scan: *mut c_void, field: *mut c_void, column: c_uint) -> c_int {
        guard(Callback::ReadColumnValue, compat::TABLE_FAILED, || {
            // SAFETY: the server's.
            let scan = unsafe { Self::of(scan) };
            let row = scan.as_ref().and_then(|scan| scan.current());
            let services = scan.as_ref().and_then(|scan| scan.services.as_ref());
            let (Some(row), Some(services)) = (row, services) else {
                return compat::TABLE_FAILED;
            };
            // SAFETY: the column's field, and the row says what type the column has.
            unsafe {
                match T::cell(row, column as usize) {
                    Cell::Null => services.set_null(field),
                    Cell::Number(number) => services.set_number(field, number),
                    Cell::Double(number) => services.set_double(field, number),
                    Cell::Enum(name) => services.set_enum(field, name.into()),
                    Cell::Text(text) => services.set_text(field, text),
                    Cell::Time(micros) => services.set_time(field, micros),
                }
            }
            0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Squares;

    impl Table for Squares {
        const NAME: &'static CStr = c"squares";
        const COLUMNS: &'static CStr = c"N BIGINT UNSIGNED NOT NULL, SQUARE BIGINT UNSIGNED";
        const USUAL_ROWS: u64 = 3;
        type Row = u64;

        fn rows() -> Vec<u64> {
            vec![3, 1, 2]
        }

        fn key(row: &u64) -> u64 {
            *row
        }

        fn cell(row: &u64, column: usize) -> Cell<'_> {
            match column {
                0 => Cell::Number(*row),
                _ => Cell::from(row.checked_mul(*row)),
            }
        }
    }

    fn scan() -> Scan<Squares> {
        Scan {
            services: None,
            rows: Squares::rows(),
            next: 0,
            current: None,
            position: null_mut(),
        }
    }

    #[test]
    fn a_scan_comes_by_every_row_once() {
        let mut scan = scan();
        assert_eq!(scan.current(), None);
        let keys: Vec<_> = std::iter::from_fn(|| scan.advance()).collect();
        assert_eq!(keys, [3, 1, 2]);
        assert_eq!(scan.advance(), None);
    }

    #[test]
    fn a_row_is_found_by_its_key_wherever_it_is_by_now() {
        let mut first = scan();
        let key = first.advance().unwrap();
        let mut later = scan();
        later.rows.reverse();
        assert!(later.seek(key));
        assert_eq!(Squares::cell(later.current().unwrap(), 1), Cell::Number(9));
        later.rows.retain(|row| *row != key);
        assert!(!later.seek(key));
        assert_eq!(later.current(), None);
    }

    #[test]
    fn no_scan_before_the_installation_has_rows() {
        let mut position = null_mut();
        // SAFETY: as the server calls them: one scan, in order, by one thread.
        unsafe {
            let scan = Scans::<Squares>::open(&mut position);
            assert!(!scan.is_null() && !position.is_null());
            assert_eq!(Scans::<Squares>::init(scan), 0);
            assert_eq!(Scans::<Squares>::next(scan), compat::TABLE_END);
            assert_eq!(Scans::<Squares>::at_position(scan), compat::TABLE_NO_ROW);
            assert_eq!(
                Scans::<Squares>::read(scan, null_mut(), 0),
                compat::TABLE_FAILED
            );
            Scans::<Squares>::close(scan);
        }
    }

    #[test]
    fn missing_tables_are_told_in_a_sentence_for_each_reason() {
        static ONE: Definition = Definition::new::<Squares>();
        let both = [
            (&ONE, TableFailure::Refused),
            (&ONE, TableFailure::InUse),
            (&ONE, TableFailure::Refused),
        ];
        assert_eq!(
            told(&both, missing),
            Err(
                "performance_schema.squares is missing: a session is using it. \
                 performance_schema.squares, performance_schema.squares are missing: the server \
                 refused."
                    .to_owned()
            )
        );
        assert_eq!(told(&[], missing), Ok(()));
    }
}
