//! The modules of one program or library, and which of them a path leads to.

use std::collections::{BTreeMap, BTreeSet};

use syn_3::{Item, ItemMod};

use super::paths::{self, Import, Parts};
use xtask_common::source::{Source, attributes, is_test};

/// How often an import may lead to another: those that lead round and round are of macros that are not seen here.
const STEPS: usize = 16;

/// One module.
#[derive(Default)]
pub(super) struct Module {
    /// Its path from the root.
    pub(super) path: Parts,
    /// Where its file is among the sources.
    pub(super) file: usize,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    /// The names of its own items.
    items: BTreeSet<String>,
    imports: BTreeMap<String, Parts>,
    everything_of: Vec<Parts>,
    /// Every path that it writes.
    pub(super) paths: Vec<Parts>,
}

/// All modules that belong to one root file, the root first.
pub(super) struct Modules<'a> {
    sources: &'a [Source],
    pub(super) all: Vec<Module>,
}

impl<'a> Modules<'a> {
    pub(super) fn of(sources: &'a [Source], root: usize) -> Modules<'a> {
        let mut modules = Modules { sources, all: Vec::new() };
        if let Some(source) = sources.get(root) {
            let directory = source.path.rsplit_once('/').map_or("", |(directory, _)| directory);
            modules.read(Module { file: root, ..Module::default() }, &source.code.items, directory);
        }
        modules
    }

    /// Takes a module in, whose own modules are in files of `directory`; its place.
    fn read(&mut self, module: Module, items: &[Item], directory: &str) -> usize {
        let at = self.all.len();
        self.all.push(module);
        for item in items.iter().filter(|item| !is_test(attributes(item))) {
            match item {
                Item::Mod(child) => self.child(at, child, directory),
                Item::Use(import) => self.import(at, paths::imports(&import.tree)),
                _ => {
                    let named = paths::named(item);
                    if let Some(module) = self.all.get_mut(at) {
                        module.items.extend(name(item));
                        module.paths.extend(named);
                    }
                }
            }
        }
        at
    }

    fn child(&mut self, parent: usize, declared: &ItemMod, directory: &str) {
        let name = declared.ident.to_string();
        let inside = format!("{directory}/{name}");
        let sources = self.sources;
        let Some((path, file)) = self.all.get(parent).map(|module| (module.path.clone(), module.file)) else {
            return;
        };
        let module = |file| Module {
            path: [path.as_slice(), std::slice::from_ref(&name)].concat(),
            file,
            parent: Some(parent),
            ..Module::default()
        };
        let at = if let Some((_, items)) = &declared.content {
            self.read(module(file), items, &inside)
        } else {
            let files = [format!("{inside}.rs"), format!("{inside}/mod.rs")];
            let Some(file) = sources.iter().position(|source| files.contains(&source.path)) else { return };
            let items = sources.get(file).map(|source| source.code.items.as_slice()).unwrap_or_default();
            self.read(module(file), items, &inside)
        };
        if let Some(parent) = self.all.get_mut(parent) {
            parent.children.insert(name, at);
        }
    }

    fn import(&mut self, at: usize, imports: Vec<Import>) {
        let Some(module) = self.all.get_mut(at) else { return };
        for import in imports {
            match import {
                Import::Named(name, parts) => {
                    module.paths.push(parts.clone());
                    module.imports.insert(name, parts);
                }
                Import::All(parts) => {
                    module.paths.push(parts.clone());
                    module.everything_of.push(parts);
                }
            }
        }
    }

    /// The module that a path names, or that holds the item that it names, as `from` writes it; none for what is of
    /// another crate.
    pub(super) fn holds(&self, from: usize, parts: &[String]) -> Option<usize> {
        let (Found::Module(at) | Found::ItemOf(at)) = self.follow(from, parts, STEPS)?;
        Some(at)
    }

    fn follow(&self, from: usize, parts: &[String], steps: usize) -> Option<Found> {
        let steps = steps.checked_sub(1)?;
        let (first, mut rest) = parts.split_first()?;
        let mut found = match first.as_str() {
            "crate" => Found::Module(0),
            "self" => Found::Module(from),
            "super" => Found::Module(self.all.get(from)?.parent?),
            name => self.look(from, name, steps)?,
        };
        while let (Found::Module(at), Some((next, behind))) = (found, rest.split_first()) {
            found = match next.as_str() {
                "super" => Found::Module(self.all.get(at)?.parent?),
                // What is not found is an item of the module all the same: a macro may have made it.
                name => self.look(at, name, steps).unwrap_or(Found::ItemOf(at)),
            };
            rest = behind;
        }
        Some(found)
    }

    /// What a name in a module stands for.
    fn look(&self, at: usize, name: &str, steps: usize) -> Option<Found> {
        let module = self.all.get(at)?;
        if let Some(child) = module.children.get(name) {
            return Some(Found::Module(*child));
        }
        if module.items.contains(name) {
            return Some(Found::ItemOf(at));
        }
        if let Some(parts) = module.imports.get(name) {
            // `use gate::Gate` begins with a module beside, or with another crate.
            return self.follow(at, parts, steps);
        }
        let steps = steps.checked_sub(1)?;
        module.everything_of.iter().find_map(|parts| match self.follow(at, parts, steps)? {
            Found::Module(of) if of != at => self.look(of, name, steps),
            _ => None,
        })
    }
}

/// What a path leads to.
#[derive(Clone, Copy)]
enum Found {
    Module(usize),
    /// An item that stands in this module.
    ItemOf(usize),
}

/// The name of an item.
fn name(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Macro(item) => item.ident.as_ref()?.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        _ => return None,
    })
}
