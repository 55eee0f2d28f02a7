use super::*;
use crate::member::is_word;
use proptest::{collection::vec, prelude::*, test_runner::Config};

const UUID: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

fn word() -> impl Strategy<Value = Box<str>> {
    prop_oneof![
        "[a-zA-Z_][a-zA-Z0-9_$]{0,8}",
        "[!-~&&[^,():=@\"'*]]{1,64}",
        prop_oneof![
            Just("any"),
            Just("First"),
            Just("ZONES"),
            Just("and"),
            Just("zone")
        ]
        .prop_map(str::to_owned),
    ]
    .prop_filter("a word", |word| is_word(word))
    .prop_map(Box::from)
}

fn mention() -> impl Strategy<Value = Mention> {
    prop_oneof![
        Just(Mention::Everybody),
        (1..=u32::MAX).prop_map(Mention::ServerId),
        Just(Mention::Uuid(UUID.parse().expect("a UUID"))),
        word().prop_map(Mention::Name),
        word().prop_map(Mention::Zone),
    ]
}

fn quorum() -> impl Strategy<Value = Quorum> {
    let (count, members) = (|| 1..=MOST, || vec(mention(), 1..5));
    let term = prop_oneof![
        (count(), members()).prop_map(|(count, members)| Term::Any(count, members)),
        (count(), members()).prop_map(|(count, members)| Term::First(count, members)),
        count().prop_map(Term::Zones),
    ];
    vec(term, 1..4).prop_map(|terms| Quorum { terms })
}

/// What a quorum is made of, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("ANY"),
        Just("first"),
        Just("ZONES"),
        Just("AND"),
        Just("1"),
        Just("70000"),
        Just("("),
        Just(")"),
        Just(","),
        Just("*"),
        Just("\""),
        Just("zone:"),
        Just("db2"),
        Just("é"),
        Just(UUID),
        Just("=")
    ];
    let space = prop_oneof![Just(""), Just(" "), Just("\t\n")];
    vec((piece, space), 0..12).prop_map(|pieces| {
        let pieces = pieces.into_iter().flat_map(|(piece, space)| [piece, space]);
        pieces.collect()
    })
}

