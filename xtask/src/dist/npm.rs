//! npm: a package that starts the program, and one for each platform that holds it.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::archive::{Entry, tar_gz};
use super::fill::{license, template};
use super::names::{Package, Platform};
use super::text::readme;
use super::{Built, Dist, write};

/// The program for one platform, which npm installs on that platform only.
pub(super) fn platform_package(dist: &Dist, built: &Built) -> Result<()> {
    let (package, platform) = (built.package, built.platform);
    let name = platform_name(package, platform);
    let mut manifest = described(dist, package, &name, &format!("{} for {}", package.binary, platform.id));
    manifest.insert("os".to_owned(), json!([platform.os()]));
    manifest.insert("cpu".to_owned(), json!([platform.cpu()]));
    if platform.glibc.is_some() {
        manifest.insert("libc".to_owned(), json!(["glibc"]));
    }
    // Yarn leaves packages in their archives unless told otherwise, and no program runs from there.
    manifest.insert("preferUnplugged".to_owned(), json!(true));
    let readme = format!(
        "# {name}\n\nThe program of [`{}`]({}) for {}. Install that package instead: it brings the right one.\n",
        package.npm, dist.names.homepage, platform.id
    );
    let (manifest, license) = (pretty(manifest)?, license()?);
    let entries = [
        Entry::file("package/package.json", &manifest),
        Entry::file("package/LICENSE", &license),
        Entry::file("package/README.md", &readme),
        Entry::program(format!("package/bin/{}", built.program()), &built.bytes),
    ];
    write(&dist.out.join("npm").join(file(&name, dist)), tar_gz(&entries, dist.epoch)?)
}

/// The packages that people name, each with the platforms that are there.
pub(super) fn wrappers(dist: &Dist) -> Result<()> {
    for package in &dist.packages {
        let optional: Map<String, Value> = dist
            .there()
            .filter(|(other, _)| other.id == package.id)
            .map(|(_, platform)| (platform_name(package, platform), json!(dist.names.version)))
            .collect();
        if optional.is_empty() {
            continue;
        }
        let mut manifest = described(dist, package, &package.npm, &package.about);
        if let Some(served) = &package.served {
            manifest.insert("mcpName".to_owned(), json!(served.registry));
        }
        manifest.insert("keywords".to_owned(), json!(["mcp", "mcp-server", "aws", package.id]));
        manifest.insert("bin".to_owned(), json!({&package.binary: "start.cjs"}));
        manifest.insert("engines".to_owned(), json!({"node": ">=18"}));
        manifest.insert("optionalDependencies".to_owned(), Value::Object(optional));
        let (manifest, license) = (pretty(manifest)?, license()?);
        let readme = readme(dist, package, &format!("npx -y {}", package.npm))?;
        let start = template("npm/start.cjs", &[])?;
        let entries = [
            Entry::file("package/package.json", &manifest),
            Entry::file("package/LICENSE", &license),
            Entry::file("package/README.md", &readme),
            Entry::program("package/start.cjs", &start),
        ];
        write(&dist.out.join("npm").join(file(&package.npm, dist)), tar_gz(&entries, dist.epoch)?)?;
    }
    Ok(())
}

/// The archive of a platform's package, under npm/.
pub(super) fn platform_file(dist: &Dist, package: &Package, platform: &Platform) -> String {
    file(&platform_name(package, platform), dist)
}

fn platform_name(package: &Package, platform: &Platform) -> String {
    format!("{}-{}", package.npm, platform.id)
}

/// The name that `npm pack` gives: `awsmcp-s3-0.1.0.tgz`.
fn file(name: &str, dist: &Dist) -> String {
    format!("{}-{}.tgz", name.trim_start_matches('@').replace('/', "-"), dist.names.version)
}

fn described(dist: &Dist, package: &Package, name: &str, about: &str) -> Map<String, Value> {
    let names = &dist.names;
    [
        ("name", json!(name)),
        ("version", json!(names.version)),
        ("description", json!(about)),
        ("license", json!(names.license)),
        ("author", json!({"name": names.publisher.name, "url": names.publisher.url})),
        ("homepage", json!(names.homepage)),
        (
            "repository",
            json!({
                "type": "git",
                "url": format!("git+{}.git", names.repository),
                "directory": package.directory(),
            }),
        ),
        ("publishConfig", json!({"access": "public"})),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn pretty(manifest: Map<String, Value>) -> Result<String> {
    Ok(serde_json::to_string_pretty(&Value::Object(manifest))? + "\n")
}
