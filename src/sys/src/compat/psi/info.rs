//! The description of an instrument, from MySQL 8.0 on.

/// The description `$info` of an instrument, of which the server copies what it keeps.
macro_rules! psi_info {
    ($info:ident, $key:expr, $name:expr, $flags:expr) => {
        $info {
            key: $key,
            name: $name.as_ptr(),
            flags: $flags,
            volatility: 0,
            documentation: c"".as_ptr(),
        }
    };
}
pub(in crate::compat) use psi_info;
