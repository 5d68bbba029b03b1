//! The MCP Registry: a server.json for each server, which names its packages.

use std::fs;

use anyhow::Result;
use serde_json::{Value, json};

use super::names::{Package, Served};
use super::{Dist, binary, mcpb, write};

const SCHEMA: &str = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json";

pub(super) fn servers(dist: &Dist) -> Result<()> {
    for package in &dist.packages {
        let Some(served) = &package.served else { continue };
        let mut bundles = Vec::new();
        for (_, platform) in dist.there().filter(|(other, _)| other.id == package.id) {
            let file = mcpb::file(dist, package, platform);
            bundles.push(json!({
                "registryType": "mcpb",
                "identifier": format!("{}/{file}", dist.names.downloads),
                "fileSha256": binary::sha256(&fs::read(dist.release(&file))?),
                "transport": {"type": "stdio"},
            }));
        }
        if bundles.is_empty() {
            continue;
        }
        let text = serde_json::to_string_pretty(&server(dist, package, served, bundles))? + "\n";
        write(&dist.out.join("registry").join(&package.id).join("server.json"), text)?;
    }
    Ok(())
}

fn server(dist: &Dist, package: &Package, served: &Served, bundles: Vec<Value>) -> Value {
    let names = &dist.names;
    let settings = settings(served);
    let mut packages: Vec<Value> = [("npm", "npx", &package.npm), ("pypi", "uvx", &package.pypi)]
        .into_iter()
        .map(|(kind, runtime, name)| {
            json!({
                "registryType": kind,
                "identifier": name,
                "version": names.version,
                "runtimeHint": runtime,
                "transport": {"type": "stdio"},
                "environmentVariables": settings,
            })
        })
        .collect();
    packages.extend(bundles);
    json!({
        "$schema": SCHEMA,
        "name": served.registry,
        "title": package.title,
        "description": package.about,
        "version": names.version,
        "websiteUrl": names.homepage,
        "repository": {
            "url": names.repository,
            "source": "github",
            "subfolder": package.directory(),
        },
        "packages": packages,
    })
}

/// The settings that people are asked for.
fn settings(served: &Served) -> Value {
    let allow = format!("Risks besides reading, separated by commas: {}", served.risks().join(", "));
    let mut settings = vec![
        json!({"name": "AWS_PROFILE", "description": "Profile of the AWS configuration files"}),
        json!({"name": "AWS_REGION", "description": "Region", "placeholder": "eu-central-1"}),
        json!({"name": "AWSMCP_ALLOW", "description": allow}),
        json!({
            "name": "AWSMCP_ALLOW_ARN",
            "description": "Only these resources: ARNs with IAM's wildcards, separated by commas",
        }),
    ];
    if served.has_local_files() {
        settings.push(json!({
            "name": "AWSMCP_ALLOW_DIR",
            "description": "Directory that tools may read and write",
            "format": "filepath",
        }));
    }
    Value::Array(settings)
}
