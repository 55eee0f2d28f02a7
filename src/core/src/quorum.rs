//! Who must have a commit before its client is told OK: stock's count, or a quorum that the
//! operator has described. It is a function of where each replica stands now, not of the
//! order in which that became known.
//!
//! | file | what the file knows |
//! |---|---|
//! | `rule` | the count or the quorum: what is confirmed, who counts, who is missing |
//! | `count` | the newest position that so many servers have |
//! | `voter` | a replica that is connected, and what the replica has |
//! | `terms` | the quorum as the operator has written it |

mod count;
mod rule;
mod terms;
mod voter;

pub use count::connected_servers;
pub use rule::{Lacking, Rule, Scratch, Standing};
pub use terms::Quorum;
pub use voter::{ReplicaConnectionId, Voter};
