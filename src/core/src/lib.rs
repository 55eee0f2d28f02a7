//! Pure logic of semi-synchronous replication.
//!
//! | file | what it knows |
//! |---|---|
//! | `position` | places in the binary log and their order |
//! | `log_files` | the files of the binary log, in the order of the server's index |
//! | `served` | the files that one connection was served from, and what an acknowledgement means by them |
//! | `events` | what a binary log event's bytes tell: may it end a transaction, which position does it announce |
//! | `wire` | the 2-byte header of events, and acknowledgements |
//! | `stream` | acknowledgements out of a byte stream, plain or compressed |
//! | `quorum` | the newest position that enough replicas have |
//! | `pending` | commit groups that are not confirmed yet |
//! | `stats` | the counters behind the status variables |
//! | `statement` | whether a statement's text stops appliers |
//! | `terms` | what goes into the coordinator and what comes out of it |
//! | `coordinator` | who is connected, who waits, ON and OFF: all of it together; in `coordinator/commits`, what happens to a commit |
//!
//! No unsafe, no clock, no lock, no I/O, no server.

#![forbid(unsafe_code)]

mod coordinator;
mod events;
mod log_files;
mod pending;
mod position;
mod quorum;
mod served;
mod statement;
mod stats;
mod stream;
mod terms;
mod wire;

pub use coordinator::Coordinator;
pub use events::{Announced, announced_position, is_heartbeat, may_end_transaction};
pub use log_files::{LogFiles, LogName, Place, index_names};
pub use pending::{OutOfOrder, Pending};
pub use position::{Position, split_name};
pub use quorum::{LinkId, Voter, connected_servers, quorum_position};
pub use served::{Claim, ServedFiles};
pub use statement::stops_appliers;
pub use stats::Stats;
pub use stream::{AckReader, Framing};
pub use terms::{AckVerdict, Begin, Effects, Left, Notice, Outcome, Settings, Settled, WaitId};
pub use wire::{
    FLAG_ASK, FLAG_DISABLED, HEADER, MAGIC, MAX_ACK, Message, Violation, encode_ack,
    split_event_header,
};
