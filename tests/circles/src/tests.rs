//! The program on small crates: each is a list of files with their text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::graph::Graph;
use crate::tree::{Tree, load};

fn tree(files: &[(&str, &str)], series: Option<&str>) -> Tree {
    let files: BTreeMap<PathBuf, &str> = files
        .iter()
        .map(|(name, text)| (PathBuf::from(name), *text))
        .collect();
    let read = |file: &Path| files.get(file).map(|text| text.to_string());
    load(&read, Path::new("lib.rs"), series).expect("the crate can be read")
}

/// The circles by the names of their modules, and the uses.
fn look(files: &[(&str, &str)], series: Option<&str>) -> (Vec<Vec<String>>, usize) {
    let tree = tree(files, series);
    let graph = Graph::of(&tree, series);
    assert_eq!(graph.lost, Vec::<String>::new());
    let name = |id: &usize| tree.modules[*id].path.clone();
    let circles = graph.circles();
    let circles = circles.iter().map(|group| group.iter().map(name).collect());
    (circles.collect(), graph.edges())
}

fn assert_circle(files: &[(&str, &str)], modules: &[&str]) {
    let (circles, _) = look(files, None);
    assert_eq!(circles, [modules], "in {files:?}");
}

fn assert_uses(files: &[(&str, &str)], uses: usize) {
    assert_eq!(look(files, None), (Vec::new(), uses), "in {files:?}");
}

#[test]
fn two_modules_that_import_each_other_are_a_circle() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b/mod.rs", "use super::a::A; pub struct B(A);"),
    ];
    assert_circle(&files, &["crate::a", "crate::b"]);
}

#[test]
fn a_circle_names_a_line_for_each_use() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "//! A.\n\nuse crate::b::B;\npub struct A(B);"),
        ("b.rs", "pub struct B;\nfn f() -> super::a::A { loop {} }"),
    ];
    let tree = tree(&files, None);
    let graph = Graph::of(&tree, None);
    let told: Vec<String> = graph.circles().iter().map(|c| graph.describe(c)).collect();
    let wanted = "a circle of 2 modules: crate::a, crate::b\n  \
        crate::a -> crate::b: a.rs:3: crate::b::B\n  \
        crate::b -> crate::a: b.rs:2: super::a::A\n";
    assert_eq!(told, [wanted]);
}

#[test]
fn a_path_in_code_is_a_use() {
    for code in [
        "fn f() { crate::b::f() }",
        "fn f() { super::b::f() }",
        "use crate::b; fn f() { b::f() }",
        "use crate::{b as c}; fn f() { c::f() }",
        "fn f() { use crate::b; if true { b::f() } }",
        "fn f(b: &impl crate::b::T) {}",
        "fn f() { g(|crate::b::S { .. }| ()) }",
        "fn f() { println!(\"{}\", crate::b::f()) }",
        "use super::b::*; fn f() { T::m() }",
        "use super::*; fn f() { b::f() }",
        "struct A; impl A { fn f(&self) -> Vec<crate::b::S> { loop {} } }",
    ] {
        let b = "pub fn f() { crate::a::g() } pub struct S; pub trait T { fn m(); }";
        let a = format!("{code} pub fn g() {{}}");
        let files = [("lib.rs", "mod a; mod b;"), ("a.rs", &a), ("b.rs", b)];
        assert_circle(&files, &["crate::a", "crate::b"]);
    }
}

#[test]
fn a_re_export_leads_to_the_module_that_defines() {
    for root in [
        "mod a; mod b; pub use b::B;",
        "mod a; mod b; pub use b::*;",
        "mod a; mod b; pub use b::Other as B;",
        "mod a; mod b; mod c { pub use super::b::*; } pub(crate) use c::*;",
    ] {
        let b = "use crate::a::A; pub struct B(A); pub struct Other;";
        let files = [
            ("lib.rs", root),
            ("a.rs", "use crate::B; pub struct A(B);"),
            ("b.rs", b),
        ];
        assert_circle(&files, &["crate::a", "crate::b"]);
    }
}

#[test]
fn a_parent_and_its_child_can_be_a_circle() {
    let child = ("child.rs", "use super::P; pub struct C(P);");
    let parent = "mod child; pub struct P; fn f(_: child::C) {}";
    assert_circle(&[("lib.rs", parent), child], &["crate", "crate::child"]);
    let parent = "mod child; use child::C; pub struct P; fn f(_: C) {}";
    assert_circle(&[("lib.rs", parent), child], &["crate", "crate::child"]);
    let parent = "mod child; pub use child::C; pub struct P;";
    assert_uses(&[("lib.rs", parent), child], 1);
}

#[test]
fn inline_modules_count() {
    let root = "mod a { pub fn f() { super::b::f() } } mod b { pub fn f() { crate::a::f() } }";
    assert_circle(&[("lib.rs", root)], &["crate::a", "crate::b"]);
}

