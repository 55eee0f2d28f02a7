//! The known failures of semi-sync as cases that can be tried on anybody's, in the order of
//! `docs/history.md`. `ci/stock-failures` tries them side by side; the suite `history` tries some
//! on ours.
//!
//! | file | owns |
//! |---|---|
//! | `side.rs` | whose semi-sync runs, and its servers |
//! | `seen.rs` | what a case has shown |
//! | `case.rs` | what a case is, and trying one although a server may crash |
//! | `list.rs` | all cases |
//! | `lost.rs` | cases: commits confirmed that no replica has |
//! | `hangs.rs`, `locks.rs` | cases: waits that do not end, and what stands still behind them |
//! | `crashes.rs` | cases: servers that ended |
//! | `cost.rs` | cases: what a commit costs |
//! | `operations.rs` | cases: what operators are told, and what stops replication |

mod case;
mod cost;
mod crashes;
mod hangs;
mod list;
mod locks;
mod lost;
mod operations;
mod seen;
mod side;

pub use case::{Case, Kind};
pub use list::{CASES, case_named};
pub use seen::Seen;
pub use side::Side;
