//! Texts with places to fill: `{{name}}` in a file of dist/, `{name}` in a name.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::place;

/// The license that every package carries.
pub(super) fn license() -> Result<String> {
    let path = place::workspace().join("LICENSE");
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// A name with its places filled.
pub(super) fn fill(pattern: &str, values: &[(&str, &str)]) -> Result<String> {
    put(pattern, ("{", "}"), values)
}

/// A file of dist/ with its places filled.
pub(super) fn template(file: &str, values: &[(&str, &str)]) -> Result<String> {
    let path = place::workspace().join("dist").join(file);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    put(&text, ("{{", "}}"), values).with_context(|| format!("in {}", path.display()))
}

fn put(text: &str, (open, close): (&str, &str), values: &[(&str, &str)]) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        let Some((name, behind)) = after.split_once(close) else {
            bail!("a place is not closed: {open}{}", after.lines().next().unwrap_or_default());
        };
        let Some((_, value)) = values.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = values.iter().map(|(known, _)| *known).collect();
            bail!("nothing is known of {name:?}; there are {}", known.join(", "));
        };
        out.push_str(before);
        out.push_str(value);
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_unknown_ones_named() {
        assert_eq!(fill("@a/{id}-{id}", &[("id", "s3")]).unwrap(), "@a/s3-s3");
        assert_eq!(put("${x} {{y}}", ("{{", "}}"), &[("y", "{{y}}")]).unwrap(), "${x} {{y}}");
        let error = fill("{name}", &[("id", "s3")]).unwrap_err().to_string();
        assert!(error.contains("name") && error.contains("id"), "{error}");
        assert!(fill("{id", &[("id", "s3")]).is_err());
    }
}
