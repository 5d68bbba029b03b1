//! A row of the table: one tool, and what its proofs pass over.

use awsmcp_spec::Risk;

use crate::permissions::run::{Run, Stopped};
use crate::{Request, Response};

/// Picks requests.
pub(super) type Picks = fn(&Request) -> bool;

type Scenario = fn(&mut Run<'_>) -> Result<(), Stopped>;

/// A tool, and calls of it that use every action it declares.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub(super) tool: &'static str,
    pub(super) scenario: Scenario,
    pub(super) arns: &'static [&'static str],
    pub(super) regions: &'static [&'static str],
    pub(super) allows: Option<Risk>,
    pub(super) adds: Option<fn(&Request) -> Option<&'static str>>,
    pub(super) serves: Option<fn(&Request) -> Option<Response>>,
}

impl Row {
    /// `scenario` makes what the calls need, as root, and then makes the calls.
    pub const fn new(tool: &'static str, scenario: Scenario) -> Row {
        Row { tool, scenario, arns: &[], regions: &[], allows: None, adds: None, serves: None }
    }

    /// Also allows these ARNs: those of another service, whose names are not the row's own.
    #[must_use]
    pub const fn arns(mut self, arns: &'static [&'static str]) -> Row {
        self.arns = arns;
        self
    }

    /// Also allows these regions, which the calls name.
    #[must_use]
    pub const fn regions(mut self, regions: &'static [&'static str]) -> Row {
        self.regions = regions;
        self
    }

    /// Also allows this risk, which part of the tool's work is of.
    #[must_use]
    pub const fn allows(mut self, risk: Risk) -> Row {
        self.allows = Some(risk);
        self
    }

    /// Puts a header that AWS sends, and the local AWS does not, into the answers to some requests.
    #[must_use]
    pub const fn adds(mut self, header: fn(&Request) -> Option<&'static str>) -> Row {
        self.adds = Some(header);
        self
    }

    /// Answers what the local AWS does not serve, or serves wrongly. No permission is checked of that: the actions need
    /// an [`Exception::unchecked`].
    #[must_use]
    pub const fn serves(mut self, answer: fn(&Request) -> Option<Response>) -> Row {
        self.serves = Some(answer);
        self
    }
}

/// An action that a proof must pass over. One that it need not pass over fails the test.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    pub(super) tools: &'static [&'static str],
    pub(super) action: &'static str,
    /// For people: it has no other use.
    _reason: &'static str,
    pub(super) unmade: bool,
    pub(super) extra: bool,
    pub(super) without: Option<Without>,
}

/// What becomes of the scenario when the action is taken away.
#[derive(Clone, Copy, Debug)]
pub(super) enum Without {
    /// Nothing: neither the local AWS nor AWS refuses these calls.
    Same,
    /// Nothing here, while AWS refuses such requests.
    Refused(Picks),
    /// A call answers otherwise, with these words, and need not name the action.
    Says(&'static str),
}

impl Exception {
    /// About one action of these tools.
    pub const fn of(tools: &'static [&'static str], action: &'static str, reason: &'static str) -> Exception {
        Exception { tools, action, _reason: reason, unmade: false, extra: false, without: None }
    }

    /// No operation of the scenario stands for it.
    #[must_use]
    pub const fn unmade(mut self) -> Exception {
        self.unmade = true;
        self
    }

    /// It is not declared and AWS does not want it, but the local AWS does: it is granted besides the printed policy.
    #[must_use]
    pub const fn extra(mut self) -> Exception {
        self.extra = true;
        self
    }

    /// Nothing in the scenario fails without it.
    #[must_use]
    pub const fn unnoticed(mut self) -> Exception {
        self.without = Some(Without::Same);
        self
    }

    /// The local AWS does not check it. AWS refuses the requests that `refuses` picks: the proof refuses them instead,
    /// as the service's protocol does. `.unchecked(|request| request.operation() == "CreateFunction")`
    #[must_use]
    pub const fn unchecked(mut self, refuses: fn(&Request) -> bool) -> Exception {
        self.without = Some(Without::Refused(refuses));
        self
    }

    /// Without it a call answers otherwise: with these words.
    #[must_use]
    pub const fn says(mut self, words: &'static str) -> Exception {
        self.without = Some(Without::Says(words));
        self
    }
}
