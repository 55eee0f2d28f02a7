//! Rules by chance.

use super::rules::{PlainMember, PlainRule, PlainTerm};
use proptest::{collection::vec, prelude::*};

/// Rules about servers from 1 to `most`.
pub fn rules(most: u32) -> impl Strategy<Value = PlainRule> {
    let members = move || {
        let member = prop_oneof![
            1 => Just(PlainMember::Everybody),
            4 => (1..=most).prop_map(PlainMember::Server),
            2 => prop_oneof![Just("a"), Just("b"), Just("c")].prop_map(PlainMember::Zone),
        ];
        vec(member, 1..4)
    };
    let term = prop_oneof![
        3 => (1..=2_u32, members()).prop_map(|(count, members)| PlainTerm::Any(count, members)),
        4 => (1..=2_u32, members()).prop_map(|(count, members)| PlainTerm::First(count, members)),
        1 => (1..=2_u32).prop_map(PlainTerm::Zones),
    ];
    vec(term, 1..3).prop_map(PlainRule::Terms)
}
