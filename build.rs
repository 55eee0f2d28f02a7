//! Build script of `semisync-sys`: picks the server series and turns its C declarations into Rust.
//!
//! The series comes from the environment variable `MYSQL_SERIES` (default: the newest). bindgen
//! reads `include/semisync.h`; the headers behind it are those of `mysql-headers/<series>/`. The
//! cfg `mysql_series` selects the list of parts in `src/sys/src/compat/` that belongs to the
//! series.

use std::{env, path::PathBuf};

/// The series that can be built, newest first, and the cfg value of each.
const SERIES: &[(&str, &str)] = &[
    ("9.7", "9_7"),
    ("8.4", "8_4"),
    ("8.0", "8_0"),
    ("5.7", "5_7"),
    ("5.6", "5_6"),
    ("mariadb-10.1", "mariadb_10_1"),
    ("mariadb-5.5", "mariadb_5_5"),
];

fn main() {
    println!("cargo::rerun-if-env-changed=MYSQL_SERIES");
    let wanted = env::var("MYSQL_SERIES").unwrap_or_else(|_| SERIES[0].0.to_owned());
    let Some((series, cfg)) = SERIES.iter().find(|(name, _)| *name == wanted) else {
        let known: Vec<_> = SERIES.iter().map(|(name, _)| *name).collect();
        panic!("MYSQL_SERIES={wanted} is not one of: {}", known.join(", "));
    };

    let values: Vec<_> = SERIES.iter().map(|(_, v)| format!("{v:?}")).collect();
    println!(
        "cargo::rustc-check-cfg=cfg(mysql_series, values({}))",
        values.join(", ")
    );
    println!("cargo::rustc-cfg=mysql_series={cfg:?}");
    println!("cargo::rustc-env=SERIES_MARKER=MYSQL_SERIES={series}");

    // The manifest is src/sys/Cargo.toml; the headers lie at the top.
    let top = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("../..");
    let all_headers = top.join("mysql-headers");
    let headers = all_headers.join(series);
    let include = top.join("include");
    println!("cargo::rerun-if-changed={}", all_headers.display());
    println!("cargo::rerun-if-changed={}", include.display());
    println!("cargo::rerun-if-changed={}", top.join("build.rs").display());

    // What is the same in several series is included from elsewhere below mysql-headers.
    let ours = format!("{}/.*", all_headers.display());
    let bindings = bindgen::Builder::default()
        .header(include.join("semisync.h").display().to_string())
        .clang_arg(format!("-I{}", headers.display()))
        .allowlist_file(ours)
        .blocklist_type("pthread_.*|sockaddr_storage|.*sigset_t|__pthread.*")
        .raw_line("#[allow(unused_imports)]")
        .raw_line("use libc::{pthread_attr_t, pthread_cond_t, pthread_mutex_t, pthread_t};")
        .raw_line("#[allow(unused_imports)]")
        .raw_line("use libc::{sigset_t, sockaddr_storage};")
        .prepend_enum_name(false)
        .derive_debug(false)
        .derive_copy(false)
        .layout_tests(true)
        .generate()
        .unwrap_or_else(|error| panic!("bindgen on {}: {error}", headers.display()));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo")).join("bindings.rs");
    bindings
        .write_to_file(&out)
        .unwrap_or_else(|error| panic!("{}: {error}", out.display()));
}
