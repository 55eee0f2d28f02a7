//! The replication observers: what the server calls, as traits with safe arguments.
//!
//! For each hook there is one function that the server calls (a trampoline), generic over
//! the trait's implementation: it makes arguments safe and goes through the guard. What
//! differs between series is settled below, in `semisync_sys::compat`.
//!
//! | file | hooks of |
//! |---|---|
//! | `table` | registering all of them, and taking them back |
//! | `transaction` | `Trans_observer`: commits and rollbacks |
//! | `storage` | `Binlog_storage_observer`: the binary log |
//! | `transmit` | `Binlog_transmit_observer`: dumps |
//! | `relay_io` | `Binlog_relay_IO_observer`: receiver threads |
//!
//! Taking an observer back needs the write lock of the server's delegate, and each hook
//! runs under its read lock: so that waits for hooks that run, and none runs afterwards.
//! While a hook runs the server also holds a reference to the plugin, so `deinit` has not
//! begun (sql/rpl_handler.cc, `FOREACH_OBSERVER`).

mod relay_io;
mod storage;
mod table;
mod transaction;
mod transmit;

pub use relay_io::{Channel, Refused, RelayIoObserver, RelayIoTable};
pub use storage::{StorageObserver, StorageTable};
pub use table::{Observer, Table, register};
pub use transaction::{RefusedBy, TransactionObserver, TransactionTable};
pub use transmit::{Announced, DumpRequest, TransmitObserver, TransmitTable};
