//! Servers that are not built as a release. In a debug build mutexes check themselves, and a wait
//! of ours would crash the server: a library must not take it for the server that it was built for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use semisync_live_tests::{Libraries, Names, Server, ServerConfig, in_both_vocabularies, needs};

/// Makes a release look like a debug build: it exports what only such a build has, under the name
/// of C, as older servers do, and under that of C++.
const EXPORTS_CHECKED_MUTEXES: &str = "
void safe_mutex_global_init(void) {}
void _Z22safe_mutex_global_initv(void) {}
";

/// Makes a release call itself a debug build, from the moment on when it opens a library.
const SAYS_DEBUG: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
void *dlopen(const char *file, int mode) {
    char *version = dlsym(RTLD_DEFAULT, "server_version");
    void *(*original)(const char *, int) = dlsym(RTLD_NEXT, "dlopen");
    if (version && !strstr(version, "-debug")) strcat(version, "-debug");
    return original(file, mode);
}
"#;

/// A shared library made of `source`. The server loads it before all others.
fn compile(name: &str, source: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (c, library) = (
        dir.join(format!("{name}.c")),
        dir.join(format!("{name}.so")),
    );
    fs::write(&c, source).expect("the source is written");
    let mut cc = Command::new("cc");
    let status = cc
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(&c)
        .status()
        .expect("cc runs, as it does for Rust");
    assert!(status.success(), "{cc:?}: {status}");
    library
}

/// `reason`: what the line in the error log says of the server.
fn assert_refused(names: Names, name: &str, source: &str, reason: &str) {
    needs!(Libraries::are_ours(), "the test is of our libraries");
    let library = compile(&format!("{name}-{names:?}"), source);
    let config = ServerConfig::new(1, names).env("LD_PRELOAD", &library.display().to_string());
    let server = Server::start(config);
    for install in [names.install_source(), names.install_replica()] {
        // Twice: the library stays mapped after the first.
        for _ in 0..2 {
            let mark = server.log_mark();
            let (code, message) = server.error(&install);
            assert_eq!(code, 1123, "{message}");
            let line = server.wait_log_since(mark, "debug build");
            println!("{line}");
            assert!(line.contains("[ERROR]") && line.contains(reason), "{line}");
        }
    }
    server.prepare();
    server.insert(1);
    // At its start the server goes up without the plugin.
    let option = format!("plugin-load-add={}", names.source_library());
    server.reconfigure(|config| config.option(&option));
    server.restart();
    server.insert(2);
    server.stop();
}

in_both_vocabularies! {
    fn a_server_whose_mutexes_check_themselves_is_refused(names) {
        assert_refused(
            names,
            "checked-mutexes",
            EXPORTS_CHECKED_MUTEXES,
            "safe_mutex_global_init",
        );
    }

    fn a_server_that_calls_itself_a_debug_build_is_refused(names) {
        assert_refused(names, "says-debug", SAYS_DEBUG, "-debug");
    }
}
