//! The servers' contracts, `servers/*/manifest.json`, and the places in documents where they are printed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use awsmcp_spec::Manifest;

/// Every server's manifest, by id.
pub(crate) fn manifests(root: &Path) -> Result<Vec<Manifest>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root.join("servers"))? {
        let path = entry?.path().join("manifest.json");
        let text = fs::read_to_string(&path).with_context(|| {
            format!(
                "{} is missing; `AWSMCP_UPDATE=1 cargo test -p awsmcp-<id> manifest` writes it",
                path.display()
            )
        })?;
        found
            .push(serde_json::from_str::<Manifest>(&text).with_context(|| format!("in {}", path.display()))?);
    }
    found.sort_by(|a, b| a.server.cmp(&b.server));
    Ok(found)
}

/// `path` with the text between its marks replaced.
pub(crate) fn between(path: &Path, mark: &str, text: &str) -> Result<(PathBuf, String)> {
    let old = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (begin, end) =
        (format!("<!-- {mark}: printed by `cargo xtask gen` -->\n"), format!("<!-- /{mark} -->"));
    let parts =
        old.split_once(&begin).and_then(|(head, rest)| rest.split_once(&end).map(|(_, tail)| (head, tail)));
    let Some((head, tail)) = parts else {
        bail!("{} has no place for the printed text: {} ... {end}", path.display(), begin.trim_end());
    };
    Ok((path.to_owned(), format!("{head}{begin}{text}{end}{tail}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_put_between_its_marks_and_nowhere_else() {
        let dir = std::env::temp_dir().join(format!("awsmcp-gen-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join("README.md");
        fs::write(&path, "a\n<!-- tools: printed by `cargo xtask gen` -->\nold\n<!-- /tools -->\nz\n")
            .unwrap();
        let (_, text) = between(&path, "tools", "new\n").unwrap();
        assert_eq!(text, "a\n<!-- tools: printed by `cargo xtask gen` -->\nnew\n<!-- /tools -->\nz\n");
        assert!(between(&path, "servers", "x").is_err());
        fs::remove_dir_all(&dir).unwrap();
    }
}
