//! The steps of a change of a log group, one for each setting.

use awsmcp_mcp::Error;

/// What a step sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// The group itself, which is made.
    Group,
    Retention,
    MetricFilter,
    Subscription,
    IndexFields,
    DeletionProtection,
}

impl Setting {
    pub(super) fn name(self) -> &'static str {
        match self {
            Setting::Group => "class",
            Setting::Retention => "retention",
            Setting::MetricFilter => "metric_filter",
            Setting::Subscription => "subscription",
            Setting::IndexFields => "index_fields",
            Setting::DeletionProtection => "deletion_protection",
        }
    }
}

/// A setting, as it is and as it is to be.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) setting: Setting,
    pub(super) before: String,
    pub(super) after: String,
}

/// The steps in their order, and what a person should know before.
#[derive(Debug, Default)]
pub(super) struct Steps {
    pub(super) all: Vec<Step>,
    pub(super) warnings: Vec<String>,
    /// Whether to ask first.
    pub(super) asks: bool,
}

impl Steps {
    pub(super) fn add(&mut self, setting: Setting, before: String, after: String) {
        self.all.push(Step { setting, before, after });
    }

    /// Asks first, for this reason.
    pub(super) fn ask(&mut self, why: String) {
        self.warnings.push(why);
        self.asks = true;
    }
}

/// The error of the step at this place, with what is set by now and what is not.
pub(super) fn partly(mut error: Error, steps: &[Step], at: usize) -> Error {
    let (done, left) = steps.split_at(at.min(steps.len()));
    if !done.is_empty() {
        let names = |steps: &[Step]| {
            let named: Vec<&str> = steps.iter().map(|step| step.setting.name()).collect();
            named.join(", ")
        };
        error.message = format!("{} (set before: {}; not set: {})", error.message, names(done), names(left));
        let next = error.next.take().map(|next| format!("{next}; ")).unwrap_or_default();
        return error
            .with_next(format!("{next}log_group_detail shows what is set; call again with the rest only"));
    }
    error
}
