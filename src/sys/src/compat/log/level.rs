//! How loud a line in the error log is.

/// How loud a line in the error log is. From MySQL 5.7 on the server's variable
/// `log_error_verbosity` says which lines it leaves out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogLevel {
    /// Semi-sync, or a part of it, does not work.
    Error,
    /// Semi-sync works, but not as somebody would expect.
    Warning,
    /// What an operator may want to know.
    Note,
}
