//! Every path that a module writes: what it imports, and what it names in place.

use proc_macro2::{TokenStream, TokenTree};
use syn_3::visit::{self, Visit};
use syn_3::{Item, UseTree};
use xtask_common::source::{attributes, is_test};

/// A path in its parts: `crate`, `gate`, `Gate`.
pub(super) type Parts = Vec<String>;

/// An import: `use crate::gate::Gate as Door` is the name `Door` for a path.
pub(super) enum Import {
    Named(String, Parts),
    /// `use super::*`.
    All(Parts),
}

/// What `use` brings in.
pub(super) fn imports(tree: &UseTree) -> Vec<Import> {
    let mut found = Vec::new();
    flatten(tree, &mut Vec::new(), &mut found);
    found
}

fn flatten(tree: &UseTree, before: &mut Parts, found: &mut Vec<Import>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, found);
            before.pop();
        }
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            // `use crate::gate::{self, Gate}` brings `gate` in.
            let parts = if name == "self" { before.clone() } else { [before.as_slice(), &[name]].concat() };
            found.push(Import::Named(parts.last().cloned().unwrap_or_default(), parts));
        }
        UseTree::Rename(name) => {
            let parts = [before.as_slice(), &[name.ident.to_string()]].concat();
            found.push(Import::Named(name.rename.to_string(), parts));
        }
        UseTree::Glob(_) => found.push(Import::All(before.clone())),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, found)),
    }
}

/// The paths that an item names, but for those in modules inside it, which have their own.
pub(super) fn named(item: &Item) -> Vec<Parts> {
    let mut paths = Paths(Vec::new());
    paths.visit_item(item);
    paths.0
}

struct Paths(Vec<Parts>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) && !matches!(item, Item::Mod(_)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn_3::Path) {
        self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn_3::ItemUse) {
        // Of imports inside functions; those of modules are asked for by `imports`.
        for import in imports(&item.tree) {
            let (Import::Named(_, parts) | Import::All(parts)) = import;
            self.0.push(parts);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn_3::Macro) {
        tokens(call.tokens.clone(), &mut self.0);
    }

    // `pub(super)` uses nothing.
    fn visit_vis_restricted(&mut self, _: &'ast syn_3::VisRestricted) {}
}

/// What looks like a path among the arguments of a macro.
fn tokens(stream: TokenStream, found: &mut Vec<Parts>) {
    let mut parts = Parts::new();
    // How many colons stand behind the last part.
    let mut colons = 0;
    for token in stream {
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 {
                    found.push(std::mem::take(&mut parts));
                }
                parts.push(name.to_string());
                colons = 0;
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' && !parts.is_empty() => colons += 1,
            other => {
                found.push(std::mem::take(&mut parts));
                colons = 0;
                if let TokenTree::Group(group) = other {
                    tokens(group.stream(), found);
                }
            }
        }
    }
    found.push(parts);
    found.retain(|parts| !parts.is_empty());
}
