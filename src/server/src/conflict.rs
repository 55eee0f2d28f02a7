//! Which plugins may not run beside each other, and what is said to whoever installs them so.
//!
//! The main plugins of the two vocabularies rule each other out, as stock's do. The operator's
//! plugin acts through the main plugin of its own library: beside that of the other library it
//! would have no effect, so it is refused there, in either order of installing.

use crate::{
    library::{Names, Part},
    log::{self, Arg, Level},
    sys,
};
use std::{
    ffi::{CStr, CString},
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether the error log has it already that another plugin keeps this one out. The client is told
/// each time; the log once until the plugin could be installed, so that a monitor which tries again
/// and again does not fill it. In the order of [`Part`].
static LOGGED: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];

/// An installed plugin beside which another may not run.
pub(crate) struct Conflict {
    /// For the client.
    pub error: CString,
    log_line: String,
}

impl Conflict {
    /// Whether the plugin `part` of this library must stay out. `is_ready`: whether a plugin of
    /// that name is installed, in whichever library.
    pub(crate) fn find(
        part: Part,
        names: &Names,
        is_ready: impl Fn(&CStr) -> bool,
    ) -> Option<Self> {
        let elsewhere = |name: &CStr, part: Part| is_ready(name) && !part.is_installed();
        let Names {
            main,
            operator,
            rival,
            ..
        } = *names;
        let found = match part {
            Part::Main if is_ready(rival) => Some(Self::of_rivals(names)),
            Part::Main if elsewhere(operator, Part::Operator) => {
                Some(Self::of_libraries(names, main, operator))
            }
            Part::Operator if is_ready(rival) => Some(Self::of_libraries(names, operator, rival)),
            Part::Operator if elsewhere(main, Part::Main) => {
                Some(Self::of_libraries(names, operator, main))
            }
            Part::Main | Part::Operator => None,
        };
        if found.is_none() {
            LOGGED[part as usize].store(false, Ordering::Relaxed);
        }
        found
    }

    /// In stock's words.
    fn of_rivals(names: &Names) -> Self {
        let (plugin, other) = (text(names.main), text(names.rival));
        let error =
            format!("Cannot install the {plugin} plugin when the {other} plugin is installed.");
        let args = [Arg::Text(plugin), Arg::Text(other)];
        Self::new(
            &error,
            log::server_text(sys::ER_INSTALL_PLUGIN_CONFLICT_LOG, &args),
        )
    }

    fn of_libraries(names: &Names, plugin: &CStr, other: &CStr) -> Self {
        // The main plugin by our own name is stock's then, of whichever file.
        let other_file = if other == names.main {
            String::new()
        } else {
            format!(" ({})", text(names.rival_file))
        };
        let file = text(names.file);
        let (plugin, other) = (text(plugin), text(other));
        let operator = text(names.operator);
        let line = format!(
            "Cannot install the {plugin} plugin of {file} when the {other} plugin of another \
             library{other_file} is installed: {operator} acts on the plugin of its own library \
             only. Install both with one SONAME."
        );
        Self::new(&line, line.clone())
    }

    fn new(error: &str, log_line: String) -> Self {
        Self {
            error: CString::new(error).unwrap_or_default(),
            log_line,
        }
    }

    /// Writes the line for the error log, unless the log has it.
    pub(crate) fn log(&self, part: Part) {
        if !LOGGED[part as usize].swap(true, Ordering::Relaxed) {
            log::coded(
                Level::Error,
                sys::ER_INSTALL_PLUGIN_CONFLICT_LOG,
                format_args!("{}", self.log_line),
            );
        }
    }
}

fn text(name: &CStr) -> &str {
    name.to_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: Names =
        crate::library_names!(side: "source", rival: "master", operator: "source");
    const MASTER: Names =
        crate::library_names!(side: "master", rival: "source", operator: "source");

    /// What is said to whoever installs a plugin beside others of the same or other libraries.
    fn error(part: Part, names: &Names, installed: &[(&CStr, bool)]) -> Option<String> {
        for (part, name) in [(Part::Main, names.main), (Part::Operator, names.operator)] {
            part.set_installed(installed.contains(&(name, true)));
        }
        let is_ready = |name: &CStr| installed.iter().any(|(ready, _)| *ready == name);
        let conflict = Conflict::find(part, names, is_ready)?;
        Some(conflict.error.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_plugin_stays_out_beside_those_of_the_other_library_in_either_order() {
        const HERE: bool = true;
        const ELSEWHERE: bool = false;
        // Alone, and beside the other plugin of the same library.
        for names in [&SOURCE, &MASTER] {
            assert_eq!(error(Part::Main, names, &[]), None);
            assert_eq!(error(Part::Operator, names, &[]), None);
            assert_eq!(error(Part::Main, names, &[(names.operator, HERE)]), None);
            assert_eq!(error(Part::Operator, names, &[(names.main, HERE)]), None);
        }
        // Stock's rule.
        assert_eq!(
            error(Part::Main, &SOURCE, &[(MASTER.main, ELSEWHERE)]).unwrap(),
            "Cannot install the rpl_semi_sync_source plugin when the rpl_semi_sync_master plugin \
             is installed."
        );
        let said = error(Part::Operator, &SOURCE, &[(MASTER.main, ELSEWHERE)]).unwrap();
        assert!(
            said.starts_with(
                "Cannot install the semisync_source plugin of semisync_source.so when the \
                 rpl_semi_sync_master plugin of another library (semisync_master.so) is installed"
            ),
            "{said}"
        );
        let said = error(Part::Main, &MASTER, &[(SOURCE.operator, ELSEWHERE)]).unwrap();
        assert!(
            said.starts_with(
                "Cannot install the rpl_semi_sync_master plugin of semisync_master.so when the \
                 semisync_source plugin of another library (semisync_source.so) is installed"
            ),
            "{said}"
        );
        // The main plugin by the same name, but of stock.
        assert!(error(Part::Operator, &SOURCE, &[(SOURCE.main, ELSEWHERE)]).is_some());
    }
}
