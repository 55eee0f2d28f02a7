//! The two plugins of a library: what they are called, and whether they are installed.
//!
//! The *main plugin* has the name of stock's and does what stock's does. The *operator's plugin* is
//! one more, which people install on purpose: it holds what stock has no variable for.

use std::{
    ffi::CStr,
    sync::atomic::{AtomicBool, Ordering},
};

/// Which of a library's two plugins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The plugin that takes stock's place.
    Main,
    /// The second plugin.
    Operator,
}

static MAIN_INSTALLED: AtomicBool = AtomicBool::new(false);
static OPERATOR_INSTALLED: AtomicBool = AtomicBool::new(false);

impl Part {
    /// Whether the plugin is installed out of this library: true once its `init` has succeeded, and
    /// before the server counts the plugin as ready; false when `deinit` is done.
    pub(crate) fn is_installed(self) -> bool {
        self.installed().load(Ordering::Acquire)
    }

    pub(crate) fn set_installed(self, installed: bool) {
        self.installed().store(installed, Ordering::Release);
    }

    fn installed(self) -> &'static AtomicBool {
        match self {
            Self::Main => &MAIN_INSTALLED,
            Self::Operator => &OPERATOR_INSTALLED,
        }
    }
}

/// What a library and its plugins are called, and those of the other vocabulary.
pub struct Names {
    /// The main plugin.
    pub main: &'static CStr,
    /// The operator's plugin, which has this name in both vocabularies.
    pub operator: &'static CStr,
    /// The library's file, as `INSTALL PLUGIN` names the file after SONAME.
    pub file: &'static CStr,
    /// The main plugin of the other vocabulary, beside which no plugin of this library may run.
    pub rival: &'static CStr,
    /// The library of the other vocabulary.
    pub rival_file: &'static CStr,
}

/// The names of a library. `side`: the library's own word in the main plugin's name; `rival`: that
/// of the other vocabulary; `operator`: the word in the name of the operator's plugin.
#[macro_export]
macro_rules! library_names {
    (side: $side:tt, rival: $rival:tt, operator: $operator:tt) => {
        $crate::library::Names {
            main: $crate::c_text!("rpl_semi_sync_", $side),
            operator: $crate::c_text!("semisync_", $operator),
            file: $crate::c_text!("semisync_", $side, ".so"),
            rival: $crate::c_text!("rpl_semi_sync_", $rival),
            rival_file: $crate::c_text!("semisync_", $rival, ".so"),
        }
    };
}
