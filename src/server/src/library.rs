//! What a plugin library exports.
//!
//! `export_plugin!` goes into a cdylib once. It exports what the server looks
//! for in a plugin library of its series.

/// Exports a plugin library: descriptor, interface version, service pointers.
///
/// `init`, `check_uninstall` and `deinit` are the functions of
/// [`Plugin`](crate::plugin::Plugin); `status` is a
/// static [`Rows`](crate::status::Rows), `variables` a static
/// [`Variables`](crate::variables::Variables).
#[macro_export]
macro_rules! export_plugin {
    (
        name: $name:expr, description: $description:expr,
        init: $init:expr, check_uninstall: $check:path, deinit: $deinit:path,
        status: $status:expr, variables: $variables:expr $(,)?
    ) => {
        struct Library;

        impl $crate::plugin::Plugin for Library {
            fn services() -> &'static $crate::plugin::Services {
                &SERVICES
            }
            fn init(plugin: &$crate::plugin::Handle) -> bool {
                $init(plugin)
            }
            fn check_uninstall() -> bool {
                $check()
            }
            fn deinit(plugin: &$crate::plugin::Handle) -> bool {
                $deinit(plugin)
            }
        }

        $crate::export_declarations! {
            $crate::plugin::parts::<Library>(
                $name, $description, $status.as_ptr(), $variables.as_ptr()
            ),
            stand_by: $crate::stand_by::init
        }
    };
}
