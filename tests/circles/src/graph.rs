//! Which module of a crate uses which, and the circles in that.

use std::collections::BTreeMap;
use std::fmt::Write;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use crate::collect::{Contents, collect};
use crate::resolve::{Found, Resolver};
use crate::tree::{Id, Tree};

/// The uses between the modules of one crate, with an example for each.
pub struct Graph<'a> {
    tree: &'a Tree,
    edges: BTreeMap<(Id, Id), String>,
    /// Paths of this crate that lead to nothing: the program does not see all.
    pub lost: Vec<String>,
}

impl<'a> Graph<'a> {
    pub fn of(tree: &'a Tree, series: Option<&str>) -> Self {
        let contents: Vec<Contents> = tree
            .modules
            .iter()
            .map(|module| collect(module, series))
            .collect();
        let resolver = Resolver {
            tree,
            contents: &contents,
        };
        let mut graph = Self {
            tree,
            edges: BTreeMap::new(),
            lost: Vec::new(),
        };
        for module in 0..tree.modules.len() {
            graph.add_imports(module, &resolver);
            graph.add_uses(module, &resolver);
        }
        graph
    }

    fn add_imports(&mut self, module: Id, resolver: &Resolver) {
        for import in &resolver.contents[module].imports {
            let (path, line) = (&import.path, import.line);
            let found = match import.name {
                Some(_) => resolver.path(module, path),
                // The names that a glob brings in are looked up where they are used. Those of a
                // file that the build makes are not seen, so there the glob is the use.
                None => match resolver.glob(module, import) {
                    Some(Found::Module(target)) if resolver.contents[target].includes => {
                        vec![Found::Item(target)]
                    }
                    found => found.into_iter().collect(),
                },
            };
            if found.is_empty() {
                self.lose(module, path, line);
            }
            for found in found {
                let Found::Item(target) = found else { continue };
                // To hand on what a module within has is no use.
                if !(import.public && self.tree.is_within(target, module)) {
                    self.add(module, target, path, line);
                }
            }
        }
    }

    fn add_uses(&mut self, module: Id, resolver: &Resolver) {
        for used in &resolver.contents[module].uses {
            let found = resolver.used(module, used);
            if found.is_empty() && !used.in_tokens && used.path.len() > 1 {
                self.lose(module, &used.path, used.line);
            }
            for found in found {
                match found {
                    Found::Item(target) => self.add(module, target, &used.path, used.line),
                    // A `use` in a body: the names that it brings in there are not known here.
                    Found::Module(target) if used.in_tokens && used.path.len() > 1 => {
                        self.add(module, target, &used.path, used.line);
                    }
                    Found::Module(_) | Found::Outside => {}
                }
            }
        }
    }

    fn add(&mut self, from: Id, to: Id, path: &[String], line: usize) {
        if from != to {
            let example = self.example(from, path, line);
            self.edges.entry((from, to)).or_insert(example);
        }
    }

    fn lose(&mut self, module: Id, path: &[String], line: usize) {
        let first = path.first().map(String::as_str);
        if matches!(first, Some("crate" | "self" | "super")) {
            self.lost.push(self.example(module, path, line));
        }
    }

    fn example(&self, module: Id, path: &[String], line: usize) -> String {
        let file = self.tree.modules[module].file.display();
        format!("{file}:{line}: {}", path.join("::"))
    }

    pub fn modules(&self) -> usize {
        self.tree.modules.len()
    }

    pub fn edges(&self) -> usize {
        self.edges.len()
    }

    /// The circles: groups of modules of which each leads to every other one.
    pub fn circles(&self) -> Vec<Vec<Id>> {
        let graph: DiGraphMap<Id, ()> = DiGraphMap::from_edges(self.edges.keys().copied());
        let mut circles = tarjan_scc(&graph);
        circles.retain(|group| group.len() > 1);
        for group in &mut circles {
            group.sort_unstable();
        }
        circles.sort();
        circles
    }

    /// A circle for people: its modules, and an example of each use.
    pub fn describe(&self, circle: &[Id]) -> String {
        let name = |id: Id| self.tree.modules[id].path.as_str();
        let names: Vec<&str> = circle.iter().map(|id| name(*id)).collect();
        let mut text = format!(
            "a circle of {} modules: {}\n",
            circle.len(),
            names.join(", ")
        );
        for ((from, to), example) in &self.edges {
            if circle.contains(from) && circle.contains(to) {
                let _ = writeln!(text, "  {} -> {}: {example}", name(*from), name(*to));
            }
        }
        text
    }
}
