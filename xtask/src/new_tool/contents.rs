//! The table of contents in lib.rs, and where a tool stands in it.

use anyhow::{Context, Result, bail};
use awsmcp_spec::Risk;
use syn_3::spanned::Spanned;
use syn_3::visit::{self, Visit};
use syn_3::{Expr, ExprLit, ExprMethodCall, Item, Lit};

/// The text of lib.rs with one more tool at the end of a toolset, by default the last.
pub(super) fn with_tool(text: &str, kind: &str, risk: Risk, toolset: Option<&str>) -> Result<String> {
    let code = syn_3::parse_file(text).context("this is no Rust")?;
    let server = code.items.iter().find_map(|item| match item {
        Item::Fn(function) if function.sig.ident == "server" => Some(function),
        _ => None,
    });
    let mut contents = Contents(Vec::new());
    contents.visit_item_fn(server.context("it has no `fn server()`")?);
    let sets = contents.sets();
    let set = match toolset {
        Some(name) => sets.iter().find(|set| set.name == name),
        None => sets.last(),
    };
    let Some(set) = set else {
        let names: Vec<&str> = sets.iter().map(|set| set.name.as_str()).collect();
        bail!("there is no toolset {:?}; there are {}", toolset.unwrap_or_default(), names.join(", "));
    };
    let (before, after) = text.split_at_checked(set.end).context("the toolset ends nowhere")?;
    // As deep as the line that it follows.
    let line = before.lines().last().unwrap_or_default();
    let indent = line.get(..line.len() - line.trim_start().len()).unwrap_or_default();
    let call = if risk.changes() { "change" } else { "tool" };
    Ok(format!("{before}\n{indent}.{call}::<{kind}>(){after}"))
}

/// A toolset, and where the last call that belongs to it ends.
struct Set {
    name: String,
    end: usize,
}

/// The calls of a builder: what is called, its first text, and where it ends.
struct Contents(Vec<(String, Option<String>, usize)>);

impl Contents {
    /// The toolsets in order: `.toolset(..)` and the tools behind it. What follows those, such as `.resource(..)`, belongs
    /// to none.
    fn sets(mut self) -> Vec<Set> {
        self.0.sort_by_key(|(_, _, end)| *end);
        let mut sets: Vec<Set> = Vec::new();
        for (method, first, end) in self.0 {
            match (method.as_str(), sets.last_mut()) {
                ("toolset", _) => sets.push(Set { name: first.unwrap_or_default(), end }),
                ("tool" | "change", Some(set)) => set.end = end,
                _ => {}
            }
        }
        sets
    }
}

impl<'ast> Visit<'ast> for Contents {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let first = match call.args.first() {
            Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => Some(text.value()),
            _ => None,
        };
        self.0.push((call.method.to_string(), first, call.span().byte_range().end));
        visit::visit_expr_method_call(self, call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBRARY: &str = "
pub fn server() -> Server<S> {
    Server::new(\"é: words\")
        .toolset(\"first\", \"what comes first\")
        .tool::<ListThings>()
        .change::<PutThing>()
        .toolset(
            \"empty\",
            \"nothing yet\",
        )
        .toolset(\"last\", \"what comes last\")
        .tool::<GetThing>()
        .prompt(prompts::ONE)
        .resource(Resource { tool: \"get_thing\", complete: &[Completion { tool: \"list_things\" }] })
}
";

    #[test]
    fn a_tool_stands_at_the_end_of_its_toolset() {
        let of = |toolset, risk| with_tool(LIBRARY, "New", risk, toolset).unwrap();
        let behind = |line: &str, new: &str| LIBRARY.replace(line, &format!("{line}\n        {new}"));
        assert_eq!(of(Some("first"), Risk::Read), behind(".change::<PutThing>()", ".tool::<New>()"));
        assert_eq!(of(Some("last"), Risk::Destroy), behind(".tool::<GetThing>()", ".change::<New>()"));
        assert_eq!(of(Some("empty"), Risk::Reveal), behind("nothing yet\",\n        )", ".tool::<New>()"));
        // Without a name it is the last one, and not what stands behind it.
        assert_eq!(of(None, Risk::Read), behind(".tool::<GetThing>()", ".tool::<New>()"));
    }

    #[test]
    fn a_toolset_that_is_not_there_is_an_error() {
        let error = with_tool(LIBRARY, "New", Risk::Read, Some("other")).unwrap_err().to_string();
        assert_eq!(error, "there is no toolset \"other\"; there are first, empty, last");
        assert!(with_tool("fn other() {}", "New", Risk::Read, None).is_err());
        assert!(with_tool("pub fn server() { Server::new() }", "New", Risk::Read, None).is_err());
    }
}
