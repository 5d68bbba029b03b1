//! Which SSM documents may be run on instances.
//!
//! A document runs as root. One that takes a script, such as AWS-RunShellScript, can do anything to the machine and with
//! its role, so none of these is allowed unless the operator names it. What is allowed without being asked for is AWS's own
//! and only looks: the scan for missing patches.

use std::collections::BTreeMap;

use awsmcp_mcp::{Call, Error, Extra, Result};
use globset::{Glob, GlobMatcher};

use crate::Ec2;

pub(crate) const ALLOWED: Extra = Extra {
    name: "allow-document",
    value: "DOCUMENTS",
    help: "SSM documents that run_command may run: names or globs, separated by commas, each with a parameter it is held to \
           if wanted (NAME:Parameter=Value). AWS-RunShellScript lets a model run anything as root.",
    default: Some("AWS-RunPatchBaseline:Operation=Scan"),
    check: |text| read(text).map(drop),
};

/// One entry of the list.
#[derive(Debug)]
struct Entry {
    name: GlobMatcher,
    /// The parameter that it is held to, and its value.
    held: Option<(String, String)>,
}

fn read(text: &str) -> Result<Vec<Entry>, String> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(entry).collect()
}

fn entry(text: &str) -> Result<Entry, String> {
    let wrong = || {
        format!(
            "{text:?} is no document; good ones are AWS-RunShellScript, Team-* and AWS-RunPatchBaseline:Operation=Scan"
        )
    };
    let (name, held) = match text.rsplit_once(':') {
        Some((name, held)) if held.contains('=') => {
            let (parameter, value) = held.split_once('=').ok_or_else(wrong)?;
            (name, Some((parameter.to_owned(), value.to_owned())))
        }
        _ => (text, None),
    };
    if name.is_empty() || held.as_ref().is_some_and(|(parameter, _)| parameter.is_empty()) {
        return Err(wrong());
    }
    let name = Glob::new(name).map_err(|_| wrong())?.compile_matcher();
    Ok(Entry { name, held })
}

/// Lets a document pass, and holds it to the parameters that its entry names.
///
/// # Errors
/// When it is not on the list, or is to be run otherwise than the list says.
pub(crate) fn permit(
    cx: &Call<Ec2>,
    document: &str,
    parameters: &mut BTreeMap<String, Vec<String>>,
) -> Result<()> {
    let list = cx.extra(ALLOWED.name).unwrap_or_default();
    permitted(list, document, parameters)
}

fn permitted(list: &str, document: &str, parameters: &mut BTreeMap<String, Vec<String>>) -> Result<()> {
    let entries = read(list).map_err(Error::internal)?;
    let named: Vec<&Entry> = entries.iter().filter(|entry| entry.name.is_match(document)).collect();
    let fits = |entry: &&Entry| match &entry.held {
        None => true,
        Some((parameter, value)) => parameters
            .get(parameter)
            .is_none_or(|given| given.iter().all(|own| own == value) && !given.is_empty()),
    };
    // An entry that holds to nothing goes before one that does.
    let best = named.iter().copied().filter(fits).min_by_key(|entry| entry.held.is_some());
    match (best, named.first()) {
        (Some(entry), _) => {
            if let Some((parameter, value)) = &entry.held {
                parameters.insert(parameter.clone(), vec![value.clone()]);
            }
            Ok(())
        }
        (None, Some(entry)) => {
            let (parameter, value) = entry.held.clone().unwrap_or_default();
            Err(Error::refused(format!("{document} may run only with {parameter}={value}"))
                .with_next("leave that parameter out, or ask the operator for --allow-document"))
        }
        (None, None) => Err(Error::refused(format!("{document} is not among the documents that may run"))
            .with_next(format!("the operator allows {list}; only they can add it with --allow-document"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(
        list: &str,
        document: &str,
        given: &[(&str, &str)],
    ) -> Result<BTreeMap<String, Vec<String>>, String> {
        let mut parameters: BTreeMap<String, Vec<String>> =
            given.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()])).collect();
        permitted(list, document, &mut parameters).map(|()| parameters).map_err(|error| error.message.clone())
    }

    #[test]
    fn by_default_only_the_scan_for_patches_runs() {
        let default = ALLOWED.default.unwrap();
        let scan = ask(default, "AWS-RunPatchBaseline", &[]).unwrap();
        assert_eq!(scan["Operation"], ["Scan"]);
        assert!(
            ask(default, "AWS-RunPatchBaseline", &[("Operation", "Install")])
                .unwrap_err()
                .contains("only with Operation=Scan")
        );
        assert!(ask(default, "AWS-RunShellScript", &[]).unwrap_err().contains("not among the documents"));
    }

    #[test]
    fn globs_and_several_entries_are_taken() {
        assert!(ask("Team-*, AWS-RunShellScript", "Team-Restart", &[]).is_ok());
        assert!(ask("Team-*", "team-restart", &[]).is_err());
        let both = "AWS-RunPatchBaseline:Operation=Scan,AWS-RunPatchBaseline";
        assert!(ask(both, "AWS-RunPatchBaseline", &[("Operation", "Install")]).is_ok());
        assert!(ask("", "AWS-RunShellScript", &[]).is_err());
    }

    #[test]
    fn a_parameter_cannot_be_emptied_to_pass() {
        let mut parameters = BTreeMap::from([("Operation".to_owned(), Vec::new())]);
        assert!(
            permitted("AWS-RunPatchBaseline:Operation=Scan", "AWS-RunPatchBaseline", &mut parameters)
                .is_err()
        );
    }

    #[test]
    fn a_wrong_entry_shows_good_ones() {
        for wrong in [":a=b", "AWS-[", "X:=y"] {
            assert!((ALLOWED.check)(wrong).unwrap_err().contains("AWS-RunShellScript"), "{wrong}");
        }
        assert!((ALLOWED.check)("arn:aws:ssm:us-east-1:123456789012:document/Team").is_ok());
    }
}
