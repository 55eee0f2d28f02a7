//! Libraries of another series than the server's: the server refuses them with an error that says
//! so, and lives on. Some servers cannot tell the descriptors of two layouts apart. A library that
//! was misread would crash them.

use semisync_live_tests::{Dialect, Libraries, Names, Server, ServerConfig};

/// All series that libraries are built for.
const SERIES: [&str; 7] = [
    "5.6",
    "5.7",
    "8.0",
    "8.4",
    "9.7",
    "mariadb-5.5",
    "mariadb-10.1",
];
/// The errors of INSTALL PLUGIN: the server cannot open the library, finds no descriptor in it, or
/// the plugin does not initialise.
const CANNOT_OPEN: u16 = 1126;
const NO_DESCRIPTOR: u16 = 1127;
const NOT_INITIALISED: u16 = 1123;

/// How a MySQL server refuses a library of another series.
fn refusal(server: &Dialect, library: &Dialect) -> u16 {
    // From 8.0 on descriptors have one layout. The plugin itself compares the series.
    let is_new = Dialect::has_message_codes;
    if library.is_mariadb() {
        NO_DESCRIPTOR
    } else if is_new(server) && is_new(library) {
        NOT_INITIALISED
    } else {
        CANNOT_OPEN
    }
}

/// Installs all four libraries of `library_series` in `server_series`, by statement and at the
/// start of the server.
fn assert_refused(server_series: &str, library_series: &'static str) {
    let config = ServerConfig::new(1, Names::Old)
        .series(server_series)
        .libraries(Libraries::BuiltFor(library_series))
        .label(&format!(
            "{server_series} with libraries for {library_series}"
        ));
    let expected = refusal(&Dialect::of(server_series), &Dialect::of(library_series));
    let server = Server::start(config);
    for word in ["master", "slave", "source", "replica"] {
        let install = format!("INSTALL PLUGIN rpl_semi_sync_{word} SONAME 'semisync_{word}.so'");
        // Twice: the library stays mapped after the first.
        for _ in 0..2 {
            let (number, text) = server.error(&install);
            assert_eq!(number, expected, "{server}: {install}: {text}");
            if number == NOT_INITIALISED {
                server.wait_log(&format!("built for MySQL {library_series}"));
            }
        }
    }
    assert_eq!(
        server
            .rows("SHOW GLOBAL VARIABLES LIKE 'rpl_semi_sync%'")
            .len(),
        0
    );
    server.reconfigure(|config| config.option("plugin-load-add=semisync_master.so"));
    server.restart();
    assert_eq!(server.value("SELECT 1"), "1");
    server.assert_no_crash();
}

fn assert_all_others_refused(server_series: &str) {
    for library_series in SERIES {
        if library_series != server_series {
            assert_refused(server_series, library_series);
        }
    }
}

#[test]
fn mysql_9_7_refuses_libraries_of_every_other_series() {
    assert_all_others_refused("9.7");
}

#[test]
fn mysql_5_6_refuses_libraries_of_every_other_series() {
    assert_all_others_refused("5.6");
}
