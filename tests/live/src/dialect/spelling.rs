//! How each series spells what all of them can: statements, option files, log lines.

use super::Dialect;
use crate::paths;

/// A statement in today's words and in those before, and the first MySQL series that takes today's
/// (of 8.0 the later half).
const STATEMENTS: [(&str, &str, (u32, u32)); 8] = [
    ("CHANGE REPLICATION SOURCE TO", "CHANGE MASTER TO", (8, 0)),
    ("START REPLICA", "START SLAVE", (8, 0)),
    ("STOP REPLICA", "STOP SLAVE", (8, 0)),
    ("RESET REPLICA", "RESET SLAVE", (8, 0)),
    ("SHOW REPLICA STATUS", "SHOW SLAVE STATUS", (8, 0)),
    ("SHOW REPLICAS", "SHOW SLAVE HOSTS", (8, 0)),
    ("SHOW BINARY LOG STATUS", "SHOW MASTER STATUS", (8, 4)),
    ("RESET BINARY LOGS AND GTIDS", "RESET MASTER", (8, 4)),
];
/// From here on MySQL no longer takes the older ones.
const OLD_STATEMENTS_END: (u32, u32) = (8, 4);

impl Dialect {
    /// A statement of a test or of a guide as this server takes it.
    pub fn spell(&self, sql: &str) -> String {
        for (new, old, since) in STATEMENTS {
            let knows_new = self.mysql_from(since.0, since.1);
            let knows_old = !self.mysql_from(OLD_STATEMENTS_END.0, OLD_STATEMENTS_END.1);
            let (given, taken) = match (begins_with(sql, new), begins_with(sql, old)) {
                (true, _) if !knows_new => (new, old),
                (_, true) if !knows_old => (old, new),
                _ => continue,
            };
            let rest = &sql[given.len()..];
            return format!("{taken}{}", self.options(rest));
        }
        sql.to_owned()
    }

    /// The options of CHANGE MASTER and CHANGE REPLICATION SOURCE.
    fn options(&self, rest: &str) -> String {
        if self.takes_new_statements() {
            rest.replace("MASTER_", "SOURCE_")
        } else {
            rest.replace("SOURCE_", "MASTER_")
        }
    }

    /// START REPLICA and its columns; before, and in MariaDB, START SLAVE.
    pub fn takes_new_statements(&self) -> bool {
        self.mysql_from(8, 0)
    }

    /// Lines of a my.cnf as this server takes them: MariaDB 5.5 has no plugin-load-add.
    pub(crate) fn spell_options(&self, lines: &[String]) -> String {
        let text = lines.join("\n");
        if self.has_plugin_load_add() {
            return text;
        }
        let (plugins, mut others): (Vec<&str>, Vec<&str>) = text
            .lines()
            .partition(|line| line.replace('_', "-").starts_with("plugin-load-add="));
        let names = plugins.iter().filter_map(|line| line.split_once('='));
        let all: Vec<&str> = names.map(|(_, library)| library).collect();
        let merged = format!("plugin-load=\"{}\"", all.join(";"));
        if !all.is_empty() {
            others.push(&merged);
        }
        others.join("\n")
    }

    /// Lets a user in over TLS alone.
    pub(crate) fn require_tls(&self, user: &str) -> String {
        if self.mysql_from(8, 0) {
            format!("ALTER USER {user} REQUIRE SSL")
        } else {
            format!("GRANT USAGE ON *.* TO {user} REQUIRE SSL")
        }
    }

    /// A line that the plugins log, in the words of this series.
    pub fn log_line(&self, line: &str) -> String {
        if self.has_message_codes() {
            return line.to_owned();
        }
        let parts = line.split("replication");
        let old = |part: &str| part.replace("source", "master").replace("replica", "slave");
        parts.map(old).collect::<Vec<_>>().join("replication")
    }

    /// How such a line begins: `[Note] [MY-011170] [Repl]`, and before there were codes `[Note]`.
    pub fn log_tag(&self, level: &str, code: u32) -> String {
        if self.has_message_codes() {
            format!("[{level}] [MY-{code:06}] [Repl]")
        } else {
            format!("[{level}]")
        }
    }

    /// How the line begins that refuses the other name of a plugin that is loaded.
    pub fn conflict_tag(&self) -> String {
        self.log_tag("ERROR", 13766)
    }

