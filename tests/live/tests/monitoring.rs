//! The alert rules and the dashboard of `monitoring/`: tried with promtool, and with a real
//! Prometheus on what the real exporter gives of real servers.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use semisync_live_tests::dashboard::{Dashboard, selectors};
use semisync_live_tests::fake_replica::FakeReplica;
use semisync_live_tests::hostile::{HostileReplica, Hostility};
use semisync_live_tests::load::{Load, Waiting};
use semisync_live_tests::pair::TABLE;
use semisync_live_tests::prometheus::{Exporter, Prometheus, tool};
use semisync_live_tests::sql::rows_of;
use semisync_live_tests::{
    A_DAY_MS, Dialect, Libraries, Names, PATIENCE, Topology, in_both_vocabularies, needs,
    repository, wait_for,
};
use serde_json::Value;

/// What the alert of a blocked source needs, on a loaded machine.
const BLOCKED_BOUND: Duration = Duration::from_secs(90);

fn monitoring(file: &str) -> PathBuf {
    repository().join("monitoring").join(file)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn rules() -> PathBuf {
    monitoring("semisync.rules.yml")
}

/// The dashboard as it shows the last seconds.
fn dashboard() -> Dashboard {
    Dashboard::read(&monitoring("dashboard.json"), "10s", "10s")
}

// --- what needs no server --------------------------------------------------------------------------

fn promtool(arguments: &[&str], files: &[PathBuf]) {
    let mut command = Command::new(tool("promtool"));
    let output = command.args(arguments).args(files).output();
    let output = output.expect("promtool runs");
    let words = [output.stdout, output.stderr].concat();
    let words = String::from_utf8_lossy(&words);
    assert!(output.status.success(), "promtool {arguments:?}:\n{words}");
    println!("{words}");
}

/// The files of promtool's unit tests.
fn cases() -> Vec<PathBuf> {
    let dir = fs::read_dir(monitoring("tests")).expect("monitoring/tests");
    let mut files: Vec<PathBuf> = dir.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
}

/// The words behind `key` at the beginnings of lines.
fn values<'a>(text: &'a str, key: &str) -> BTreeSet<&'a str> {
    let lines = text.lines().map(str::trim_start);
    lines.filter_map(|line| line.strip_prefix(key)).collect()
}

#[test]
fn promtool_finds_the_rules_sound_and_every_alert_fires_in_its_cases_alone() {
    promtool(&["check", "config"], &[monitoring("prometheus.yml")]);
    promtool(&["check", "rules", "--lint-fatal"], &[rules()]);
    promtool(&["test", "rules"], &cases());

    let rules = read(&rules());
    let cases: String = cases().iter().map(|file| read(file)).collect();
    let alerts = values(&rules, "- alert: ");
    assert!(alerts.len() > 6, "{alerts:?}");
    for alert in alerts {
        let fires = cases.contains(&format!("alertname=\"{alert}\", alertstate=\"firing\", "))
            || cases.contains(&format!("alertname=\"{alert}\", alertstate=\"firing\",\n"))
            || cases.contains(&format!("alertname: {alert}\n        exp_alerts:"));
        assert!(fires, "no case in which {alert} fires");
        let silent = cases.contains(&format!("- {{ eval_time: 15s, alertname: {alert} }}"))
            || cases.contains(&format!("- expr: ALERTS{{alertname=\"{alert}\""));
        assert!(silent, "no case in which {alert} does not fire");
    }
}

#[test]
fn the_dashboard_is_in_order() {
    let dashboard = dashboard();
    let mut cells = HashSet::new();
    let mut titles = HashSet::new();
    for panel in &dashboard.panels {
        let title = &panel.title;
        assert!(titles.insert(title), "two panels {title:?}");
        let [x, y, w, h] = panel.place;
        assert!(x + w <= 24, "{title} is too wide");
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(cells.insert(cell), "{title} overlaps another panel");
        }
        let about = panel.json["description"].as_str().unwrap_or_default();
        assert!(about.ends_with('.'), "{title} is not described: {about:?}");
        assert!(!panel.queries.is_empty(), "{title}");
        for target in panel.json["targets"].as_array().expect("targets") {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
        }
    }
    let all = dashboard.json["panels"].as_array().expect("panels");
    let ids: HashSet<u64> = all.iter().filter_map(|one| one["id"].as_u64()).collect();
    assert_eq!(ids.len(), all.len(), "each panel has an id of its own");
}

// --- real servers, the real exporter, a real Prometheus ---------------------------------------------

