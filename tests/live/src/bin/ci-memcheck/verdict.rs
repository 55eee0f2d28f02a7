//! What is said of the reports of each server, and the verdict.

use semisync_live_tests::console::{Stop, say};

/// Whose a report is.
pub enum Whose {
    /// Of the library with faults on purpose.
    Planted,
    /// Of the server's own doing.
    Servers,
    /// Ours, and no fault: the reason.
    Known(&'static str),
    /// Ours: what people have to know of it.
    Ours(Vec<String>),
}

pub struct Verdict {
    checker: &'static str,
    /// The kinds of reports that the faults on purpose must lead to.
    planted: [&'static str; 2],
    /// The kinds of ours.
    faults: Vec<String>,
}

impl Verdict {
    pub fn of(checker: &'static str, planted: [&'static str; 2]) -> Verdict {
        Verdict {
            checker,
            planted,
            faults: Vec::new(),
        }
    }

    /// The reports of one server, each with its kind.
    pub fn add(&mut self, server: &str, reports: &[(&str, Whose)]) -> Result<(), Stop> {
        let (mut planted, mut reasons, mut ours) = (Vec::new(), Vec::new(), Vec::new());
        for (kind, whose) in reports {
            match whose {
                Whose::Planted => planted.push(*kind),
                Whose::Servers => {}
                Whose::Known(why) => reasons.push(*why),
                Whose::Ours(lines) => ours.push((*kind, lines)),
            }
        }
        say(format!(
            "{server}: {} reports, {} of the faults on purpose, {} known, {} of ours",
            reports.len(),
            planted.len(),
            reasons.len(),
            ours.len()
        ));
        reasons.sort_unstable();
        reasons.dedup();
        for why in reasons {
            say(format!("   known: {why}"));
        }
        let missing = self.planted.iter().find(|kind| !planted.contains(kind));
        if let Some(kind) = missing {
            let checker = self.checker;
            let why = format!("{checker} is blind: no {kind} of the planted library in {server}");
            return Err(Stop::failed(why));
        }
        for (kind, lines) in ours {
            lines.iter().for_each(say);
            self.faults.push(kind.to_owned());
        }
        Ok(())
    }

    pub fn end(self) -> Result<String, Stop> {
        if self.faults.is_empty() {
            return Ok("no report is ours".to_owned());
        }
        let faults = self.faults.join(", ");
        Err(Stop::failed(format!("reports of ours: {faults}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(reports: &[(&str, Whose)]) -> Result<String, Stop> {
        let mut verdict = Verdict::of("it", ["Race", "Order"]);
        verdict.add("the source", reports)?;
        verdict.end()
    }

    #[test]
    fn what_is_ours_fails_the_check_and_so_does_what_is_not_seen() {
        use Whose::{Known, Ours, Planted, Servers};
        let seen = || [("Race", Planted), ("Order", Planted), ("Race", Servers)];
        assert!(verdict(&seen()).is_ok());
        let known = seen().into_iter().chain([("Race", Known("why"))]);
        assert!(verdict(&known.collect::<Vec<_>>()).is_ok());
        let ours = seen().into_iter().chain([("Race", Ours(Vec::new()))]);
        assert!(verdict(&ours.collect::<Vec<_>>()).is_err());
        assert!(verdict(&seen()[1..]).is_err());
    }
}
