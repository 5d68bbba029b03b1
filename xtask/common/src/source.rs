//! What a file of Rust holds, without its tests.

use std::path::Path;

use anyhow::{Context, Result};
use proc_macro2::Span;
use syn_3::spanned::Spanned;
use syn_3::visit::{self, Visit};
use syn_3::{Attribute, ImplItem, Item, TraitItem};

/// A file of Rust that is no test.
pub struct Source {
    /// From the root.
    pub path: String,
    /// As it is written.
    pub text: String,
    /// As the compiler reads it.
    pub code: syn_3::File,
}

/// How long a file and its parts are, without its tests.
#[derive(Debug, Default)]
pub struct Lengths {
    /// Of the file.
    pub lines: usize,
    /// Each function by its name, with the types around it, from its name to its end.
    pub functions: Vec<(String, usize)>,
    /// The lines of what a tool takes, what it answers, its `SPEC` and its `impl`, where the file is a tool.
    pub tool: Option<usize>,
}

impl Source {
    /// Nothing, where the whole file is a test.
    pub fn read(root: &Path, path: &Path) -> Result<Option<Source>> {
        let text = std::fs::read_to_string(root.join(path))?;
        let code = syn_3::parse_file(&text).with_context(|| format!("cannot read {}", path.display()))?;
        let source = Source { path: path.display().to_string(), text, code };
        Ok((!is_test(&source.code.attrs)).then_some(source))
    }

    /// Counts its lines.
    pub fn lengths(&self) -> Lengths {
        let mut measure = Measure::default();
        measure.visit_file(&self.code);
        let tool = self.code.items.iter().any(is_tool).then(|| {
            let parts = self.code.items.iter().filter(|item| is_tool(item) || is_spec(item) || is_said(item));
            parts.map(|item| lines(item.span())).sum()
        });
        Lengths {
            lines: self.text.lines().count().saturating_sub(measure.of_tests),
            functions: measure.functions,
            tool,
        }
    }
}

/// Whether it is compiled for tests only.
pub fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn_3::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

/// What stands before an item in `#[..]`.
pub fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// `impl Tool for ..` or `impl Change for ..`
fn is_tool(item: &Item) -> bool {
    let Item::Impl(block) = item else { return false };
    let of = block.trait_.as_ref().and_then(|(path, ..)| path.segments.last());
    of.is_some_and(|of| of.ident == "Tool" || of.ident == "Change")
}

fn is_spec(item: &Item) -> bool {
    matches!(item, Item::Const(item) if item.ident == "SPEC")
}

/// A type that is read from arguments or written into answers.
fn is_said(item: &Item) -> bool {
    matches!(item, Item::Struct(_) | Item::Enum(_))
        && attributes(item).iter().filter(|it| it.path().is_ident("derive")).any(|derive| {
            let mut said = false;
            let read = derive.parse_nested_meta(|meta| {
                said |= meta.path.is_ident("Serialize") || meta.path.is_ident("Deserialize");
                Ok(())
            });
            read.is_ok() && said
        })
}

/// Reads one file.
#[derive(Default)]
struct Measure {
    /// The types and traits around what is read.
    owner: Vec<String>,
    /// How many lines are of tests.
    of_tests: usize,
    functions: Vec<(String, usize)>,
}

impl Measure {
    fn function(&mut self, name: &syn_3::Ident, body: Span) {
        let lines = body.end().line.saturating_sub(name.span().start().line) + 1;
        let name = [self.owner.as_slice(), &[name.to_string()]].concat().join("::");
        self.functions.push((name, lines));
    }
}

fn lines(span: Span) -> usize {
    span.end().line.saturating_sub(span.start().line) + 1
}

impl<'ast> Visit<'ast> for Measure {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test(attributes(item)) {
            self.of_tests += lines(item.span());
            return;
        }
        match item {
            Item::Impl(block) => {
                self.owner.push(type_name(&block.self_ty));
                visit::visit_item(self, item);
                self.owner.pop();
            }
            Item::Trait(block) => {
                self.owner.push(block.ident.to_string());
                visit::visit_item(self, item);
                self.owner.pop();
            }
            Item::Fn(function) => {
                self.function(&function.sig.ident, function.block.span());
                visit::visit_item(self, item);
            }
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if let ImplItem::Fn(function) = item {
            self.function(&function.sig.ident, function.block.span());
        }
        visit::visit_impl_item(self, item);
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        if let TraitItem::Fn(function) = item
            && let Some(block) = &function.default
        {
            self.function(&function.sig.ident, block.span());
        }
        visit::visit_trait_item(self, item);
    }
}

fn type_name(of: &syn_3::Type) -> String {
    match of {
        syn_3::Type::Path(path) => {
            path.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
        }
        _ => "impl".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_what_it_takes_answers_and_does() {
        let root = tempfile::tempdir().unwrap();
        let text = "use a::B;\n\n/// Takes.\n#[derive(Deserialize)]\nstruct Input {\n    a: u8,\n}\n\nconst SPEC: Spec = s();\n\n\
                    impl Tool for Input {\n    fn call() {}\n}\n\nfn helper() {}\n\nstruct Inner;\n\n\
                    #[cfg(test)]\nmod tests {\n    fn test() {}\n}\n";
        std::fs::write(root.path().join("a.rs"), text).unwrap();
        std::fs::write(root.path().join("b.rs"), "fn helper() {}\n").unwrap();
        let lengths = |name: &str| Source::read(root.path(), Path::new(name)).unwrap().unwrap().lengths();
        let tool = lengths("a.rs");
        assert_eq!((tool.tool, tool.lines), (Some(5 + 1 + 3), 18));
        assert_eq!(tool.functions, [("Input::call".to_owned(), 1), ("helper".to_owned(), 1)]);
        assert_eq!(lengths("b.rs").tool, None);
    }
}