/// Whatever is refused has a place inside the text, or just behind it.
fn check_any(text: &str) -> Result<(), TestCaseError> {
    match text.parse::<Quorum>() {
        Ok(quorum) => prop_assert_eq!(quorum.to_string().parse(), Ok(quorum)),
        Err(SyntaxError { place, message }) => {
            prop_assert!((1..=text.chars().count() + 1).contains(&place));
            prop_assert!(!message.is_empty());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config {
        cases: if cfg!(miri) { 8 } else { 1024 },
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    fn what_is_shown_is_read_as_the_same(quorum in quorum()) {
        prop_assert_eq!(quorum.to_string().parse(), Ok(quorum));
    }

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        check_any(&text)?;
    }

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..40)) {
        check_any(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_pieces_are_survived(text in pieces()) {
        check_any(&text)?;
    }
}

#[test]
fn what_is_read_is_shown_in_one_way() {
    for (text, shown) in [
        ("ANY 2 (a, b, c)", "ANY 2 (a, b, c)"),
        ("  any\t2(a,b ,\n c)", "ANY 2 (a, b, c)"),
        ("FIRST 1 (db2, db3)", "FIRST 1 (db2, db3)"),
        ("2 (a, b)", "FIRST 2 (a, b)"),
        ("a, b", "FIRST 1 (a, b)"),
        ("2", "FIRST 1 (2)"),
        ("*", "FIRST 1 (*)"),
        ("ZONES 2", "ZONES 2"),
        ("zones 65535", "ZONES 65535"),
        ("ANY 02 (*)", "ANY 2 (*)"),
        (
            "ANY 1 (zone:east, Zone:west)",
            "ANY 1 (zone:east, zone:west)",
        ),
        (
            "ANY 1 (zone:b) and ANY 1 (zone:c)",
            "ANY 1 (zone:b) AND ANY 1 (zone:c)",
        ),
        (
            "a, b AND ZONES 1 AND c",
            "FIRST 1 (a, b) AND ZONES 1 AND FIRST 1 (c)",
        ),
        ("ANY 1 (0042, 4294967295)", "ANY 1 (42, 4294967295)"),
        (
            "ANY 1 (3E11FA47-71CA-11E1-9E33-C80AA9429562)",
            "ANY 1 (3e11fa47-71ca-11e1-9e33-c80aa9429562)",
        ),
        (
            "ANY 1 (\"any\", \"db2\", \"7\", \"*\")",
            "ANY 1 (\"any\", db2, 7, *)",
        ),
        ("ANY 1 (db-2.example)", "ANY 1 (\"db-2.example\")"),
        (
            "ANY 1 (\"zone:b\", zone:\"and\")",
            "ANY 1 (zone:b, zone:\"and\")",
        ),
        ("ANY 1 (zone, zones2)", "ANY 1 (zone, zones2)"),
    ] {
        let quorum: Quorum = text
            .parse()
            .unwrap_or_else(|wrong| panic!("{text}: {wrong}"));
        assert_eq!(quorum.to_string(), shown);
    }
}

#[test]
fn what_is_wrong_has_a_place() {
    const TERM: &str = "ANY, FIRST, ZONES or a member is expected";
    const COUNT: &str = "a number from 1 to 65535 is expected";
    const MEMBER: &str = "a member (server id, UUID, name, zone:name or *) is expected";
    const SERVER_ID: &str = "a server id from 1 to 4294967295 is expected";
    const WORD: &str = "a name or zone is expected";
    const COMMA: &str = "',' or ')' is expected";
    let too_long = format!("ANY 1 ({})", "x".repeat(65));
    for (text, place, message) in [
        ("", 1, TERM),
        ("   ", 4, TERM),
        ("(a)", 1, TERM),
        (", a", 1, TERM),
        ("ANY", 4, COUNT),
        ("ANY (a)", 5, COUNT),
        ("ANY x (a)", 5, COUNT),
        ("ANY 0 (a)", 5, COUNT),
        ("ANY 65536 (a)", 5, COUNT),
        ("ANY 99999999999999999999 (a)", 5, COUNT),
        ("ANY -1 (a)", 5, COUNT),
        ("ANY \"1\" (a)", 5, COUNT),
        ("FIRST", 6, COUNT),
        ("0 (a)", 1, COUNT),
        ("ZONES", 6, COUNT),
        ("ZONES b", 7, COUNT),
        ("ZONES 1 (b)", 9, "AND is expected"),
        ("ANY 1", 6, "'(' is expected"),
        ("ANY 1 a", 7, "'(' is expected"),
        ("ANY 1 ()", 8, MEMBER),
        ("ANY 1 (", 8, MEMBER),
        ("ANY 1 (a,)", 10, MEMBER),
        ("ANY 1 (a,", 10, MEMBER),
        ("ANY 1 (0)", 8, SERVER_ID),
        ("ANY 1 (4294967296)", 8, SERVER_ID),
        ("ANY 1 (a=b)", 9, "a name or zone has no '='"),
        ("ANY 1 (a'b)", 9, "a name or zone has no '\\''"),
        ("ANY 1 (é)", 8, "a name or zone has no 'é'"),
        ("ANY 1 (zone:)", 13, WORD),
        ("ANY 1 (zone:*)", 13, "a name or zone has no '*'"),
        ("ANY 1 (zone:2)", 13, "a server id is no name or zone"),
        ("ANY 1 (zone: b)", 13, WORD),
        ("ANY 1 (\"\")", 9, WORD),
        ("ANY 1 (zone:\"b c\")", 15, "a name or zone has no ' '"),
        ("ANY 1 (\"a b\")", 10, "a name or zone has no ' '"),
        (
            too_long.as_str(),
            72,
            "a name or zone has at most 64 characters",
        ),
        ("ANY 1 (a b)", 10, COMMA),
        ("ANY 1 (a", 9, COMMA),
        ("ANY 1 (a\"b\")", 9, COMMA),
        ("ANY 1 (\"a\"\"b\")", 11, COMMA),
        ("ANY 1 (a) b", 11, "AND is expected"),
        ("ANY 1 (a))", 10, "AND is expected"),
        ("ANY 1 (a), ANY 1 (b)", 10, "AND is expected"),
        ("ANY 1 (a) AND", 14, TERM),
        (
            "ANY 1 (a) AND AND",
            15,
            "AND is a keyword and no name without quotation marks",
        ),
        (
            "ANY 1 (first)",
            8,
            "first is a keyword and no name without quotation marks",
        ),
        ("ANY 1 (é) AND", 8, "a name or zone has no 'é'"),
        ("a b", 3, "',' or AND is expected"),
        ("ALL 2 (a)", 5, "',' or AND is expected"),
        ("a,", 3, MEMBER),
        (
            "ANY 1 (\"a)",
            8,
            "a quotation mark is opened and not closed",
        ),
        (
            "\"a\", b, \"",
            9,
            "a quotation mark is opened and not closed",
        ),
    ] {
        let wrong = text.parse::<Quorum>().expect_err(text);
        assert_eq!(
            (wrong.place, wrong.message.as_str()),
            (place, message),
            "{text}"
        );
    }
    let wrong = "ANY x".parse::<Quorum>().expect_err("no number");
    assert_eq!(
        wrong.to_string(),
        "a number from 1 to 65535 is expected at character 5"
    );
}

#[test]
fn a_long_text_is_read_as_a_short_one() {
    let members = vec!["db2"; 10_000].join(", ");
    let quorum: Quorum = format!("ANY 1 ({members})").parse().expect("many members");
    assert!(matches!(&quorum.terms[..], [Term::Any(1, members)] if members.len() == 10_000));
    let terms = vec!["ZONES 1"; 10_000].join(" AND ");
    let quorum: Quorum = terms.parse().expect("many terms");
    assert_eq!(quorum.terms.len(), 10_000);
}
