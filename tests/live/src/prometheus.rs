//! Prometheus and its exporter for MySQL, as people run them, on 127.0.0.1. `ci/setup
//! --monitoring-tools` gets the programs.
//!
//! Each process lives in a directory of its own, and ends with the value that started it. When the
//! test has failed, the directory stays, and the end of the process's log is printed.

use std::env;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::process;
use crate::scratch::{free_port, keep, new_dir};
use crate::server::Server;
use crate::sql::rows_of;
use crate::wait::{PATIENCE, eventually};

/// How often Prometheus scrapes and evaluates here.
const INTERVAL: &str = "1s";
/// No answer takes that long, even on a loaded machine.
const ANSWER_BOUND: Duration = Duration::from_secs(20);

/// One of the programs, from PATH or from where `ci/setup --monitoring-tools` puts it.
pub fn tool(name: &str) -> PathBuf {
    let home = env::var_os("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let dirs = env::split_paths(&path).chain([home.join(".cache/semisync/tools/bin")]);
    let mut files = dirs.map(|dir| dir.join(name));
    files
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("no {name}: run ci/setup --monitoring-tools"))
}

/// A process that serves HTTP.
struct Daemon {
    name: &'static str,
    dir: PathBuf,
    port: u16,
    child: Child,
}

impl Daemon {
    /// Starts the program of that name, and waits until it answers to `GET ready`. `arguments` are
    /// made from the directory, whose files are there already, and the port.
    #[track_caller]
    fn start(
        name: &'static str,
        dir: PathBuf,
        ready: &str,
        arguments: impl FnOnce(&Path, u16) -> Vec<String>,
    ) -> Daemon {
        let port = free_port();
        let log = File::create(dir.join("log")).expect("the log opens");
        let mut command = Command::new(tool(name));
        command.args(arguments(&dir, port)).current_dir(&dir);
        command.stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a second handle of the log"));
        command.stderr(log);
        let child = process::spawn(command).unwrap_or_else(|e| panic!("{name}: {e}"));
        let daemon = Daemon {
            name,
            dir,
            port,
            child,
        };
        eventually(PATIENCE, &format!("{name} answers"), || {
            daemon.get(ready).is_ok_and(|(status, _)| status == 200)
        });
        daemon
    }

    /// The status and the body of the answer.
    fn get(&self, path: &str) -> std::io::Result<(u16, String)> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(ANSWER_BOUND))?;
        // HTTP/1.0: the answer is not cut into chunks, and its end is that of the connection.
        write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        Ok((status.unwrap_or_default(), body.to_owned()))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if process::all_ended() {
            return;
        }
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.dir);
            return;
        }
        keep(&self.dir);
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(20)..].join("\n");
        let (name, dir) = (self.name, self.dir.display());
        eprintln!("--- {name} in {dir} is kept; the end of its log:\n{end}\n---");
    }
}

fn made_dir() -> PathBuf {
    let dir = new_dir();
    fs::create_dir_all(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    dir
}

/// The exporter of one server.
pub struct Exporter(Daemon);

impl Exporter {
    /// The exporter of `server`, with the user, the option file and the options that `guide` tells
    /// people to use.
    #[track_caller]
    pub fn start(server: &Server, guide: &Path) -> Exporter {
        let guide =
            fs::read_to_string(guide).unwrap_or_else(|e| panic!("{}: {e}", guide.display()));
        let mut conn = server.conn();
        let statements = block(&guide, "sql").trim_end().trim_end_matches(';');
        for sql in std::iter::once("SET sql_log_bin = 0").chain(statements.split(";\n")) {
            rows_of(&mut conn, sql).unwrap_or_else(|e| panic!("{server}: {sql}: {e}"));
        }
        let dir = made_dir();
        let socket = format!("socket={}", server.socket().display());
        let lines = block(&guide, "ini").lines().map(|line| match line {
            line if line.starts_with("socket=") => &socket,
            line => line,
        });
        let my_cnf = lines.collect::<Vec<_>>().join("\n");
        fs::write(dir.join("my.cnf"), my_cnf).expect("my.cnf is written");
        let words = block(&guide, "sh").split_whitespace();
        let switches = words.filter(|word| word.starts_with("--no-collect"));
        let arguments = |_: &Path, port| {
            let mut arguments = vec![
                "--config.my-cnf=my.cnf".to_owned(),
                format!("--web.listen-address=127.0.0.1:{port}"),
            ];
            arguments.extend(switches.map(str::to_owned));
            arguments
        };
        let exporter = Daemon::start("prometheus-mysqld-exporter", dir, "/", arguments);
        Exporter(exporter)
    }

    fn target(&self) -> String {
        format!("127.0.0.1:{}", self.0.port)
    }
}

/// The first block of that language in a page.
#[track_caller]
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    let behind = page.split_once(&format!("```{language}\n"));
    let block = behind.and_then(|(_, rest)| rest.split_once("```"));
    block.unwrap_or_else(|| panic!("no block of {language}")).0
}