#[test]
fn the_body_of_a_macro_belongs_to_its_module() {
    let a =
        "#[macro_export] macro_rules! m { ($x:ident) => { $crate::b::f($x::y) } } pub fn g() {}";
    for b in [
        "pub fn f() { crate::a::g() }",
        "pub fn f() { crate::m!(z) }",
        "use crate::m; pub fn f() { m!(z) }",
    ] {
        let files = [("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", b)];
        assert_circle(&files, &["crate::a", "crate::b"]);
    }
    let a = "macro_rules! m { () => { use $crate::{b as x, other::y}; x::f() } } pub fn g() {}";
    let b = ("b.rs", "pub fn f() { crate::a::g() }");
    let files = [("lib.rs", "mod a; mod b;"), ("a.rs", a), b];
    assert_circle(&files, &["crate::a", "crate::b"]);
}

#[test]
fn a_macro_is_seen_by_the_modules_after_it() {
    let root = "#[macro_use] mod m; mod a;";
    let m = "macro_rules! m { () => {} } use crate::a::A;";
    let files = [
        ("lib.rs", root),
        ("m.rs", m),
        ("a.rs", "pub struct A; m!();"),
    ];
    assert_circle(&files, &["crate::m", "crate::a"]);
}

#[test]
fn tests_are_left_out() {
    for test in [
        "#[cfg(test)] mod tests { use crate::b::B; use super::A; }",
        "#[cfg(all(test, unix))] use crate::b::B;",
        "#[cfg(test)] impl A { fn f() { crate::b::f() } }",
        "impl A { #[cfg(test)] fn f() { crate::b::f() } }",
    ] {
        let a = format!("pub struct A; {test}");
        let b = "pub struct B(crate::a::A); pub fn f() {}";
        assert_uses(&[("lib.rs", "mod a; mod b;"), ("a.rs", &a), ("b.rs", b)], 1);
    }
}

#[test]
fn what_is_not_only_for_tests_is_looked_at() {
    let a = "pub struct A; #[cfg(not(test))] use crate::b::B; #[cfg(windows)] use crate::c::C;";
    let files = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", a),
        ("b.rs", "pub struct B;"),
        ("c.rs", "pub struct C;"),
    ];
    assert_uses(&files, 2);
}

#[test]
fn one_way_is_no_circle() {
    let a = "use crate::b::B; use std::fmt; use b::x; pub struct A(B); \
        impl A { fn new() -> Self { Self::f(); A::f(); self::g(1) } fn f() {} } fn g(b: u8) {}";
    let b =
        "pub struct B; impl std::fmt::Debug for B {} pub(in crate::a) fn f(a: u8) { a.max(1); }";
    let files = [
        ("lib.rs", "mod a; mod b; pub use a::A;"),
        ("a.rs", a),
        ("b.rs", b),
    ];
    assert_uses(&files, 1);
}

#[test]
fn a_variable_is_no_item_of_the_parent() {
    let root = "mod a; fn log() {} fn f() { a::f(1) }";
    let a = "use super::*; pub fn f(log: u8) { g(log); assert!(log > 1) } fn g(_: u8) {}";
    assert_uses(&[("lib.rs", root), ("a.rs", a)], 1);
}

#[test]
fn each_series_has_its_files() {
    let root = "mod a; #[cfg_attr(mysql_series = \"one\", path = \"x/one.rs\")] \
        #[cfg_attr(mysql_series = \"two\", path = \"x/two.rs\")] mod series;";
    let files = [
        ("lib.rs", root),
        ("a.rs", "pub fn f() { crate::series::g() }"),
        ("x/one.rs", "pub fn g() {}"),
        (
            "x/two.rs",
            "#[path = \"deep/part.rs\"] mod part; pub use part::g;",
        ),
        ("x/deep/part.rs", "pub fn g() { crate::a::f() }"),
    ];
    let series: Vec<String> = tree(&files, None).series.into_iter().collect();
    assert_eq!(series, ["one", "two"]);
    assert_eq!(look(&files, Some("one")), (Vec::new(), 1));
    let circle = vec!["crate::a".to_string(), "crate::series::part".to_string()];
    assert_eq!(look(&files, Some("two")), (vec![circle], 2));
}

#[test]
fn a_path_that_leads_to_nothing_is_told() {
    let files = [("lib.rs", "mod a; use crate::a::Gone;"), ("a.rs", "")];
    let tree = tree(&files, None);
    assert_eq!(Graph::of(&tree, None).lost, ["lib.rs:1: crate::a::Gone"]);
}

#[test]
fn a_module_without_a_file_is_an_error() {
    let read = |file: &Path| (file == Path::new("lib.rs")).then(|| "mod a;".to_string());
    let error = load(&read, Path::new("lib.rs"), None).err();
    assert_eq!(error.as_deref(), Some("crate::a: its file is not found"));
}
