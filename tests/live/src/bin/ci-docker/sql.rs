//! What is typed at the servers, and what they are asked.
//!
//! Statements are written as the guides have them, in the words of series up to 8.0. Each server
//! gets them as its series takes them.

use std::process::{Child, Stdio};

use semisync_live_tests::console::{OrStop, Stop};

use crate::servers::Servers;

impl Servers<'_> {
    /// CHANGE MASTER, for a replica of `source`.
    pub fn change_to(&self, source: &str) -> String {
        let key = match self.dialect.takes_new_statements() {
            true => ", GET_MASTER_PUBLIC_KEY=1",
            false => "",
        };
        format!(
            "CHANGE MASTER TO MASTER_HOST='{source}', MASTER_USER='repl', \
             MASTER_PASSWORD='secret', MASTER_AUTO_POSITION=1{key}"
        )
    }

    /// What the server answers: a line for each row, with tabs between the columns.
    pub fn sql(&self, server: &str, sql: &str) -> Result<String, Stop> {
        let execute = format!("--execute={}", self.dialect.spell(sql));
        let container = self.container(server);
        let client = ["exec", "-i", &container, "mysql", "--user=root"];
        let options = ["--batch", "--skip-column-names", &execute];
        self.run.ask(&[&client[..], &options[..]].concat())
    }

    /// The second column of the first row, as of SHOW ... LIKE; "" when there is none.
    pub fn value(&self, server: &str, sql: &str) -> Result<String, Stop> {
        let answer = self.sql(server, sql)?;
        let first = answer.lines().next().unwrap_or_default();
        Ok(first.split('\t').nth(1).unwrap_or_default().to_owned())
    }

    /// Shows statements as a person types them, and what the server says.
    pub fn typed(&self, server: &str, statements: &[&str]) -> Result<(), Stop> {
        self.typed_of_which(server, statements, |_| true)
    }

    /// As `typed`; of what the server says, the lines that are `wanted`.
    pub fn typed_of_which(
        &self,
        server: &str,
        statements: &[&str],
        wanted: impl Fn(&str) -> bool,
    ) -> Result<(), Stop> {
        for sql in statements {
            let sql = self.dialect.spell(sql);
            println!("   {server}> {sql};");
            let execute = format!("--execute={sql}");
            let container = self.container(server);
            let client = ["exec", "-i", &container, "mysql", "--user=root"];
            let mut command = self
                .run
                .docker(&[&client[..], &["--table", &execute]].concat())?;
            let output = command
                .stderr(Stdio::piped())
                .output()
                .or_stop("docker exec")?;
            if !output.status.success() {
                let words = String::from_utf8_lossy(&output.stderr);
                let reason = format!("{server} refused: {sql}: {}", words.trim());
                return Err(Stop::failed(reason));
            }
            let answer = String::from_utf8_lossy(&output.stdout);
            let lines = answer.lines().filter(|line| wanted(line));
            lines.for_each(|line| println!("      {line}"));
        }
        Ok(())
    }

    /// How long the client waited for the OK of an insert, in milliseconds.
    pub fn insert(&self, server: &str, text: &str) -> Result<u64, Stop> {
        println!("   {server}> {};", insertion(text));
        let sql = format!(
            "SET @began = SYSDATE(6); {}; \
             SELECT TIMESTAMPDIFF(MICROSECOND, @began, SYSDATE(6)) DIV 1000",
            insertion(text)
        );
        self.sql(server, &sql)?
            .parse()
            .or_stop("the time of an insert")
    }

    /// An insert in another session, which goes on.
    pub fn start_insert(&self, server: &str, text: &str) -> Result<Insert, Stop> {
        println!("   {server}> {};   (in another session)", insertion(text));
        let execute = format!("--execute={}", insertion(text));
        let container = self.container(server);
        let arguments = ["exec", "-i", &container, "mysql", "--user=root", &execute];
        Ok(Insert(
            self.run
                .docker(&arguments)?
                .spawn()
                .or_stop("docker exec")?,
        ))
    }

    /// A status variable without `Rpl_semi_sync_`: `master_clients`.
    pub fn status(&self, server: &str, suffix: &str) -> Result<String, Stop> {
        self.value(
            server,
            &format!("SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_{suffix}'"),
        )
    }

    pub fn counter(&self, server: &str, suffix: &str) -> Result<u64, Stop> {
        self.status(server, suffix)?
            .parse()
            .or_stop(format!("{suffix} of {server}"))
    }

    /// How many rows of the guides' table have this text.
    pub fn rows_with(&self, server: &str, text: &str) -> Result<String, Stop> {
        let sql = format!("SELECT COUNT(*) FROM guide.notes WHERE text = '{text}'");
        self.sql(server, &sql)
    }

    /// How many sessions wait for acknowledgements.
    pub fn waiting(&self, server: &str) -> Result<String, Stop> {
        let sessions = self.sql(server, "SHOW PROCESSLIST")?;
        let waits = |line: &&str| line.contains("Waiting for semi-sync ACK from ");
        Ok(sessions.lines().filter(waits).count().to_string())
    }

    /// State, type, library and licence of a plugin; "" when there is no such plugin.
    pub fn plugin(&self, server: &str, name: &str) -> Result<String, Stop> {
        let columns = "PLUGIN_STATUS, PLUGIN_TYPE, PLUGIN_LIBRARY, PLUGIN_LICENSE";
        let table = "INFORMATION_SCHEMA.PLUGINS";
        let sql =
            format!("SELECT CONCAT_WS(' ', {columns}) FROM {table} WHERE PLUGIN_NAME = '{name}'");
        self.sql(server, &sql)
    }
}

fn insertion(text: &str) -> String {
    format!("INSERT INTO guide.notes (text) VALUES ('{text}')")
}

/// A client that waits for its OK.
pub struct Insert(Child);

impl Insert {
    pub fn done(mut self) -> Result<(), Stop> {
        let status = self.0.wait().or_stop("docker exec")?;
        match status.success() {
            true => Ok(()),
            false => Err(Stop::failed("the insert failed")),
        }
    }
}
