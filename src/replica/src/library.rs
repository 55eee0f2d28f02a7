//! What the plugin libraries are made by: the words of a vocabulary, put where the replica side
//! needs words, and the exported plugin.

/// Makes a library of the replica side out of its words. Goes into a cdylib, once.
///
/// `side`: what this server is called; `peer`: what the other end is called;
/// `rival`: `side` of the other vocabulary.
#[macro_export]
macro_rules! replica_plugin {
    (side: $side:tt, peer: $peer:tt, rival: $rival:tt $(,)?) => {
        use $crate::{
            plugin as p,
            server::{
                c_text,
                status::{Row, Rows},
                variables::{Bool, Ulong, Variables},
            },
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

        static ENABLED: Bool = p::enabled(c_text!(
            "Acknowledge transactions to a semi-synchronous ",
            $peer,
            " (off by default)."
        ));
        static TRACE_LEVEL: Ulong = p::trace_level();
        static VARIABLES: Variables<2> =
            Variables::new([Some(ENABLED.entry()), Some(TRACE_LEVEL.entry())]);
        static STATUS: Rows<1> = Rows::new([Row::shown::<p::Status>(c_text!(
            "Rpl_semi_sync_",
            $side,
            "_status"
        ))]);

        $crate::server::export_plugin! {
            name: VOCABULARY.plugin,
            description: c_text!("Semi-synchronous replication, the ", $side, "'s side."),
            init: |plugin| p::init(&VOCABULARY, plugin),
            check_uninstall: p::check_uninstall,
            deinit: p::deinit,
            status: STATUS,
            variables: VARIABLES,
        }
    };
}
