//! Whether a statement stops replication's appliers, by its text.

/// Whether the statement is STOP REPLICA (STOP SLAVE), and not for the receiver alone. The
/// beginning of the statement's text is enough.
pub fn stops_appliers(statement: &[u8]) -> bool {
    let mut words = Words(statement);
    if !words.next_is(&["STOP"]) || !words.next_is(&["REPLICA", "SLAVE"]) {
        return false;
    }
    let (mut receiver, mut applier) = (false, false);
    for word in words {
        receiver |= is_any(word, &["IO_THREAD", "RELAY_THREAD"]);
        applier |= is_any(word, &["SQL_THREAD"]);
    }
    applier || !receiver
}

fn is_any(word: &[u8], these: &[&str]) -> bool {
    these
        .iter()
        .any(|this| word.eq_ignore_ascii_case(this.as_bytes()))
}

/// The words of a statement, without comments and punctuation.
struct Words<'a>(&'a [u8]);

impl Words<'_> {
    fn next_is(&mut self, these: &[&str]) -> bool {
        self.next().is_some_and(|word| is_any(word, these))
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        loop {
            let comment_end: &[u8] = match self.0 {
                [] => return None,
                // The server executes what stands in such a comment.
                [b'/', b'*', b'!', rest @ ..] => {
                    self.0 = rest;
                    continue;
                }
                [b'/', b'*', ..] => b"*/",
                [b'#', ..] | [b'-', b'-', ..] => b"\n",
                [first, ..] if is_word(first) => break,
                [_, rest @ ..] => {
                    self.0 = rest;
                    continue;
                }
            };
            let end = self
                .0
                .windows(comment_end.len())
                .position(|window| window == comment_end)?;
            self.0 = self.0.get(end + comment_end.len()..)?;
        }
        let length = self.0.iter().take_while(|byte| is_word(byte)).count();
        let (word, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::stops_appliers;

    #[test]
    fn what_stops_appliers_is_told_from_what_does_not() {
        for stops in [
            "STOP REPLICA",
            "stop slave sql_thread",
            " /* why */ Stop\n\tReplica IO_THREAD, SQL_THREAD FOR CHANNEL 'x'",
            "-- a line\n# another\nSTOP REPLICA;",
            "STOP REPLICA FOR CHANNEL 'c'",
            "/*! STOP REPLICA */",
        ] {
            assert!(stops_appliers(stops.as_bytes()), "{stops}");
        }
        for other in [
            "",
            "STOP",
            "STOP REPLICA IO_THREAD",
            "STOP SLAVE relay_thread FOR CHANNEL ''",
            "STOP GROUP_REPLICATION",
            "START REPLICA",
            "INSERT INTO t VALUES ('STOP REPLICA')",
            "/* STOP REPLICA",
            "-- STOP REPLICA",
        ] {
            assert!(!stops_appliers(other.as_bytes()), "{other}");
        }
    }
}
