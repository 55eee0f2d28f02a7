//! Who must have a commit before its client is told OK: stock's count, or a quorum that the
//! operator has described. It is a function of where each replica stands now, not of the
//! order in which that became known.
//!
//! | file | what the file knows |
//! |---|---|
//! | `rule` | the count or the quorum: what is confirmed, who counts, whether it can be met |
//! | `lacking` | what a commit waits for, as people read it |
//! | `chosen` | whom a term counts |
//! | `count` | the newest position that so many servers have |
//! | `voter` | a replica that is connected, and what the replica has |
//! | `parser`, `tokens` | how the text of a quorum is read |
//! | `terms` | the quorum as the operator has written it |
//!
//! A file uses files below it only. Servers are compared by their ids. A server that is
//! connected several times takes part by one connection, see `count::servers`.

mod chosen;
mod count;
mod lacking;
mod parser;
mod rule;
mod terms;
mod tokens;
mod voter;

pub use count::connected_servers;
pub use lacking::Lacking;
pub use rule::{Rule, Scratch, Standing};
pub use terms::Quorum;
pub use voter::{ReplicaConnectionId, Voter};
