//! What attributes say of the module tree: `cfg`, `path`, and `cfg_attr` with a path.
//!
//! Tests are left out. The series of the server (`mysql_series`) is given. Every other condition
//! may hold or not, so what depends on one is looked at.

use std::collections::BTreeSet;

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Item, Lit, Meta, MetaNameValue, Token};

const SERIES: &str = "mysql_series";

type List = Punctuated<Meta, Token![,]>;

/// Whether the condition holds; `None` when that is not known here.
fn holds(condition: &Meta, series: Option<&str>) -> Option<bool> {
    match condition {
        Meta::Path(path) if path.is_ident("test") => Some(false),
        Meta::NameValue(pair) if pair.path.is_ident(SERIES) => {
            Some(text(pair).as_deref() == series)
        }
        Meta::List(list) => {
            let inner = list.parse_args_with(List::parse_terminated).ok()?;
            let mut inner = inner.iter().map(|one| holds(one, series));
            if list.path.is_ident("not") {
                inner.next().flatten().map(|held| !held)
            } else if list.path.is_ident("all") {
                inner.any(|held| held == Some(false)).then_some(false)
            } else if list.path.is_ident("any") {
                inner.all(|held| held == Some(false)).then_some(false)
            } else {
                None
            }
        }
        _ => None,
    }
}

fn text(pair: &MetaNameValue) -> Option<String> {
    match &pair.value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an item with these attributes belongs to the crate, tests apart.
pub fn active(attributes: &[Attribute], series: Option<&str>) -> bool {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .filter_map(|attribute| attribute.parse_args::<Meta>().ok())
        .all(|condition| holds(&condition, series) != Some(false))
}

pub fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident(name))
}

/// Where the file of a module is.
#[derive(Default)]
pub struct Place {
    /// What `path` says.
    pub path: Option<String>,
    /// The series that have a path of their own.
    pub series: BTreeSet<String>,
}

/// What the attributes of `mod x` say.
pub fn place(attributes: &[Attribute], series: Option<&str>) -> Place {
    let mut place = Place::default();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("path")
        {
            place.path = text(pair);
        }
        if !attribute.path().is_ident("cfg_attr") {
            continue;
        }
        let Ok(list) = attribute.parse_args_with(List::parse_terminated) else {
            continue;
        };
        let mut list = list.iter();
        let Some(condition) = list.next() else {
            continue;
        };
        for meta in list {
            let Meta::NameValue(pair) = meta else {
                continue;
            };
            if !pair.path.is_ident("path") {
                continue;
            }
            if let Meta::NameValue(named) = condition
                && named.path.is_ident(SERIES)
            {
                place.series.extend(text(named));
            }
            if holds(condition, series) == Some(true) {
                place.path = text(pair);
            }
        }
    }
    place
}

/// The attributes of an item.
pub fn of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
