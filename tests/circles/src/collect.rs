//! What one module defines, brings in and uses, before any name is resolved.

use std::collections::{HashMap, HashSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{ForeignItem, ImplItem, Item, UseTree, Visibility};

use crate::attributes;
use crate::tokens::{self, Use, name_of};
use crate::tree::Module;

/// Where a name is looked up. Modules are in the space of types.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Space {
    Type,
    Value,
    Macro,
}

/// A path of a `use`.
pub struct Import {
    /// The name that it brings in; none for a glob.
    pub name: Option<String>,
    pub path: Vec<String>,
    pub line: usize,
    /// It is a re-export: more than private.
    pub public: bool,
    /// It is in a block, where no other module sees it.
    pub local: bool,
}

/// What is in a module.
#[derive(Default)]
pub struct Contents {
    /// Items, and whether they are more than private.
    pub items: HashMap<(Space, String), bool>,
    /// Macros with `#[macro_export]`: they can be named in the crate's root.
    pub exported: HashSet<String>,
    pub imports: Vec<Import>,
    pub uses: Vec<Use>,
    /// Words in macros and in calls that stand for items: what such a macro defines is among them.
    pub words: HashSet<String>,
    /// It includes a file that the build makes, so it may define any name.
    pub includes: bool,
    /// Names of variables and parameters, which hide what a glob brings in.
    pub variables: HashSet<String>,
}

/// Reads a module, without the modules in it.
pub fn collect(module: &Module, series: Option<&str>) -> Contents {
    let mut collector = Collector {
        contents: Contents::default(),
        series,
        depth: 0,
    };
    for item in &module.items {
        collector.visit_item(item);
    }
    collector.contents
}

struct Collector<'a> {
    contents: Contents,
    series: Option<&'a str>,
    /// How many items we are in.
    depth: usize,
}

impl Collector<'_> {
    fn define(&mut self, space: Space, name: &syn::Ident, vis: &Visibility) {
        let public = self.depth == 0 && !matches!(vis, Visibility::Inherited);
        let known = self.contents.items.entry((space, name_of(name)));
        *known.or_default() |= public;
    }

    fn define_item(&mut self, item: &Item) {
        use Space::{Macro, Type, Value};
        match item {
            Item::Const(item) => self.define(Value, &item.ident, &item.vis),
            Item::Static(item) => self.define(Value, &item.ident, &item.vis),
            Item::Fn(item) => self.define(Value, &item.sig.ident, &item.vis),
            Item::Enum(item) => self.define(Type, &item.ident, &item.vis),
            Item::Trait(item) => self.define(Type, &item.ident, &item.vis),
            Item::TraitAlias(item) => self.define(Type, &item.ident, &item.vis),
            Item::Type(item) => self.define(Type, &item.ident, &item.vis),
            Item::Union(item) => self.define(Type, &item.ident, &item.vis),
            Item::Struct(item) => {
                self.define(Type, &item.ident, &item.vis);
                self.define(Value, &item.ident, &item.vis);
            }
            Item::ForeignMod(block) => {
                for item in &block.items {
                    match item {
                        ForeignItem::Fn(item) => self.define(Value, &item.sig.ident, &item.vis),
                        ForeignItem::Static(item) => self.define(Value, &item.ident, &item.vis),
                        ForeignItem::Type(item) => self.define(Type, &item.ident, &item.vis),
                        _ => {}
                    }
                }
            }
            Item::Macro(item) => {
                if let Some(name) = &item.ident {
                    self.define(Macro, name, &Visibility::Inherited);
                    if attributes::has(&item.attrs, "macro_export") {
                        self.contents.exported.insert(name_of(name));
                    }
                }
            }
            _ => {}
        }
    }

    fn import(&mut self, prefix: &[String], tree: &UseTree, public: bool) {
        let mut path = prefix.to_vec();
        let (name, ident) = match tree {
            UseTree::Path(inner) => {
                path.push(name_of(&inner.ident));
                return self.import(&path, &inner.tree, public);
            }
            UseTree::Group(group) => {
                for inner in &group.items {
                    self.import(prefix, inner, public);
                }
                return;
            }
            UseTree::Name(named) => (Some(name_of(&named.ident)), Some(&named.ident)),
            UseTree::Rename(named) => (Some(name_of(&named.rename)), Some(&named.ident)),
            UseTree::Glob(_) => (None, None),
        };
        let line = match tree {
            UseTree::Glob(glob) => glob.star_token.spans[0].start().line,
            _ => ident.map_or(0, |ident| ident.span().start().line),
        };
        path.extend(ident.map(name_of));
        let mut name = name;
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop(); // `a::{self}`
            if name.as_deref() == Some("self") {
                name = path.last().cloned();
            }
        }
        self.contents.imports.push(Import {
            name,
            path,
            line,
            public,
            local: self.depth > 0,
        });
    }

    /// What a macro that stands for items may define. Where the macro is called (`is_call`), `fn x`
    /// defines a function in all likelihood.
    fn note_words(&mut self, tokens: TokenStream, is_call: bool) {
        let mut previous = String::new();
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.note_words(group.stream(), is_call),
                TokenTree::Ident(ident) => {
                    let name = name_of(&ident);
                    let spaces: &[Space] = match previous.as_str() {
                        _ if !is_call => &[],
                        "fn" | "const" | "static" => &[Space::Value],
                        "struct" => &[Space::Type, Space::Value],
                        "enum" | "trait" | "type" | "union" => &[Space::Type],
                        _ => &[],
                    };
                    for space in spaces {
                        self.contents.items.insert((*space, name.clone()), true);
                    }
                    self.contents.words.insert(name.clone());
                    previous = name;
                    continue;
                }
                _ => {}
            }
            previous.clear();
        }
    }
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !attributes::active(attributes::of(item), self.series) {
            return;
        }
        self.define_item(item);
        match item {
            Item::Mod(_) => {} // a module of its own
            Item::Use(item) if item.leading_colon.is_some() => {}
            Item::Use(item) => {
                let public = !matches!(item.vis, Visibility::Inherited);
                self.import(&[], &item.tree, public);
            }
            Item::Macro(item) if item.ident.is_some() => {
                self.note_words(item.mac.tokens.clone(), false);
                let uses = &mut self.contents.uses;
                tokens::paths(item.mac.tokens.clone(), true, &mut |used| uses.push(used));
            }
            Item::Macro(item) => {
                if self.depth == 0 {
                    self.contents.includes |= item.mac.path.is_ident("include");
                    self.note_words(item.mac.tokens.clone(), true);
                }
                self.visit_macro(&item.mac);
            }
            _ => {
                self.depth += 1;
                visit::visit_item(self, item);
                self.depth -= 1;
            }
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes: &[syn::Attribute] = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            _ => &[],
        };
        if attributes::active(attributes, self.series) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        if call.path.leading_colon.is_none()
            && let Some(used) = self.contents.uses.last_mut()
        {
            used.is_macro = true;
        }
        let uses = &mut self.contents.uses;
        tokens::paths(call.tokens.clone(), false, &mut |used| uses.push(used));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        visit::visit_path(self, path);
        if let (None, Some(first)) = (path.leading_colon, path.segments.first()) {
            let words = path.segments.iter();
            self.contents.uses.push(Use {
                path: words.map(|segment| name_of(&segment.ident)).collect(),
                line: first.ident.span().start().line,
                is_macro: false,
                in_tokens: false,
            });
        }
    }

    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        self.contents.variables.insert(name_of(&pattern.ident));
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}
