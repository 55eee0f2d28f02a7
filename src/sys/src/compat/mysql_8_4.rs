//! MySQL 8.4 and 9.7.

#[path = "parts/net_of_protocol.rs"]
mod connections;
#[path = "mysql_8.rs"]
mod mysql_8;
#[path = "parts/transaction.rs"]
mod transaction;

pub use connections::*;
pub use mysql_8::*;
pub use transaction::*;
