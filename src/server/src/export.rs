//! What a plugin library exports: two plugins (see [`library`](crate::library)).
//!
//! `export_plugins!` goes into a cdylib once. It exports what the server looks for in a plugin
//! library of its series.

/// Exports a plugin library: descriptors, interface version, service pointers.
///
/// `init`, `check_uninstall` and `deinit` are the functions of
/// [`Plugin`](crate::plugin::Plugin); `status` is a
/// static [`Rows`](crate::status::Rows), `variables` a static
/// [`Variables`](crate::variables::Variables).
#[macro_export]
macro_rules! export_plugins {
    (
        names: $names:expr,
        main: {
            description: $description:expr,
            init: $init:expr, check_uninstall: $check:path, deinit: $deinit:path,
            status: $status:expr, variables: $variables:expr $(,)?
        },
        operator: {
            description: $operator_description:expr,
            init: $operator_init:expr, deinit: $operator_deinit:path,
            status: $operator_status:expr, variables: $operator_variables:expr $(,)?
        } $(,)?
    ) => {
        struct MainPlugin;

        impl $crate::plugin::Plugin for MainPlugin {
            const PART: $crate::library::Part = $crate::library::Part::Main;

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

        struct OperatorPlugin;

        impl $crate::plugin::Plugin for OperatorPlugin {
            const PART: $crate::library::Part = $crate::library::Part::Operator;

            fn services() -> &'static $crate::plugin::Services {
                &SERVICES
            }
            fn init(plugin: &$crate::plugin::Handle) -> bool {
                $operator_init(plugin)
            }
            fn check_uninstall() -> bool {
                true // nobody's connection depends on it
            }
            fn deinit(plugin: &$crate::plugin::Handle) -> bool {
                $operator_deinit(plugin)
            }
        }

        $crate::export_declarations! {
            [
                $crate::plugin::parts::<MainPlugin>(
                    $names.main, $description, $status.as_ptr(), $variables.as_ptr()
                ),
                $crate::plugin::parts::<OperatorPlugin>(
                    $names.operator,
                    $operator_description,
                    $operator_status.as_ptr(),
                    $operator_variables.as_ptr()
                )
            ],
            stand_by: $crate::stand_by::init
        }
    };
}
