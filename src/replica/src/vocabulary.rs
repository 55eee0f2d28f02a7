//! The words of one of the two names under which the replica side is known:
//! `replica`/`source`, and the older `slave`/`master`.

use std::ffi::CStr;

/// Names and texts of one library; made by [`crate::replica_plugin`].
pub struct Vocabulary {
    /// The plugin's name.
    pub plugin: &'static CStr,
    /// The plugin of the other vocabulary, which must not run beside this one.
    pub rival: &'static CStr,
    /// Why the plugin cannot be uninstalled while semi-sync receivers run.
    pub still_in_use: &'static CStr,
}

/// Makes a library of the replica side out of its words. Goes into a cdylib, once.
///
/// `side`: what this server is called; `peer`: what the other end is called;
/// `rival`: `side` of the other vocabulary.
#[macro_export]
macro_rules! replica_plugin {
    (side: $side:tt, peer: $peer:tt, rival: $rival:tt $(,)?) => {
        use $crate::{
            plugin as p,
            server::{Shared, c_text, status, sys},
        };

        static VOCABULARY: $crate::Vocabulary = $crate::Vocabulary {
            plugin: c_text!("rpl_semi_sync_", $side),
            rival: c_text!("rpl_semi_sync_", $rival),
            still_in_use: c_text!(
                "Stop any active semisynchronous I/O threads on this ",
                $side,
                " first."
            ),
        };

        static ENABLED: Shared<sys::sys_var_bool> = Shared::new(p::enabled(c_text!(
            "Acknowledge transactions to a semi-synchronous ",
            $peer,
            " (off by default)."
        )));
        static TRACE_LEVEL: Shared<sys::sys_var_ulong> = Shared::new(p::trace_level());
        static VARIABLES: Shared<[*mut sys::st_mysql_sys_var; 3]> = Shared::new([
            ENABLED.as_ptr().cast(),
            TRACE_LEVEL.as_ptr().cast(),
            ::std::ptr::null_mut(),
        ]);
        static STATUS: Shared<[sys::st_mysql_show_var; 2]> = Shared::new([
            status::row(c_text!("Rpl_semi_sync_", $side, "_status"), p::show_status),
            status::END,
        ]);

        fn init(plugin: &$crate::server::plugin::Handle) -> ::std::ffi::c_int {
            p::init(&VOCABULARY, plugin)
        }

        $crate::server::export_plugin! {
            name: VOCABULARY.plugin,
            description: c_text!("Semi-synchronous replication, the ", $side, "'s side."),
            init: init,
            check_uninstall: p::check_uninstall,
            deinit: p::deinit,
            status: STATUS.as_ptr().cast(),
            variables: VARIABLES.as_ptr().cast(),
        }
    };
}
