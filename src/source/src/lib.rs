//! The source side: `semisync_source.so` and `semisync_master.so`.
//!
//! ```text
//! session ──commit──> commit (after_flush, after_sync, after_commit), wait ─┐
//!                                                                           v
//!                                                     state: the lock around core
//!                                                       ^               ^
//! dump thread ──> transmit, dump ───────────────────────┘               │
//! replica ──acknowledgement──> receiver ──> replica_connection ─────────┘
//! ```
//!
//! | file | what it owns |
//! |---|---|
//! | `library` | the macro for the libraries |
//! | `plugin` | install, uninstall |
//! | `operator/plugin`, `operator/settings`, `operator/status` | the operator's plugin |
//! | `tables` | the tables of performance_schema |
//! | `settings`, `status` | what the operator sets and sees |
//! | `commit` | transaction and binary log storage observers |
//! | `refusal` | who is refused before a transaction is written, and by which option |
//! | `wait` | a session's wait at the wait point |
//! | `sleep` | how it sleeps: woken by whoever reads, or reading by itself |
//! | `transmit`, `dump` | the transmit observer, and one dump to a semi-sync replica |
//! | `dump_file` | which file a dump is in, and how far |
//! | `source` | the parts below, put together; ON and OFF; what a panic leads to |
//! | `receiver` | the thread that reads acknowledgements while no session does |
//! | `intake` | reading acknowledgements |
//! | `spin` | a short poll before a session sleeps |
//! | `replicas` | the registry of connections, and who counts |
//! | `gone` | replicas that have left |
//! | `survey` | looks at all this and makes figures of it |
//! | `replica_connection` | one replica's connection and its life |
//! | `announcement` | who a replica says it is |
//! | `figures` | what the operator sees, as plain copies |
//! | `ack_figures` | what one connection has acknowledged, in figures |
//! | `state` | the one lock around the coordinator of `semisync-core`, and its effects |
//! | `alarm` | when the coordinator wants to be told the time, and who watches that |
//! | `observations` | what is noted beside the coordinator, under its lock |
//! | `waiting` | a session that waits, as the coordinator keeps it |
//! | `log_file` | the file of the last flush, and whether it was replaced |
//! | `own_ids` | the server ids that this server has had |
//! | `counters` | what is counted outside of the coordinator |
//! | `wait_histogram` | how long sessions have waited |
//! | `messages` | what is said in the error log |
//! | `decisions` | what the operator's plugin decides |
//! | `operator/values` | what else the operator has set |
//! | `variables` | the values of the system variables |
//! | `vocabulary` | the words of the two names |
//!
//! A file uses files below it in this table only.
//!
//! Locks, in the order in which they may nest: the registry, then what one connection locks
//! inside. Under the coordinator's lock only that around the decisions and that of one connection's
//! figures may be taken, and no lock is held while something is logged or a session is woken.

#![forbid(unsafe_code)]

mod ack_figures;
mod alarm;
mod announcement;
mod commit;
#[doc(hidden)]
pub mod counters;
#[doc(hidden)]
pub mod decisions;
mod dump;
mod dump_file;
mod figures;
mod gone;
mod intake;
mod library;
mod log_file;
mod messages;
mod observations;
#[doc(hidden)]
pub mod operator;
mod own_ids;
#[doc(hidden)]
pub mod plugin;
mod receiver;
mod refusal;
mod replica_connection;
mod replicas;
#[doc(hidden)]
pub mod settings;
mod sleep;
mod source;
mod spin;
mod state;
#[doc(hidden)]
pub mod status;
mod survey;
mod tables;
mod transmit;
mod variables;
mod vocabulary;
mod wait;
mod wait_histogram;
mod waiting;

#[doc(hidden)]
pub use semisync_server as server;
pub use vocabulary::Vocabulary;