struct Watched {
    pair: Topology,
    prometheus: Prometheus,
    _exporters: [Exporter; 2],
}

/// A pair that knows of no timeout, and a Prometheus that sees both ends.
fn watched(names: Names) -> Watched {
    let pair = Topology::new(names)
        .set("timeout", A_DAY_MS)
        .source_option("semisync_source_replica_rows=ON")
        .start();
    let guide = monitoring("README.md");
    let exporters = [&pair.source, pair.replica()].map(|server| Exporter::start(server, &guide));
    let [source, replica] = &exporters;
    let instances = [("source", source), ("replica", replica)];
    let prometheus = Prometheus::start(&monitoring("prometheus.yml"), &instances);
    wait_for(PATIENCE, "both servers are scraped", || {
        let up = prometheus.query("mysql_up == 1");
        if up.len() == 2 {
            Ok(())
        } else {
            Err(format!("{up:?}"))
        }
    });
    Watched {
        pair,
        prometheus,
        _exporters: exporters,
    }
}

/// The rules, once Prometheus has evaluated each of them without an error.
fn evaluated_rules(prometheus: &Prometheus) -> Vec<Value> {
    let seen = || {
        let rules = prometheus.rules();
        match rules.iter().find(|rule| rule["health"] != "ok") {
            None => Ok(rules),
            Some(rule) => Err(rule.to_string()),
        }
    };
    wait_for(PATIENCE, "every rule is evaluated", seen).0
}

/// Whether a server with these names and of this series gives such rows.
fn is_of(selector: &str, names: Names) -> bool {
    let series = Dialect::of_run();
    if (selector.contains("_fenced") && !series.has_before_commit())
        || (selector.contains("wait_for_") && !series.has_wait_count())
    {
        return false;
    }
    let Some((_, row)) = selector.split_once("rpl_semi_sync_") else {
        return true;
    };
    let other = names.other();
    let is_word = |word: &str| {
        row.split(|c: char| !c.is_ascii_alphabetic())
            .any(|own| own == word)
    };
    !is_word(other.source()) && !is_word(other.replica())
}

in_both_vocabularies! {
    fn the_exporter_gives_every_row_that_rules_and_dashboard_ask_for(names) {
        needs!(Libraries::are_ours(), "the rows are of our libraries");
        let Watched { pair, prometheus, _exporters } = watched(names);
        let load = Load::paced(&pair.source, 2, Duration::from_millis(20), |_| {
            format!("INSERT INTO {TABLE} (n) VALUES (1)")
        });
        let mut expressions: Vec<(String, String)> = Vec::new();
        for rule in evaluated_rules(&prometheus) {
            let text = |key: &str| rule[key].as_str().expect("a text").to_owned();
            expressions.push((text("name"), text("query")));
        }
        for panel in dashboard().panels {
            let title = panel.title;
            let queries = panel.queries.into_iter();
            expressions.extend(queries.map(|query| (title.clone(), query.expression)));
        }
        let mut asked = BTreeSet::new();
        for (whose, expression) in &expressions {
            for selector in selectors(expression, "mysql_") {
                if is_of(&selector, names) && asked.insert(selector.clone()) {
                    wait_for(PATIENCE, &format!("{selector} of {whose:?}"), || {
                        match prometheus.query(&selector).len() {
                            0 => Err("no series".to_owned()),
                            _ => Ok(()),
                        }
                    });
                }
            }
        }
        assert!(asked.len() > 20, "{asked:?}");
        load.finish_clean();
    }

    fn every_panel_of_the_dashboard_shows_something_of_a_source_at_work(names) {
        needs!(Libraries::are_ours(), "the rows are of our libraries");
        let Watched { pair, prometheus, _exporters } = watched(names);
        let load = Load::paced(&pair.source, 2, Duration::from_millis(20), |_| {
            format!("INSERT INTO {TABLE} (n) VALUES (1)")
        });
        for panel in dashboard().panels {
            for query in panel.queries {
                let what = format!("{}: {}", panel.title, query.expression);
                wait_for(PATIENCE, &what, || {
                    let samples = prometheus.query(&query.expression);
                    match samples.iter().any(|sample| sample.value.is_finite()) {
                        true => Ok(()),
                        false => Err(format!("{samples:?}")),
                    }
                });
            }
        }
        load.finish_clean();
    }

    fn a_source_that_stands_still_raises_the_alarm_until_it_goes_on(names) {
        needs!(Libraries::are_ours(), "the rows are of our libraries");
        let Watched { pair, prometheus, _exporters } = watched(names);
        pair.source.insert(1);
        assert_eq!(firing(&prometheus), Vec::<Value>::new());

        pair.replica().freeze();
        let commit = Waiting::insert(&pair.source, 2);
        let (alert, took) = wait_for(BLOCKED_BOUND, "the alarm", || one_alert(&prometheus));
        println!("the alarm came {took:?} after the commit");
        let labels = &alert["labels"];
        assert_eq!(labels["alertname"], "SemiSyncSourceBlocked", "{alert}");
        assert_eq!(labels["instance"], "source");
        assert_eq!(labels["severity"], "critical");
        assert!(!commit.is_over());

        pair.replica().thaw();
        commit.done_within(PATIENCE);
        wait_for(PATIENCE, "the end of the alarm", || match firing(&prometheus) {
            none if none.is_empty() => Ok(()),
            alerts => Err(format!("{alerts:?}")),
        });
    }

    fn a_replica_that_lies_raises_the_alarm(names) {
        needs!(Libraries::are_ours(), "the rows are of our libraries");
        let Watched { pair, prometheus, _exporters } = watched(names);
        pair.source.allow_fakes();
        let fake = FakeReplica::at_the_end(&pair.source, 99);
        let _liar = HostileReplica::unleash(fake, Hostility::PositionFromTheFuture);
        pair.source.wait_status("clients", "2");
        let (alert, _) = wait_for(PATIENCE, "the alarm", || {
            pair.source.insert(1);
            one_alert(&prometheus)
        });
        let labels = &alert["labels"];
        assert_eq!(labels["alertname"], "SemiSyncAcknowledgementsRefused", "{alert}");
        assert_eq!(labels["instance"], "source");
    }
}

