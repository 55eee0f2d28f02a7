use super::*;
use proptest::{collection::vec, prelude::*, test_runner::Config};

fn members(text: &str) -> Members {
    text.parse()
        .unwrap_or_else(|wrong| panic!("{text}: {wrong}"))
}

fn replica(server_id: u32, name: &str, zone: &str) -> Member {
    let word = |word: &str| (!word.is_empty()).then(|| Box::from(word));
    Member {
        name: word(name),
        zone: word(zone),
        ..Member::of(server_id)
    }
}

proptest! {
    #![proptest_config(Config {
        cases: if cfg!(miri) { 8 } else { 512 },
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    fn what_is_shown_is_read_as_the_same_and_any_text_is_survived(
        text in prop_oneof![
            any::<String>(),
            vec("[1-9]{1,3}=(db[a-c1-9]{0,4})?(@[ew]{1,2})?", 0..4)
                .prop_map(|entries| entries.join(",")),
            "[1-3=@, a]{0,20}",
        ],
    ) {
        match text.parse::<Members>() {
            Ok(members) => prop_assert_eq!(members.to_string().parse(), Ok(members)),
            Err(SyntaxError { place, .. }) => {
                prop_assert!((1..=text.chars().count() + 1).contains(&place));
            }
        }
    }
}

#[test]
fn what_is_read_is_shown_in_one_way() {
    for (text, shown) in [
        ("", ""),
        (" \t", ""),
        ("2=db2@east, 3=db3@west", "2=db2@east, 3=db3@west"),
        (" 2 = db2 @ east ,3=db3", "2=db2@east, 3=db3"),
        ("2=@east", "2=@east"),
        ("0002=db-2.example", "2=db-2.example"),
    ] {
        assert_eq!(members(text).to_string(), shown);
    }
}

#[test]
fn what_is_wrong_has_a_place() {
    for (text, place, message) in [
        ("db2", 1, "a server id is expected"),
        ("0=db2", 1, "a server id is expected"),
        ("4294967296=db2", 1, "a server id is expected"),
        ("+2=db2", 1, "a server id is expected"),
        ("=db2", 1, "a server id is expected"),
        ("2=db2,", 7, "a server id is expected"),
        ("2=db2,,3=db3", 7, "a server id is expected"),
        ("2", 2, "'=' is expected"),
        ("2 db2", 3, "'=' is expected"),
        ("2:db2", 2, "'=' is expected"),
        ("2=", 3, "a name is expected"),
        ("2=,3=db3", 3, "a name is expected"),
        ("2=3", 3, "a server id is no name or zone"),
        ("2=\"db2\"", 3, "a name or zone has no '\"'"),
        ("2=dé", 4, "a name or zone has no 'é'"),
        ("2=db2@", 7, "a zone is expected"),
        ("2=db2@4", 7, "a server id is no name or zone"),
        ("2=db2@east@west", 11, "',' is expected"),
        ("2=db2 3=db3", 7, "',' is expected"),
        (
            "2=a, 2=b",
            6,
            "the server id 2 stands here for the second time",
        ),
        ("2=a, 3=A", 8, "the name A belongs to server id 2"),
    ] {
        let wrong = text.parse::<Members>().expect_err(text);
        assert_eq!(
            (wrong.place, wrong.message.as_str()),
            (place, message),
            "{text}"
        );
    }
}

#[test]
fn the_list_is_believed_and_the_replicas_own_word_where_the_list_is_silent() {
    let list = members("2=db2@east, 3=db3, 4=@west");
    for (claimed, believed) in [
        (replica(2, "x", "y"), replica(2, "db2", "east")),
        (replica(2, "", ""), replica(2, "db2", "east")),
        (replica(3, "x", "y"), replica(3, "db3", "y")),
        (replica(4, "x", "y"), replica(4, "x", "west")),
        (replica(5, "x", "y"), replica(5, "x", "y")),
        (replica(2, "DB2", ""), replica(2, "db2", "east")),
    ] {
        assert_eq!(list.overrule(claimed), (believed, None));
    }
    let uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562".parse().ok();
    let mut claimed = replica(2, "", "");
    claimed.uuid = uuid;
    assert_eq!(list.overrule(claimed).0.uuid, uuid);
}

#[test]
fn a_name_that_the_list_gives_to_one_server_is_nobody_elses() {
    let list = members("2=db2@east, 3=db3");
    for (claimed, believed) in [
        (replica(5, "db2", "east"), replica(5, "", "east")),
        (replica(5, "DB2", ""), replica(5, "", "")),
        (replica(3, "db2", ""), replica(3, "db3", "")),
    ] {
        let name = claimed.name.clone();
        assert_eq!(list.overrule(claimed), (believed, name));
    }
}

#[test]
fn an_empty_list_overrules_nobody() {
    let claimed = replica(2, "db2", "east");
    assert_eq!(
        Members::default().overrule(claimed.clone()),
        (claimed, None)
    );
}
