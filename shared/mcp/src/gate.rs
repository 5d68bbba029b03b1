//! What may be called at all, and on what.

use std::borrow::Cow;

use awsmcp_spec::{Environment, Pattern, Risk, Spec, in_row, resources, texts};

use crate::{
    Error, Result, Server, Service, Settings,
    allowed::{canonical, flag, may, turned_off},
    argument,
    input::Input,
    text::nearest,
    tool::Entry,
};

/// The toolsets that every server has.
pub const COMMON_TOOLSETS: [&str; 2] = ["default", "all"];

/// Which tools are on, and for each that is off, why.
#[derive(Debug)]
pub(crate) struct Gate {
    off: Vec<Option<String>>,
}

impl Gate {
    /// # Errors
    /// When the operator named a tool, a toolset or a directory that does not exist, or asked for a tool
    /// without allowing its risk.
    pub(crate) fn new<S: Service>(server: &Server<S>, settings: &Settings) -> Result<Gate, String> {
        let names: Vec<&str> = server.entries.iter().map(|entry| entry.spec.name).collect();
        known("--tools", &settings.tools, &names)?;
        known("--exclude-tools", &settings.exclude_tools, &names)?;
        let sets: Vec<&str> = server.toolsets.iter().map(|(name, _)| *name).chain(COMMON_TOOLSETS).collect();
        known("--toolsets", &settings.toolsets, &sets)?;
        let off = server.entries.iter().map(|entry| why_off(entry, settings)).collect::<Vec<_>>();
        for (entry, reason) in server.entries.iter().zip(&off) {
            if let Some(reason) = reason
                && settings.tools.iter().any(|name| name == entry.spec.name)
            {
                return Err(format!("--tools names {}, but {reason}", entry.spec.name));
            }
        }
        for dispatched in &server.dispatched {
            (dispatched.check)(settings)?;
        }
        Ok(Gate { off })
    }

    pub(crate) fn is_on(&self, index: usize) -> bool {
        matches!(self.off.get(index), Some(None))
    }

    pub(crate) fn why_off(&self, index: usize) -> Option<&str> {
        self.off.get(index).and_then(Option::as_deref)
    }

    /// The tools that words of ours name and that are off, each with what turns it on: what is suggested can be done.
    pub(crate) fn off_among<S: Service>(&self, words: &str, server: &Server<S>, own: &str) -> Vec<String> {
        let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        // A name of one word could be any word.
        let named: Vec<&str> =
            words.split(|letter| !word(letter)).filter(|name| name.contains('_')).collect();
        let entries = server.entries.iter().enumerate();
        let meant = entries.filter(|(_, entry)| entry.spec.name != own && named.contains(&entry.spec.name));
        meant
            .filter_map(|(index, entry)| {
                Some(format!("{} is turned off: {}", entry.spec.name, self.why_off(index)?))
            })
            .collect()
    }

    /// Lets a tool pass that is not called by its own name: the operator's wish for the tools that stand for it takes the
    /// place of choosing it, but not of allowing its risk.
    ///
    /// # Errors
    /// Says which flag allows the risk.
    pub(crate) fn permit_risk(risk: Risk, name: &str, settings: &Settings) -> Result<()> {
        if settings.allows(risk) { Ok(()) } else { Err(turned_off(name, &flag(risk))) }
    }

    /// # Errors
    /// Says which flag would turn the tool on.
    pub(crate) fn permit(&self, index: usize, name: &str) -> Result<()> {
        match self.off.get(index) {
            Some(None) => Ok(()),
            Some(Some(reason)) => Err(turned_off(name, reason)),
            None => Err(Error::internal("a tool is missing from the gate")),
        }
    }
}

fn why_off<S: Service>(entry: &Entry<S>, settings: &Settings) -> Option<String> {
    let spec = &entry.spec;
    let named = settings.tools.iter().any(|name| name == spec.name);
    let in_sets = |word: &str| settings.toolsets.iter().any(|set| set == word);
    let by_set = in_sets("all") || in_sets(entry.toolset) || (in_sets("default") && !spec.optional);
    let chosen = if settings.tools.is_empty() && settings.toolsets.is_empty() {
        !spec.optional
    } else {
        named || by_set
    };
    if settings.exclude_tools.iter().any(|name| name == spec.name) {
        return Some("the operator excluded it (--exclude-tools)".to_owned());
    }
    if !settings.allows(spec.risk) {
        return Some(flag(spec.risk));
    }
    if spec.local_files && settings.allow_dirs.is_empty() {
        return Some("it works with local files and needs --allow-dir DIRECTORY".to_owned());
    }
    if !chosen {
        return Some(format!(
            "it is not among the chosen tools; --toolsets {} or --tools {} adds it",
            entry.toolset, spec.name
        ));
    }
    None
}

fn known(flag: &str, given: &[String], valid: &[&str]) -> Result<(), String> {
    for word in given {
        if !valid.contains(&word.as_str()) {
            let meant = nearest(word, valid.iter().copied());
            let meant = meant.map(|meant| format!(" (did you mean {meant}?)")).unwrap_or_default();
            return Err(format!(
                "{flag}: unknown name {word:?}{meant}; the valid ones are: {}",
                valid.join(", ")
            ));
        }
    }
    Ok(())
}

