//! As much of a mysqld as the source side meets, over the same stand-ins as the plugin itself: its
//! sessions, commits, KILL, dumps, `SET GLOBAL`, installing and uninstalling, and its shutdown. The
//! plugin's library is linked into this program, which exports what the library looks up in a
//! server.
//!
//! Where an order of steps or a lock matters to the plugin, it is the server's, and the comment
//! names the function. Nothing else of a server is here: no SQL, no storage engine, no TLS.
//!
//! | file | what it owns |
//! |---|---|
//! | `lifecycle` | the server from its start to its end |
//! | `replica` | a replica at the other end of a connection |
//! | `dump` | dump threads |
//! | `commit` | commits |
//! | `binary_log` | the binary log |
//! | `log_files` | the files of the binary log, as the file system has them |
//! | `plugin` | the plugin, its hooks and variables |
//! | `exports` | what the library looks up |
//! | `session` | sessions, and KILL |
//! | `connection` | a session's connection: NET and Vio |
//! | `locks` | the server's own locks |

pub mod binary_log;
pub mod commit;
mod connection;
pub mod dump;
mod exports;
pub mod lifecycle;
mod locks;
pub mod log_files;
pub mod plugin;
pub mod replica;
pub mod session;
