//! The modules of a crate, read from its root file on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::{Item, ItemMod, Visibility};

use crate::attributes;

/// A module's place in [`Tree::modules`]. The root's is 0.
pub type Id = usize;

pub struct Module {
    /// `crate::a::b`.
    pub path: String,
    pub name: String,
    pub parent: Option<Id>,
    /// Whether it is more than private to its parent.
    pub public: bool,
    /// `#[macro_use]`: the parent's later modules see its macros.
    pub macro_use: bool,
    pub file: PathBuf,
    pub items: Vec<Item>,
}

pub struct Tree {
    pub modules: Vec<Module>,
    /// The series of the server that the crate has files for.
    pub series: BTreeSet<String>,
}

impl Tree {
    /// Whether `inner` is `outer` or in it.
    pub fn is_within(&self, inner: Id, outer: Id) -> bool {
        let mut next = Some(inner);
        while let Some(id) = next {
            if id == outer {
                return true;
            }
            next = self.modules[id].parent;
        }
        false
    }
}

/// Reads a crate. `read` gives the text of a file, if there is such a file. Without a `series`, a
/// module that has a file only for a series is left out.
pub fn load(
    read: &dyn Fn(&Path) -> Option<String>,
    root: &Path,
    series: Option<&str>,
) -> Result<Tree, String> {
    let mut loader = Loader {
        read,
        series,
        tree: Tree {
            modules: Vec::new(),
            series: BTreeSet::new(),
        },
    };
    let text = read(root).ok_or_else(|| format!("{}: cannot be read", root.display()))?;
    let dir = parent_of(root);
    let module = Module {
        path: "crate".into(),
        name: "crate".into(),
        parent: None,
        public: true,
        macro_use: false,
        file: root.into(),
        items: parse(root, &text)?,
    };
    loader.add(module, &dir, &dir)?;
    Ok(loader.tree)
}

struct Loader<'a> {
    read: &'a dyn Fn(&Path) -> Option<String>,
    series: Option<&'a str>,
    tree: Tree,
}

impl Loader<'_> {
    /// Adds a module and what is in it. `dir` is where the files of its modules are, `base` is what
    /// a `#[path]` in it begins at.
    fn add(&mut self, module: Module, dir: &Path, base: &Path) -> Result<(), String> {
        let declared: Vec<ItemMod> = module
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Mod(item) if attributes::active(&item.attrs, self.series) => {
                    Some(item.clone())
                }
                _ => None,
            })
            .collect();
        let id = self.tree.modules.len();
        self.tree.modules.push(module);
        for item in declared {
            self.add_declared(id, item, dir, base)?;
        }
        Ok(())
    }

    fn add_declared(
        &mut self,
        parent: Id,
        item: ItemMod,
        dir: &Path,
        base: &Path,
    ) -> Result<(), String> {
        let name = item.ident.to_string();
        let name = name.trim_start_matches("r#");
        let place = attributes::place(&item.attrs, self.series);
        let for_series_only = !place.series.is_empty();
        self.tree.series.extend(place.series);
        let mut module = Module {
            path: format!("{}::{name}", self.tree.modules[parent].path),
            name: name.into(),
            parent: Some(parent),
            public: !matches!(item.vis, Visibility::Inherited),
            macro_use: attributes::has(&item.attrs, "macro_use"),
            file: self.tree.modules[parent].file.clone(),
            items: Vec::new(),
        };
        if let Some((_, items)) = item.content {
            module.items = items;
            let dir = place
                .path
                .map_or_else(|| dir.join(name), |path| base.join(path));
            return self.add(module, &dir, &dir);
        }
        // A file that `path` names keeps its modules beside itself, as `mod.rs` does.
        let candidates = match &place.path {
            Some(path) => vec![(base.join(path), parent_of(&base.join(path)))],
            None => vec![
                (dir.join(format!("{name}.rs")), dir.join(name)),
                (dir.join(name).join("mod.rs"), dir.join(name)),
            ],
        };
        for (file, dir) in candidates {
            if let Some(text) = (self.read)(&file) {
                module.items = parse(&file, &text)?;
                let base = parent_of(&file);
                module.file = file;
                return self.add(module, &dir, &base);
            }
        }
        if for_series_only && self.series.is_none() {
            return Ok(());
        }
        Err(format!("{}: its file is not found", module.path))
    }
}

fn parse(file: &Path, text: &str) -> Result<Vec<Item>, String> {
    match syn::parse_file(text) {
        Ok(parsed) => Ok(parsed.items),
        Err(error) => Err(format!(
            "{}:{}: {error}",
            file.display(),
            error.span().start().line
        )),
    }
}

fn parent_of(file: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).into()
}
