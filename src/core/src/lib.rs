//! Pure logic of semi-synchronous replication.
//!
//! | file | what the file knows |
//! |---|---|
//! | `position` | places in the binary log, and their order |
//! | `log_files` | the files of the binary log, in the order of the server's index |
//! | `sent` | the files that were sent over one connection: what an acknowledgement means |
//! | `events` | what the bytes of an event tell: a transaction's end, an announced position |
//! | `wire` | the 2-byte header of events, and the replies of replicas |
//! | `stream` | acknowledgements out of a byte stream, plain or compressed |
//! | `quorum` | who must have a commit, and the newest position that they have |
//! | `members` | the names and zones by which replicas are overruled |
//! | `member` | who a replica is |
//! | `syntax` | how a setting's text is read, what is wrong with it, and where |
//! | `pending` | commit groups that are not confirmed yet |
//! | `counted_ends` | which transactions were counted |
//! | `flush_times` | when commit groups were flushed: how old is what a replica lacks |
//! | `histogram` | how long things took, in the server's buckets |
//! | `stats` | the counters behind the status variables |
//! | `statement` | whether a statement's text stops appliers |
//! | `settings` | what the operator has set |
//! | `coordinator` | who is connected, who waits, ON and OFF; its own table says the rest |
//! | `verdicts` | what the coordinator answers |
//! | `keeping_up` | since when replicas have kept up while OFF |
//! | `effects` | what is to be done for a change in the coordinator |
//! | `refusal` | why new transactions are refused |
//! | `failpoint` | where the unit tests plant panics |
//!
//! No unsafe, no clock, no lock, no I/O, no server.

#![forbid(unsafe_code)]

mod coordinator;
mod counted_ends;
mod effects;
mod events;
mod failpoint;
mod flush_times;
mod histogram;
mod keeping_up;
mod log_files;
mod member;
mod members;
mod pending;
mod position;
mod quorum;
mod refusal;
mod sent;
mod settings;
mod statement;
mod stats;
mod stream;
mod syntax;
mod verdicts;
mod wire;

pub use coordinator::{Coordinator, LeftUnconfirmed, VotersView, WaitsView};
pub use counted_ends::CountedEnds;
pub use effects::{Effects, Message, Outcome};
pub use events::{
    Announced, announced_position, is_heartbeat, is_of_transaction, may_end_transaction, server_id,
};
pub use flush_times::FlushTimes;
pub use histogram::{BUCKETS, Histogram, bucket_limits, bucket_of};
pub use log_files::{LogFiles, LogName, Place, index_names};
pub use member::{Member, NotUuid, Uuid, check_word, is_word};
pub use members::Members;
pub use pending::{OutOfOrder, Pending};
pub use position::{Position, split_name};
pub use quorum::{Lacking, Quorum, ReplicaConnectionId, Rule, Scratch, Standing, Voter};
pub use refusal::Refusal;
pub use sent::{Claim, SentFiles};
pub use settings::{Settings, TimeoutAction};
pub use statement::stops_appliers;
pub use stats::Stats;
pub use stream::{AckReader, Framing};
pub use syntax::SyntaxError;
pub use verdicts::{AckVerdict, CommitVerdict, TimeoutVerdict, WaitId, WaitVerdict};
pub use wire::{
    FLAG_ASK, FLAG_DISABLED, HEADER, MAGIC, MAX_ACK, Reply, Violation, encode_ack,
    split_event_header,
};
