//! Scopes: what of a token narrows what its bearer may do.

use std::collections::BTreeSet;

use awsmcp_mcp::{Risk, risk_of};

/// Which scopes are this server's: those without a name before them, such as `awsmcp:read`, and those with one of this
/// server's own names, as an issuer writes them that knows several servers: `https://mcp.example.com/mcp/awsmcp:read`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scopes {
    own_names: Vec<String>,
}

impl Scopes {
    /// The scopes of a server of these names: its audiences, and the address that clients know.
    pub(crate) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Scopes {
        let names = names.into_iter().map(|name| name.trim_end_matches('/'));
        Scopes { own_names: names.filter(|name| !name.is_empty()).map(str::to_owned).collect() }
    }

    /// The risks that scopes stand for. A scope with another server's name before it counts for that server only: an
    /// issuer may well give one token for several.
    pub(crate) fn risks<'a>(&self, scopes: impl IntoIterator<Item = &'a str>) -> BTreeSet<Risk> {
        let words = scopes.into_iter().flat_map(str::split_whitespace);
        words.filter_map(|scope| risk_of(self.without_name(scope))).collect()
    }

    fn without_name<'a>(&self, scope: &'a str) -> &'a str {
        let names = self.own_names.iter();
        let mut bare = names.filter_map(|name| scope.strip_prefix(name.as_str())?.strip_prefix('/'));
        bare.next().unwrap_or(scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_counts_bare_or_with_a_name_of_this_server_before_it() {
        let own = Scopes::of(["https://mcp.example.com/mcp", "api://awsmcp/", ""]);
        let all = own.risks([
            "awsmcp:read openid",
            "https://mcp.example.com/mcp/awsmcp:write",
            "api://awsmcp/awsmcp:destroy",
        ]);
        assert_eq!(all, BTreeSet::from([Risk::Read, Risk::Write, Risk::Destroy]));
        assert_eq!(Scopes::default().risks(["awsmcp:all awsmcp:", "read", "xawsmcp:read"]), BTreeSet::new());
    }

    #[test]
    fn a_scope_of_another_server_counts_for_nothing() {
        let own = Scopes::of(["https://mcp.example.com/mcp"]);
        for other in [
            "https://other",
            "https://mcp.example.com",
            "https://mcp.example.com/mcp/x",
            "https://mcp.example.com/mcp2",
            "https://MCP.example.com/mcp",
            "/",
            "",
            "https://mcp.example.com/mcp/",
            " https://other",
        ] {
            for risk in Risk::ALL {
                let scope = format!("{other}/awsmcp:{}", risk.name());
                assert_eq!(own.risks([scope.as_str()]), BTreeSet::new(), "{scope}");
                assert_eq!(Scopes::default().risks([scope.as_str()]), BTreeSet::new(), "{scope}");
            }
        }
    }
}
