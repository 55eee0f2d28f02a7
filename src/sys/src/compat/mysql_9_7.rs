//! MySQL 9.7. What is not named here is as in 8.4.

#[path = "mysql_8_4.rs"]
mod as_in_8_4;
pub use as_in_8_4::*;
