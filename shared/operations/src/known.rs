//! Which operations there are: those of the server's services that the operator left on.

use std::collections::BTreeMap;
use std::sync::Arc;

use awsmcp_api::{Model, Operation, Service as Api};
use awsmcp_mcp::{Error, OperationPattern, Result, Settings};

use crate::Operations;

/// An operation that a call names, with the model that it is of.
pub(crate) struct Known {
    pub(crate) service: &'static Api,
    pub(crate) model: Arc<Model>,
    /// As AWS writes it.
    pub(crate) name: String,
}

impl Known {
    /// # Errors
    /// When there is no such service or operation; the nearest is named.
    pub(crate) fn find<S: Operations>(service: &str, operation: &str) -> Result<Known> {
        let service = self::service::<S>(service)?;
        let model = opened(service)?;
        awsmcp_api::keep(&model);
        let name = model.find(operation)?.0.to_owned();
        Ok(Known { service, model, name })
    }

    pub(crate) fn operation(&self) -> Result<&Operation> {
        self.model.operations.get(&self.name).ok_or_else(|| Error::internal("an operation is gone"))
    }

    /// As a person would write it: `sqs ListQueues`.
    pub(crate) fn words(&self) -> String {
        format!("{} {}", self.service.name, self.name)
    }

    /// # Errors
    /// When the operator left it out; it names the flag.
    pub(crate) fn permit(&self, settings: &Settings) -> Result<()> {
        let operation = self.operation()?;
        let actions = || operation.needs.iter().map(|need| need.action.as_str());
        match left_out(self.service.name, &self.name, actions, settings) {
            None => Ok(()),
            Some(why) => Err(Error::refused(format!("{} is turned off: {why}", self.words())).with_next(
                "only the operator can turn it on, by starting the server with other flags; do not work around it",
            )),
        }
    }
}

/// Why the operator's names of operations leave this one out, where they do.
pub(crate) fn left_out<'a, I: Iterator<Item = &'a str>>(
    service: &str,
    operation: &str,
    actions: impl Fn() -> I,
    settings: &Settings,
) -> Option<String> {
    let fits = |pattern: &&OperationPattern| pattern.fits(service, operation, actions());
    if let Some(pattern) = settings.exclude_operations.iter().find(fits) {
        return Some(format!("the operator excluded {pattern} (--exclude-operations)"));
    }
    let wanted = &settings.operations;
    if wanted.is_empty() || wanted.iter().any(|pattern| fits(&pattern)) {
        return None;
    }
    let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    Some(format!("the operator wants only {} (--operations)", wanted.join(", ")))
}

/// Tells which operations are on, also where the operator named them by their IAM actions. The models that tell actions are
/// opened once, and only those that a pattern may mean.
pub(crate) struct LeftOn<'s> {
    settings: &'s Settings,
    models: BTreeMap<&'static str, Option<Arc<Model>>>,
}

impl<'s> LeftOn<'s> {
    pub(crate) fn by(settings: &'s Settings) -> LeftOn<'s> {
        LeftOn { settings, models: BTreeMap::new() }
    }

    pub(crate) fn has(&mut self, service: &'static Api, operation: &str) -> Result<bool> {
        let settings = self.settings;
        if !self.models.contains_key(service.name) {
            let patterns = settings.operations.iter().chain(&settings.exclude_operations);
            let model = if may_mean(patterns, service)? { Some(opened(service)?) } else { None };
            self.models.insert(service.name, model);
        }
        let model = self.models.get(service.name).and_then(Option::as_ref);
        let needs = model.and_then(|model| model.operations.get(operation)).map(|it| it.needs.as_slice());
        let actions = || needs.unwrap_or_default().iter().map(|need| need.action.as_str());
        Ok(left_out(service.name, operation, actions, settings).is_none())
    }
}

/// The service of this name, as the AWS CLI writes it.
pub(crate) fn service<S: Operations>(name: &str) -> Result<&'static Api> {
    let fold = |name: &str| name.to_lowercase().replace([' ', '_', '-'], "");
    let all = S::services();
    if let Some(found) = all.iter().find(|service| fold(service.name) == fold(name)) {
        return Ok(found);
    }
    let names = || all.iter().map(|service| service.name);
    let error = Error::not_found(format!("there is no service {name:?} here"));
    Err(error.with_next(match awsmcp_mcp::nearest(name, names()) {
        Some(meant) => format!("did you mean {meant}? find_operations searches in all of them"),
        None if all.len() <= 20 => format!("the services are: {}", names().collect::<Vec<_>>().join(", ")),
        None => "find_operations finds an operation, and so its service, by what it does".to_owned(),
    }))
}

/// The model of a service.
pub(crate) fn opened(service: &Api) -> Result<Arc<Model>> {
    service.model().map_err(|error| Error::internal(error.to_string()))
}

/// Holds the operator's names of operations to those that there are.
///
/// # Errors
/// Names the pattern that fits none.
pub(crate) fn check<S: Operations>(settings: &Settings) -> Result<(), String> {
    let given =
        [("--operations", &settings.operations), ("--exclude-operations", &settings.exclude_operations)];
    for (flag, patterns) in given {
        for pattern in patterns {
            // Most are named as they are called, which takes no model.
            if !by_name::<S>(pattern)? && !by_action::<S>(pattern)? {
                return Err(format!(
                    "{flag} {pattern}: there is no such operation here; find_operations finds them"
                ));
            }
        }
    }
    Ok(())
}

fn by_name<S: Operations>(pattern: &OperationPattern) -> Result<bool, String> {
    for service in S::services() {
        let index = service.index().map_err(|error| error.to_string())?;
        if index.rows().any(|row| pattern.fits(service.name, row.operation, [])) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether any of these patterns may mean an operation of this service, which its index tells without its model.
pub(crate) fn may_mean<'p>(
    patterns: impl IntoIterator<Item = &'p OperationPattern>,
    service: &Api,
) -> Result<bool> {
    let index = service.index().map_err(|error| Error::internal(error.to_string()))?;
    let may = |pattern: &OperationPattern| {
        pattern.is_of(service.name) || index.prefixes().any(|prefix| pattern.is_of(prefix))
    };
    Ok(patterns.into_iter().any(may))
}

fn by_action<S: Operations>(pattern: &OperationPattern) -> Result<bool, String> {
    for service in S::services() {
        if !may_mean([pattern], service).map_err(|error| error.to_string())? {
            continue;
        }
        let model = service.model().map_err(|error| error.to_string())?;
        let actions = |operation: &Operation| {
            operation.needs.iter().map(|need| need.action.clone()).collect::<Vec<_>>()
        };
        let fits = |(name, operation): (&String, &Operation)| {
            pattern.fits(service.name, name, actions(operation).iter().map(String::as_str))
        };
        if model.operations.iter().any(fits) {
            return Ok(true);
        }
    }
    Ok(false)
}