/// One value of an answer, with the labels that belong to it, `__name__` among them.
#[derive(Clone, PartialEq, Debug)]
pub struct Sample {
    pub labels: Vec<(String, String)>,
    pub value: f64,
}

impl Sample {
    /// The value of a label, or "".
    pub fn label(&self, name: &str) -> &str {
        let label = self.labels.iter().find(|(own, _)| own == name);
        label.map_or("", |(_, value)| value)
    }
}

pub struct Prometheus(Daemon);

impl Prometheus {
    /// Runs the configuration file `example` with other intervals and targets: `instances` are the
    /// label `instance` and the exporter of each server.
    #[track_caller]
    pub fn start(example: &Path, instances: &[(&str, &Exporter)]) -> Prometheus {
        let dir = made_dir();
        let text = configuration(example, instances);
        fs::write(dir.join("prometheus.yml"), text).expect("prometheus.yml is written");
        let arguments = |_: &Path, port| {
            vec![
                "--config.file=prometheus.yml".to_owned(),
                "--storage.tsdb.path=data".to_owned(),
                "--log.level=warn".to_owned(),
                format!("--web.listen-address=127.0.0.1:{port}"),
            ]
        };
        Prometheus(Daemon::start("prometheus", dir, "/-/ready", arguments))
    }

    /// The value of an expression now; fails the test when Prometheus cannot evaluate it.
    #[track_caller]
    pub fn query(&self, expression: &str) -> Vec<Sample> {
        let path = format!("/api/v1/query?query={}", encode(expression));
        let answer = self.ask(&path, expression);
        let result = answer["result"].as_array().expect("a vector");
        let sample = |one: &Value| Sample {
            labels: labels(&one["metric"]),
            value: number(&one["value"][1]),
        };
        result.iter().map(sample).collect()
    }

    /// The values of an expression from `start` to `end`, in seconds since the epoch, every `step`
    /// seconds: for each series its labels, and times and values.
    #[track_caller]
    pub fn query_range(&self, expression: &str, [start, end, step]: [f64; 3]) -> Vec<Series> {
        let encoded = encode(expression);
        let path =
            format!("/api/v1/query_range?query={encoded}&start={start}&end={end}&step={step}");
        let answer = self.ask(&path, expression);
        let result = answer["result"].as_array().expect("a matrix");
        let point = |one: &Value| (number(&one[0]), number(&one[1]));
        let series = |one: &Value| Series {
            labels: labels(&one["metric"]),
            points: one["values"]
                .as_array()
                .expect("values")
                .iter()
                .map(point)
                .collect(),
        };
        result.iter().map(series).collect()
    }

    /// The rules that are loaded, as Prometheus' API tells them.
    #[track_caller]
    pub fn rules(&self) -> Vec<Value> {
        let answer = self.ask("/api/v1/rules", "the rules");
        let groups = answer["groups"].as_array().expect("groups");
        let rules = groups.iter().flat_map(|group| group["rules"].as_array());
        rules.flatten().cloned().collect()
    }

    /// The alerts that are pending or firing.
    #[track_caller]
    pub fn alerts(&self) -> Vec<Value> {
        let answer = self.ask("/api/v1/alerts", "the alerts");
        answer["alerts"].as_array().expect("alerts").clone()
    }

    #[track_caller]
    fn ask(&self, path: &str, what: &str) -> Value {
        let (_, body) = self.0.get(path).expect("an answer of Prometheus");
        let answer: Value =
            serde_json::from_str(&body).unwrap_or_else(|e| panic!("{what}: no JSON ({e}): {body}"));
        assert_eq!(answer["status"], "success", "{what}: {}", answer["error"]);
        answer["data"].clone()
    }
}

pub struct Series {
    pub labels: Vec<(String, String)>,
    pub points: Vec<(f64, f64)>,
}

fn labels(metric: &Value) -> Vec<(String, String)> {
    let labels = metric.as_object().expect("labels").iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    labels
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

/// Prometheus writes values as text, for the sake of NaN and infinity, and times as numbers.
fn number(value: &Value) -> f64 {
    let text = value.as_str().and_then(|text| text.parse().ok());
    text.or_else(|| value.as_f64()).expect("a number")
}

/// The example with other values: intervals, the place of the rules, the servers.
fn configuration(example: &Path, instances: &[(&str, &Exporter)]) -> String {
    let text = fs::read_to_string(example).unwrap_or_else(|e| panic!("{}: {e}", example.display()));
    let dir = example.parent().expect("the file is in a directory");
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        let trimmed = line.trim_start();
        if let Some((key, _)) = trimmed.split_once("_interval:") {
            lines.push(format!("{indent}{key}_interval: {INTERVAL}"));
        } else if let Some(rules) = trimmed.strip_prefix("- semisync") {
            lines.push(format!("{indent}- {}/semisync{rules}", dir.display()));
        } else if trimmed.starts_with("- targets:") {
            for (instance, exporter) in instances {
                let target = exporter.target();
                lines.push(format!("{indent}- targets: ['{target}']"));
                lines.push(format!("{indent}  labels: {{ instance: {instance} }}"));
            }
        } else {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n")
}

/// A word of a URL's query.
fn encode(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}