    /// A variable's name as warnings quote it: before 8.0 they cut it off.
    pub fn in_warnings<'n>(&self, variable: &'n str) -> &'n str {
        let end = if self.mysql_from(8, 0) { 64 } else { 32 };
        variable.get(..end).unwrap_or(variable)
    }

    /// How much of everything a server has: many small ones run side by side. A start costs
    /// processor time above all by the memory that it fills.
    pub(crate) fn sizes(&self, roomy: bool) -> Vec<&'static str> {
        // The performance schema sizes itself by these, too. By default 5.6 takes 450 MB.
        let mut lines = vec!["table-open-cache=400", "table-definition-cache=400"];
        match (self.mysql_from(8, 0), roomy) {
            (true, true) => lines.extend([
                "innodb-log-buffer-size=16M",
                "performance-schema-digests-size=200",
            ]),
            (true, false) => lines.extend([
                "innodb-log-buffer-size=1M",
                // As the template has it (ci/setup.d/debian.sh), so that no start makes it larger.
                "loose-innodb-redo-log-capacity=16M",
                // Each start reads all of it.
                "loose-innodb-doublewrite-pages=4",
                "performance-schema-digests-size=200",
                // How often each account had each of 5,000 errors: nobody asks here.
                "loose-performance-schema-error-size=0",
                "performance-schema-accounts-size=10",
                "performance-schema-hosts-size=10",
                "performance-schema-users-size=10",
            ]),
            (false, true) => lines.clear(),
            (false, false) => {}
        }
        lines
    }

    /// The my.cnf lines in which the series differ.
    pub(crate) fn options_of_series(&self, data: &str) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut add = |line: &str| lines.push(line.to_owned());
        if self.has_gtid() {
            add("gtid-mode=ON");
            add("enforce-gtid-consistency=ON");
        }
        add(if self.mysql_from(5, 7) {
            "log-error-verbosity=3"
        } else {
            "log-warnings=2"
        });
        // The kernel has a limit of asynchronous requests for the whole machine. A server takes
        // thousands, and does not start without them.
        add("innodb-use-native-aio=OFF");
        if self.mysql_from(8, 0) {
            add("loose-mysqlx=OFF");
            return lines;
        }
        // What newer servers have by default.
        add("binlog-format=ROW");
        add("binlog-checksum=CRC32");
        add("slave-net-timeout=60");
        if self.has_gtid() {
            // 5.6 has no GTIDs without these, 5.7 no channels.
            add("log-slave-updates=ON");
            add("master-info-repository=TABLE");
            add("relay-log-info-repository=TABLE");
            add("explicit-defaults-for-timestamp=ON");
        }
        let template = paths::server_dir_of(&self.series).join("data");
        if template.join("ca.pem").exists() {
            add(&format!("ssl-ca={data}/ca.pem"));
            add(&format!("ssl-cert={data}/server-cert.pem"));
            add(&format!("ssl-key={data}/server-key.pem"));
        }
        // 5.5 does not start on redo logs of another size than the option says.
        if let Ok(log) = std::fs::metadata(template.join("ib_logfile0")) {
            add(&format!("innodb-log-file-size={}", log.len()));
        }
        lines
    }
}

fn begins_with(sql: &str, words: &str) -> bool {
    sql.get(..words.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_series_gets_its_own_statements() {
        let statements = [
            "STOP REPLICA IO_THREAD",
            "RESET MASTER",
            "RESET BINARY LOGS AND GTIDS",
            "stop slave",
            "SELECT 1",
        ];
        let taken = |series| {
            let dialect = Dialect::of(series);
            statements.map(|sql| dialect.spell(sql))
        };
        for old in ["5.6", "5.7", "mariadb-5.5", "mariadb-11.8"] {
            let expected = [
                "STOP SLAVE IO_THREAD",
                "RESET MASTER",
                "RESET MASTER",
                "stop slave",
                "SELECT 1",
            ];
            assert_eq!(taken(old), expected, "{old}");
        }
        let expected = [
            "STOP REPLICA IO_THREAD",
            "RESET MASTER",
            "RESET MASTER",
            "stop slave",
            "SELECT 1",
        ];
        assert_eq!(taken("8.0"), expected);
        let expected = [
            "STOP REPLICA IO_THREAD",
            "RESET BINARY LOGS AND GTIDS",
            "RESET BINARY LOGS AND GTIDS",
            "STOP REPLICA",
            "SELECT 1",
        ];
        assert_eq!(taken("9.7"), expected);
    }

    #[test]
    fn a_link_is_spelt_as_a_whole() {
        let sql = "CHANGE REPLICATION SOURCE TO SOURCE_HOST='h', SOURCE_SSL=1";
        assert_eq!(
            Dialect::of("5.6").spell(sql),
            "CHANGE MASTER TO MASTER_HOST='h', MASTER_SSL=1"
        );
        assert_eq!(Dialect::of("8.0").spell(sql), sql);
    }

    #[test]
    fn lines_of_the_log_are_in_the_words_of_the_series() {
        let line = "Start semi-sync replication to source, a replica";
        let old = "Start semi-sync replication to master, a slave";
        assert_eq!(Dialect::of("5.7").log_line(line), old);
        assert_eq!(Dialect::of("8.0").log_line(line), line);
    }
}
