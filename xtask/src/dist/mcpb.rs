//! MCPB: bundles that Claude Desktop installs with a click, one for each platform, since the format tells no CPUs apart.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::archive::{Entry, zip};
use super::fill::{license, template};
use super::names::{Package, Platform, Served};
use super::text::readme;
use super::{Built, Dist, plain, write};

pub(super) fn bundle(dist: &Dist, built: &Built, served: &Served) -> Result<()> {
    let program = built.program();
    let manifest =
        serde_json::to_string_pretty(&manifest(dist, built.package, served, built.platform))? + "\n";
    let readme = readme(dist, built.package, &built.package.binary)?;
    let (license, start) = (license()?, template("mcpb/start.sh", &[("binary", &built.package.binary)])?);
    let mut entries = vec![
        Entry::file("manifest.json", &manifest),
        Entry::file("LICENSE", &license),
        Entry::file("README.md", &readme),
        Entry::program(format!("server/{program}"), &built.bytes),
    ];
    if !built.platform.is_windows() {
        entries.push(Entry::program("server/start.sh", &start));
    }
    write(&dist.release(&file(dist, built.package, built.platform)), zip(&entries, dist.epoch)?)
}

/// The bundle, among the files of a release.
pub(super) fn file(dist: &Dist, package: &Package, platform: &Platform) -> String {
    format!("{}.mcpb", plain::stem(dist, package, platform))
}

fn manifest(dist: &Dist, package: &Package, served: &Served, platform: &Platform) -> Value {
    let names = &dist.names;
    let server = &served.manifest;
    let tools: Vec<Value> =
        server.tools.iter().map(|tool| json!({"name": tool.name, "description": tool.description})).collect();
    json!({
        "manifest_version": "0.4",
        "name": package.binary,
        "display_name": package.title,
        "version": names.version,
        "description": package.about,
        "long_description": format!(
            "{} Only reading is on until you allow more. Uses the credentials that the AWS CLI uses.",
            package.summary
        ),
        "author": {"name": names.publisher.name, "url": names.publisher.url},
        "repository": {"type": "git", "url": format!("{}.git", names.repository)},
        "homepage": names.homepage,
        "support": format!("{}/issues", names.repository),
        "license": names.license,
        "keywords": ["aws", package.id],
        "server": {
            "type": "binary",
            "entry_point": format!("server/{}", platform.program(&package.binary)),
            "mcp_config": started(package, served, platform),
        },
        "tools": tools,
        // Some servers make tools of what an account holds.
        "tools_generated": server.options.iter().any(|option| option.name.ends_with("-tools")),
        "prompts_generated": !server.prompts.is_empty(),
        "compatibility": {"platforms": [platform.os()]},
        "user_config": settings(served, platform),
    })
}

/// How a host starts the server.
fn started(package: &Package, served: &Served, platform: &Platform) -> Value {
    let mut env = Map::new();
    for (variable, setting) in
        [("AWSMCP_PROFILE", "profile"), ("AWSMCP_REGION", "region"), ("AWSMCP_ALLOW", "allow")]
    {
        env.insert(variable.to_owned(), json!(format!("${{user_config.{setting}}}")));
    }
    if platform.is_windows() {
        if served.has_local_files() {
            env.insert("AWSMCP_ALLOW_DIR".to_owned(), json!("${user_config.directories}"));
        }
        let program = platform.program(&package.binary);
        return json!({"command": format!("${{__dirname}}/server/{program}"), "args": [], "env": env});
    }
    // By a shell: a host may unpack the program without its mode, and gives directories one by one.
    let mut args = vec![json!("${__dirname}/server/start.sh")];
    if served.has_local_files() {
        args.push(json!("${user_config.directories}"));
    }
    json!({"command": "/bin/sh", "args": args, "env": env})
}

/// What a host asks its user.
fn settings(served: &Served, platform: &Platform) -> Value {
    let mut settings = Map::new();
    let mut text = |name: &str, title: &str, about: String| {
        let setting =
            json!({"type": "string", "title": title, "description": about, "required": false, "default": ""});
        settings.insert(name.to_owned(), setting);
    };
    text(
        "profile",
        "AWS profile",
        "A profile of ~/.aws/config. Empty: what the AWS CLI would use.".to_owned(),
    );
    text("region", "AWS region", "Such as eu-central-1. Empty: the profile's.".to_owned());
    let risks = served.risks();
    text(
        "allow",
        "Allow more than reading",
        format!("Any of {}, separated by commas. Empty: reading only.", risks.join(", ")),
    );
    if served.has_local_files() {
        let directories = if platform.is_windows() {
            json!({
                "type": "directory",
                "title": "Directory for local files",
                "description": "Tools read and write local files only in here. Empty: none.",
                "required": false,
                "default": "",
            })
        } else {
            json!({
                "type": "directory",
                "title": "Directories for local files",
                "description": "Tools read and write local files only in these. Empty: none.",
                "multiple": true,
                "required": false,
                "default": [],
            })
        };
        settings.insert("directories".to_owned(), directories);
    }
    Value::Object(settings)
}
