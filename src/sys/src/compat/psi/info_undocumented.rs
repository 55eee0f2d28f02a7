//! The description of an instrument before MySQL 8.0, and in MariaDB: it has no documentation.

/// The description `$info` of an instrument, of which the server copies what it keeps.
macro_rules! psi_info {
    ($info:ident, $key:expr, $name:expr, $flags:expr) => {
        $info {
            key: $key,
            name: $name.as_ptr(),
            flags: $flags,
        }
    };
}
pub(in crate::compat) use psi_info;
