//! The operator's plugin, the second one in each library: it is there on purpose only, shows
//! nothing among stock's rows, acts on the main plugin of its own library only, and goes at any
//! time.

use semisync_live_tests::{Libraries, Names, Server, ServerConfig, in_both_vocabularies, needs};

const OURS: &str = "stock has no second plugin";
/// `ER_INSTALL_PLUGIN_CONFLICT_CLIENT`
const CONFLICT: u16 = 4045;

/// One side of replication: its main plugin and the operator's plugin, in the library that has
/// both.
struct Side {
    main: String,
    operator: &'static str,
    library: String,
}

fn sides(names: Names) -> [Side; 2] {
    [
        Side {
            main: names.source_plugin(),
            operator: "semisync_source",
            library: names.source_library(),
        },
        Side {
            main: names.replica_plugin(),
            operator: "semisync_replica",
            library: names.replica_library(),
        },
    ]
}

impl Side {
    fn install_main(&self) -> String {
        format!("INSTALL PLUGIN {} SONAME '{}'", self.main, self.library)
    }

    fn install_operator(&self) -> String {
        format!("INSTALL PLUGIN {} SONAME '{}'", self.operator, self.library)
    }
}

in_both_vocabularies! {
    fn the_second_plugin_comes_before_after_and_without_the_main_one(names) {
        needs!(Libraries::are_ours(), OURS);
        let server = Server::start(ServerConfig::new(1, names));
        for side in sides(names) {
            let (main, operator) = (side.install_main(), side.install_operator());
            for [first, second] in [[&main, &operator], [&operator, &main]] {
                server.execute(first);
                server.execute(second);
                // Either of them goes first.
                server.uninstall(&side.main);
                assert!(server.has_plugin(side.operator));
                server.execute(&main);
                server.uninstall(side.operator);
                assert!(server.has_plugin(&side.main));
                server.uninstall(&side.main);
            }
            server.execute(&operator);
            server.uninstall(side.operator);
        }
        let log = server.log();
        assert!(!log.contains("Cannot install the"), "{log}");
        server.stop();
    }

    fn a_plugin_out_of_the_other_library_is_refused_in_either_order(names) {
        needs!(Libraries::are_ours(), OURS);
        needs!(names.other().is_available(), "they have one vocabulary");
        let server = Server::start(ServerConfig::new(1, names));
        for (here, there) in sides(names).iter().zip(sides(names.other())) {
            for (installed, refused, [plugin, file, in_the_way, other_file]) in [
                (
                    here.install_main(),
                    there.install_operator(),
                    [there.operator, &there.library, &here.main, &here.library],
                ),
                (
                    there.install_operator(),
                    here.install_main(),
                    [&here.main, &here.library, there.operator, &there.library],
                ),
            ] {
                server.execute(&installed);
                let mark = server.log_mark();
                let (code, message) = server.error(&refused);
                assert_eq!(code, CONFLICT, "{message}");
                let sentence = format!(
                    "Cannot install the {plugin} plugin of {file} when the {in_the_way} plugin of \
                     another library ({other_file}) is installed"
                );
                assert!(message.starts_with(&sentence), "{message}");
                let line = server.wait_log_since(mark, &sentence);
                assert!(line.contains(&server.dialect().conflict_tag()), "{line}");
                assert!(!server.has_plugin(plugin));
                server.uninstall(in_the_way);
            }
        }
        server.stop();
    }
}