/// The resources a call would touch, by the tool's own declaration and by what its arguments name.
pub(crate) fn touched<S: Service>(
    entry: &Entry<S>,
    input: &Input,
    environment: Environment<'_>,
) -> Vec<(Cow<'static, str>, String)> {
    let mut touched: Vec<(Cow<'static, str>, String)> = entry
        .spec
        .declared()
        .filter(|need| need.applies(&input.own) && !need.is_asked_for_later())
        .flat_map(|need| {
            touches::<S>(need.arn, input, environment)
                .into_iter()
                .map(move |arn| (Cow::Borrowed(need.action), arn))
        })
        .collect();
    touched.dedup();
    touched
}

/// The resources that one template names in a call.
pub(crate) fn touches<S: Service>(
    template: &str,
    input: &Input,
    environment: Environment<'_>,
) -> Vec<String> {
    let found = resources(template, environment, |path| argument::at(path, &input.named, &input.own));
    found.into_iter().map(canonical::<S>).collect()
}

/// # Errors
/// When one of the resources that a call touches is outside the operator's ARN allow-list.
pub(crate) fn scope<S: Service>(
    spec: &Spec,
    touched: &[(Cow<'_, str>, String)],
    settings: &Settings,
) -> Result<()> {
    for (action, arn) in touched {
        // AWS grants such an action on everything or not at all; the rows are held to the allow-list instead.
        if arn == "*" && (spec.row_arn.is_some() || spec.no_resource) {
            continue;
        }
        may::<S>(named_after(action, arn, touched), arn, settings)?;
    }
    Ok(())
}

/// Of the actions on one resource the one that is named after its kind: a tool that takes jobs of any kind declares the
/// actions of all kinds on each, and a refusal shall not name another kind's.
fn named_after<'a>(action: &'a str, arn: &str, touched: &'a [(Cow<'_, str>, String)]) -> &'a str {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let kind = resource.split(['/', ':']).next().unwrap_or_default().replace('-', "");
    let is_of_it = |action: &&str| {
        let operation = action.to_ascii_lowercase();
        operation.trim_end_matches("v2").ends_with(&kind)
    };
    let of_it =
        touched.iter().filter(|(_, other)| other == arn).map(|(action, _)| action.as_ref()).find(is_of_it);
    of_it.filter(|_| !kind.is_empty()).unwrap_or(action)
}

/// The patterns of the allow-list that fit nothing which this server can touch: an operator who wrote one meant another.
pub(crate) fn unmatched<'a, S: Service>(
    server: &Server<S>,
    gate: &Gate,
    settings: &'a Settings,
) -> Vec<&'a Pattern> {
    // A tool of many operations reaches what no declaration names.
    let dispatches =
        server.entries.iter().enumerate().any(|(index, entry)| entry.spec.dispatches && gate.is_on(index));
    if settings.allow_arns.is_empty() || dispatches {
        return Vec::new();
    }
    let anywhere = Environment { partition: "*", region: "*", account: "*" };
    let declared = server.entries.iter().flat_map(|entry| {
        entry.spec.declared().map(|need| need.arn).filter(|arn| *arn != "*").chain(entry.spec.row_arn)
    });
    let mut templates: Vec<&str> = declared.chain(S::FORMS.iter().copied()).collect();
    templates.sort_unstable();
    templates.dedup();
    let touched: Vec<String> =
        templates.into_iter().flat_map(|template| resources(template, anywhere, |_| Vec::new())).collect();
    let fits = |pattern: &Pattern| touched.iter().any(|arn| pattern.overlaps(arn));
    settings.allow_arns.iter().filter(|pattern| !fits(pattern)).collect()
}

/// Whether a row is of a resource inside the allow-list.
pub(crate) fn row_allowed<S: Service>(
    template: &str,
    row: &serde_json::Value,
    environment: Environment<'_>,
    settings: &Settings,
) -> bool {
    let Some(fields) = row.as_object() else { return false };
    let named =
        |path: &str| texts(path, fields).into_iter().map(|text| in_row(template, path, text)).collect();
    resources(template, environment, named)
        .into_iter()
        .map(canonical::<S>)
        .all(|arn| settings.allow_arns.iter().any(|pattern| pattern.covers(&arn)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_action_of_the_resources_kind() {
        let arn = |resource: &str| format!("arn:aws:sagemaker:us-east-1:123456789012:{resource}");
        let actions = ["DescribeTrainingJob", "DescribeAutoMLJobV2", "DescribeCompilationJob"];
        for (resource, expected) in [
            ("training-job/j", "DescribeTrainingJob"),
            ("automl-job/j", "DescribeAutoMLJobV2"),
            ("compilation-job/j", "DescribeCompilationJob"),
            ("labeling-job/j", "DescribeTrainingJob"),
            ("*", "DescribeTrainingJob"),
        ] {
            let arn = arn(resource);
            let touched: Vec<_> =
                actions.iter().map(|action| (Cow::Borrowed(*action), arn.clone())).collect();
            assert_eq!(named_after(actions[0], &arn, &touched), expected);
        }
    }
}
