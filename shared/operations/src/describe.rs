//! What an operation takes and answers.

use std::fmt::Write as _;
use std::marker::PhantomData;

use awsmcp_api::{Kind, Model};
use awsmcp_mcp::{Call, Error, One, Result, Settings, Spec, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::known::Known;
use crate::{Operations, chosen, outline};

/// Shows what an AWS operation takes and answers: members, types, `?` for optional, values, risk, IAM actions, pages and
/// waits. `member` opens what is closed as `Name{…}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound = "")]
#[schemars(bound = "S: Operations")]
pub(crate) struct DescribeOperation<S> {
    /// As the AWS CLI names it, such as `sqs`.
    service: String,
    /// Such as `ReceiveMessage`.
    operation: String,
    /// A path to open: `Filters`, `LaunchTemplateData.BlockDeviceMappings`, or of the answer `output.Reservations.Instances`.
    member: Option<String>,
    #[serde(skip)]
    #[schemars(skip)]
    server: PhantomData<fn() -> S>,
}

/// The most characters of a description.
const MOST: usize = 4000;

impl<S: Operations> Tool for DescribeOperation<S> {
    type Service = S;
    type Output = One<String>;
    const SPEC: Spec =
        chosen::<S>(Spec::read("describe_operation", "Describe operation").names_no_resource());

    async fn call(self, cx: &Call<S>) -> Result<One<String>> {
        let known = Known::find::<S>(&self.service, &self.operation)?;
        match self.member.as_deref() {
            Some(path) => opened(&known, path).map(One),
            None => described(&known, cx.settings()).map(One),
        }
    }
}

/// The whole of it, within bounds.
pub(crate) fn described(known: &Known, settings: &Settings) -> Result<String> {
    let operation = known.operation()?;
    let model = &known.model;
    let mut text = format!("{}: {}", known.words(), operation.risk);
    if !settings.allows(operation.risk) {
        let _ = write!(text, " (off: it needs --allow {})", operation.risk);
    }
    if let Err(error) = known.permit(settings) {
        let _ = write!(text, " ({})", error.message);
    }
    if operation.deprecated {
        text.push_str(", deprecated");
    }
    if !operation.about.is_empty() {
        let _ = write!(text, "\n{}", operation.about);
    }
    let needs: Vec<String> = operation.needs.iter().map(need).collect();
    let _ = write!(text, "\nIAM: {}", if needs.is_empty() { "none".to_owned() } else { needs.join("; ") });
    if let Some(pages) = model.pages(&known.name) {
        let rows = pages.rows.first().map(|rows| format!(" of {rows}")).unwrap_or_default();
        let _ = write!(text, "\npages{rows}: `limit` and `cursor` of call_operation turn them");
    }
    let waits: Vec<&str> = waits(model, &known.name).collect();
    if !waits.is_empty() {
        let _ = write!(text, "\nwait: {}", waits.join(", "));
    }
    let left = MOST.saturating_sub(text.chars().count() + 60);
    let of = |shape: &Option<String>, most: usize| match shape {
        Some(shape) => outline::fitting(model, shape, most),
        None => ("{}".to_owned(), false),
    };
    // What it takes matters more; what it answers gets what is left.
    let (input, closed) = of(&operation.input, left * 2 / 3);
    let (output, also) = of(&operation.output, left.saturating_sub(input.chars().count()));
    let _ = write!(text, "\ninput {input}\noutput {output}");
    if closed || also {
        text.push_str("\n`member` opens what is closed");
    }
    Ok(text)
}

fn need(need: &awsmcp_api::Need) -> String {
    let on: Vec<&str> = need.on.iter().chain(&need.also).map(String::as_str).collect();
    if on.is_empty() {
        format!("{} on *", need.action)
    } else {
        format!("{} on {}", need.action, on.join(", "))
    }
}

/// The waiters that ask this operation.
pub(crate) fn waits<'m>(model: &'m Model, operation: &str) -> impl Iterator<Item = &'m str> {
    let of_it = move |waiter: &serde_json::Value| {
        waiter.get("operation").and_then(|it| it.as_str()) == Some(operation)
    };
    model.waiters.iter().filter(move |(_, waiter)| of_it(waiter)).map(|(name, _)| name.as_str())
}

/// One member, opened.
fn opened(known: &Known, path: &str) -> Result<String> {
    let (operation, model) = (known.operation()?, &known.model);
    let mut steps = path.split('.').map(|step| step.trim_end_matches("[]")).peekable();
    let mut shape = match steps.next_if(|step| matches!(*step, "input" | "output")) {
        Some("output") => operation.output.as_deref(),
        _ => operation.input.as_deref(),
    }
    .ok_or_else(|| Error::invalid(format!("{} has no such side", known.words())))?;
    for step in steps {
        shape = inner(model, shape);
        let members = model.shape(shape).map(|shape| &shape.members);
        let Some(member) = members.and_then(|members| members.get(step)) else {
            let names: Vec<&str> =
                members.into_iter().flat_map(|it| it.iter()).map(|(name, _)| name).collect();
            let error = Error::invalid(format!("{path:?}: there is no member {step:?}"));
            return Err(match awsmcp_mcp::nearest(step, names.iter().copied()) {
                Some(meant) => error.with_next(format!("did you mean {meant}?")),
                None => error.with_next(format!("there is {}", names.join(", "))),
            });
        };
        shape = &member.shape;
    }
    let (text, closed) = outline::fitting(model, shape, MOST - 200);
    let more = if closed { "\na longer path opens what is closed" } else { "" };
    Ok(format!("{} {path}: {text}{more}", known.words()))
}

/// The structure within lists and maps.
fn inner<'m>(model: &'m Model, mut shape: &'m str) -> &'m str {
    while let Some(known) = model.shape(shape) {
        shape = match known.kind {
            Kind::List => known.member.as_ref(),
            Kind::Map => known.value.as_ref(),
            _ => return shape,
        }
        .map_or("", |part| part.shape.as_str());
    }
    shape
}

#[cfg(test)]
mod tests {
    use awsmcp_api::ALL;

    use super::*;
    use crate::known;

    #[test]
    fn a_description_fits_and_nearly_all_show_the_whole_input() {
        let settings = Settings::default();
        let (mut all, mut closed, mut longest) = (0, 0, 0);
        for service in ALL {
            let model = known::opened(service).unwrap();
            for name in model.operations.keys() {
                let known = Known { service, model: model.clone(), name: name.clone() };
                let text = described(&known, &settings).unwrap();
                longest = longest.max(text.chars().count());
                all += 1;
                let input = text.split("\noutput ").next().unwrap();
                closed += usize::from(input.contains("{…}") || input.contains(" more }"));
            }
        }
        eprintln!("{all} {closed} {longest}");
        assert!(longest <= MOST, "{longest}");
        assert!(closed * 20 <= all, "{closed} of {all} do not show their whole input");
    }
}
