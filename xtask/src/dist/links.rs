//! Links that add a server to a client with one click, for docs/install.

use std::path::{Path, PathBuf};

use anyhow::Result;
use awsmcp_spec::Manifest;
use data_encoding::BASE64;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::names::{Names, Package};
use crate::contracts::between;

/// Where a client is told of a server.
type Link = fn(&Package) -> String;

/// The pages with their links.
pub(crate) fn documents(root: &Path, manifests: &[Manifest]) -> Result<Vec<(PathBuf, String)>> {
    let names = Names::read(root)?;
    let packages = names.packages(root, manifests.to_vec())?;
    let pages: [(&str, &str, Link); 3] = [
        ("cursor", "https://cursor.com/deeplink/mcp-install-light.svg", cursor),
        ("vscode", "https://img.shields.io/badge/VS_Code-Install-0098FF?logo=visualstudiocode", vscode),
        ("kiro", "https://kiro.dev/images/add-to-kiro.svg", kiro),
    ];
    pages
        .into_iter()
        .map(|(page, badge, link)| {
            let mut table = String::from("| server | |\n| --- | --- |\n");
            for package in packages.iter().filter(|package| package.served.is_some()) {
                let (title, name, link) = (&package.title, name(package), link(package));
                table.push_str(&format!("| {title} | [![Add {name}]({badge})]({link}) |\n"));
            }
            between(&root.join(format!("docs/install/{page}.md")), "links", &table)
        })
        .collect()
}

/// What the server is called in a client.
fn name(package: &Package) -> String {
    format!("aws-{}", package.id)
}

fn configuration(package: &Package) -> String {
    json!({"command": "npx", "args": ["-y", package.npm]}).to_string()
}

/// <https://cursor.com/docs/context/mcp/install-links>
fn cursor(package: &Package) -> String {
    let configuration = encoded(&BASE64.encode(configuration(package).as_bytes()));
    format!("https://cursor.com/en/install-mcp?name={}&config={configuration}", name(package))
}

fn vscode(package: &Package) -> String {
    let configuration = encoded(&configuration(package));
    format!("https://insiders.vscode.dev/redirect/mcp/install?name={}&config={configuration}", name(package))
}

fn kiro(package: &Package) -> String {
    let configuration = encoded(&configuration(package));
    format!("https://kiro.dev/launch/mcp/add?name={}&config={configuration}", name(package))
}

/// A value of a query.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_a_query_is_escaped() {
        assert_eq!(encoded("a-1 {\"é\"}"), "a%2D1%20%7B%22%C3%A9%22%7D");
    }
}
