//! Finds the module that defines what a path names, through imports and re-exports.

use std::collections::HashSet;

use crate::collect::{Contents, Import, Space};
use crate::tokens::Use;
use crate::tree::{Id, Tree};

/// What a path leads to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Found {
    Module(Id),
    /// An item that this module defines, or something in such an item.
    Item(Id),
    /// Another crate's.
    Outside,
}

/// How sure a definition must be. The later ones are tried when the earlier ones find nothing, and
/// never for the first word of a path: it may as well be the name of a crate or a variable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Trust {
    /// An item in the source.
    Item,
    /// A word in a macro that stands for items: in its body, or where it is called.
    Word,
    /// Any name: a file that the build makes, or a glob out of the crate, has names that are not
    /// seen here.
    Anything,
}

/// The look-ups that go on: imports in a ring must end.
type Seen = HashSet<(Id, String, Space, Id)>;

pub struct Resolver<'a> {
    pub tree: &'a Tree,
    pub contents: &'a [Contents],
}

impl Resolver<'_> {
    /// All that a path in code may mean.
    pub fn used(&self, module: Id, used: &Use) -> Vec<Found> {
        if let [name] = &used.path[..] {
            return self.single(module, name, used.is_macro);
        }
        self.path(module, &used.path)
    }

    /// All that a path means, whatever its last word names.
    pub fn path(&self, module: Id, path: &[String]) -> Vec<Found> {
        for trust in [Trust::Item, Trust::Word, Trust::Anything] {
            let mut found: Vec<Found> = [Space::Type, Space::Value, Space::Macro]
                .into_iter()
                .filter_map(|space| self.resolve(module, path, space, trust, &mut Seen::new()))
                .collect();
            found.sort();
            found.dedup();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// Where a glob leads.
    pub fn glob(&self, module: Id, import: &Import) -> Option<Found> {
        self.glob_in(module, import, &mut Seen::new())
    }

    fn glob_in(&self, module: Id, import: &Import, seen: &mut Seen) -> Option<Found> {
        self.resolve(module, &import.path, Space::Type, Trust::Item, seen)
    }

    /// A word alone, in code.
    fn single(&self, module: Id, name: &str, is_macro: bool) -> Vec<Found> {
        if is_macro {
            let found = self.lookup(
                module,
                name,
                Space::Macro,
                module,
                Trust::Item,
                &mut Seen::new(),
            );
            return found
                .or_else(|| self.textual(module, name))
                .into_iter()
                .collect();
        }
        [Space::Type, Space::Value]
            .into_iter()
            .filter(|space| {
                *space == Space::Type || !self.contents[module].variables.contains(name)
            })
            .filter_map(|space| {
                self.lookup(module, name, space, module, Trust::Item, &mut Seen::new())
            })
            .collect()
    }

    /// A macro that the module sees because it was defined further up in the text: in a module
    /// around it, or in one beside those with `#[macro_use]`.
    fn textual(&self, module: Id, name: &str) -> Option<Found> {
        let key = (Space::Macro, name.to_string());
        let mut around = Some(module);
        while let Some(id) = around {
            let children = (0..self.tree.modules.len()).filter(|child| {
                let child = &self.tree.modules[*child];
                child.parent == Some(id) && child.macro_use
            });
            let mut places = children.chain([id]);
            if let Some(place) = places.find(|id| self.contents[*id].items.contains_key(&key)) {
                return Some(Found::Item(place));
            }
            around = self.tree.modules[id].parent;
        }
        None
    }

    fn resolve(
        &self,
        module: Id,
        path: &[String],
        space: Space,
        trust: Trust,
        seen: &mut Seen,
    ) -> Option<Found> {
        let mut here = module;
        let mut started = false;
        for (at, word) in path.iter().enumerate() {
            let is_last = at + 1 == path.len();
            match word.as_str() {
                "crate" => here = 0,
                "self" => {}
                "super" => here = self.tree.modules[here].parent?,
                "Self" => return None,
                _ => {
                    let space = if is_last { space } else { Space::Type };
                    let found = if started {
                        self.lookup(here, word, space, module, trust, seen)
                    } else {
                        // Nothing of this crate: the name of another one.
                        self.lookup(here, word, space, module, Trust::Item, seen)
                            .or((at == 0 && !is_last).then_some(Found::Outside))
                    };
                    match found? {
                        Found::Module(id) => here = id,
                        // What follows is a variant, or what a type has.
                        other => return Some(other),
                    }
                }
            }
            started = true;
        }
        Some(Found::Module(here))
    }

    /// A name in a module, as the module `from` sees it.
    fn lookup(
        &self,
        module: Id,
        name: &str,
        space: Space,
        from: Id,
        trust: Trust,
        seen: &mut Seen,
    ) -> Option<Found> {
        let step = (module, name.to_string(), space, from);
        if !seen.insert(step.clone()) {
            return None;
        }
        let found = self.lookup_once(module, name, space, from, trust, seen);
        seen.remove(&step);
        found
    }

    fn lookup_once(
        &self,
        module: Id,
        name: &str,
        space: Space,
        from: Id,
        trust: Trust,
        seen: &mut Seen,
    ) -> Option<Found> {
        let key = (space, name.to_string());
        let contents = &self.contents[module];
        let sees_private = self.tree.is_within(from, module);
        if contents
            .items
            .get(&key)
            .is_some_and(|public| *public || sees_private)
        {
            return Some(Found::Item(module));
        }
        if space == Space::Type
            && let Some(child) = self.child(module, name, sees_private)
        {
            return Some(Found::Module(child));
        }
        if space == Space::Macro && module == 0 {
            let exporter = self.contents.iter().position(|c| c.exported.contains(name));
            if let Some(exporter) = exporter {
                return Some(Found::Item(exporter));
            }
        }
        let seen_import =
            |import: &&Import| import.public || (sees_private && (!import.local || from == module));
        let imports = || contents.imports.iter().filter(seen_import);
        for import in imports().filter(|import| import.name.as_deref() == Some(name)) {
            // A crate's name alone (`use other as name`) leads out, too.
            let found = self.resolve(module, &import.path, space, trust, seen);
            let leads_out = || {
                self.is_foreign(module, &import.path)
                    .then_some(Found::Outside)
            };
            if let Some(found) = found.or_else(leads_out) {
                return Some(found);
            }
        }
        let mut unseen = contents.includes.then_some(Found::Item(module));
        for import in imports().filter(|import| import.name.is_none()) {
            match self.glob_in(module, import, seen) {
                Some(Found::Module(target)) => {
                    if let Some(found) = self.lookup(target, name, space, module, trust, seen) {
                        return Some(found);
                    }
                }
                Some(Found::Outside) | None => unseen = unseen.or(Some(Found::Outside)),
                Some(Found::Item(_)) => {} // the variants of an enum
            }
        }
        if trust >= Trust::Word && contents.words.contains(name) {
            return Some(Found::Item(module));
        }
        unseen.filter(|_| trust == Trust::Anything)
    }

    fn child(&self, module: Id, name: &str, sees_private: bool) -> Option<Id> {
        self.tree.modules.iter().position(|child| {
            child.parent == Some(module) && child.name == name && (child.public || sees_private)
        })
    }

    /// Whether an import names a crate: one word, which nothing in the module has for a name.
    fn is_foreign(&self, module: Id, path: &[String]) -> bool {
        let [name] = path else { return false };
        let spaces = [Space::Type, Space::Value, Space::Macro];
        let known = |space| {
            self.contents[module]
                .items
                .contains_key(&(space, name.clone()))
        };
        !spaces.into_iter().any(known) && self.child(module, name, true).is_none()
    }
}