#[test]
fn a_source_that_refuses_commits_raises_the_alarm() {
    needs!(Libraries::are_ours(), "the rows are of our libraries");
    needs!(
        Dialect::of_run().has_before_commit(),
        "it asks nobody before a commit"
    );
    let Watched {
        pair,
        prometheus,
        _exporters,
    } = watched(Names::newest());
    let source = &pair.source;
    source.execute("CREATE USER app IDENTIFIED BY 'App-1-secret'");
    source.execute("GRANT INSERT ON app.* TO app");
    source.execute("SET GLOBAL semisync_source_min_replicas = 2");
    let mut app = source.tcp_conn("app", "App-1-secret");
    let insert = format!("INSERT INTO {TABLE} (n) VALUES (1)");
    rows_of(&mut app, &insert).expect_err("one replica is not enough");
    let (alert, _) = wait_for(PATIENCE, "the alarm", || one_alert(&prometheus));
    let labels = &alert["labels"];
    assert_eq!(
        labels["alertname"], "SemiSyncSourceRefusesCommits",
        "{alert}"
    );
    assert_eq!(labels["instance"], "source");
    assert_eq!(labels["severity"], "critical");
}

fn firing(prometheus: &Prometheus) -> Vec<Value> {
    let alerts = prometheus.alerts().into_iter();
    alerts.filter(|alert| alert["state"] == "firing").collect()
}

/// The alert that is firing; else all, in words.
fn one_alert(prometheus: &Prometheus) -> Result<Value, String> {
    match &firing(prometheus)[..] {
        [alert] => Ok(alert.clone()),
        _ => Err(format!("{:?}", prometheus.alerts())),
    }
}

#[test]
fn every_alert_says_how_urgent_it_is_and_what_to_do() {
    let prometheus = Prometheus::start(&monitoring("prometheus.yml"), &[]);
    let rules = prometheus.rules();
    let alerts = rules.iter().filter(|rule| rule["type"] == "alerting");
    let mut names = HashSet::new();
    for alert in alerts {
        let name = alert["name"].as_str().expect("a name");
        assert!(names.insert(name), "two alerts {name}");
        let severity = alert["labels"]["severity"].as_str().unwrap_or_default();
        assert!(
            ["critical", "warning"].contains(&severity),
            "{name}: {severity:?}"
        );
        for annotation in ["summary", "description", "action"] {
            let text = alert["annotations"][annotation]
                .as_str()
                .unwrap_or_default();
            assert!(text.len() > 20, "{name}: {annotation}: {text:?}");
        }
        let readme = read(&monitoring("README.md"));
        assert!(
            readme.contains(&format!("`{name}`")),
            "the README does not know {name}"
        );
    }
    assert!(names.len() > 6, "{names:?}");
    let of_text = read(&self::rules());
    // Prometheus shows no `for` of zero: it has to be written all the same, as a decision.
    assert_eq!(of_text.matches("        for: ").count(), names.len());
}
