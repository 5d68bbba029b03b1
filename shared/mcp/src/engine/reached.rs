//! How far a call came that failed: what was done, what was not, and what is not known.

use awsmcp_sdk::{Made, State, Tap};
use awsmcp_spec::{Risk, Spec, reads};

use crate::{Error, Kind};

/// What the operations of a call that may have changed something, or cost something, came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// Those that AWS did.
    pub(crate) done: Vec<String>,
    /// Those that left, and of which no answer came that tells.
    pub(crate) unknown: Vec<String>,
    /// Those of them that were sent again under a condition or a token of their own, and refused then.
    pub(crate) refused: Vec<String>,
}

impl Reached {
    /// Asks the taps: they saw which requests left, and what came back.
    ///
    /// What a tool that only looks may repeat, such as a statement that selects, leaves nothing behind either.
    pub(crate) fn of(taps: &[Tap], risk: Risk) -> Reached {
        let only_looks = !risk.changes() && risk != Risk::Invoke;
        let leaves_nothing = |made: &Made| reads(&made.operation) || only_looks && made.repeatable;
        let mut reached = Reached::default();
        for made in taps.iter().flat_map(Tap::made).filter(|made| !leaves_nothing(made)) {
            match made.state() {
                State::Answered { ok: true } => reached.done.push(made.operation),
                State::Lost => {
                    reached.refused.extend(made.refused_after_loss().then(|| made.operation.clone()));
                    reached.unknown.push(made.operation);
                }
                State::Answered { ok: false } | State::NotSent => {}
            }
        }
        for operations in [&mut reached.done, &mut reached.unknown, &mut reached.refused] {
            operations.sort();
            operations.dedup();
        }
        reached
    }

    /// Says in an error how far the call came: a failure must not be taken for "nothing happened" where something did or
    /// may have.
    pub(crate) fn tell(&self, mut error: Error, spec: &Spec, risk: Risk) -> Error {
        self.doubt(&mut error);
        if !self.unknown.is_empty() {
            error.message = without_denials(&error.message);
        }
        let broke_off = matches!(error.kind, Kind::Timeout | Kind::Network | Kind::Cancelled);
        let mut also = Vec::new();
        let done: Vec<&str> =
            self.done.iter().filter(|done| !error.undone.contains(done)).map(String::as_str).collect();
        if !done.is_empty() {
            also.push(format!("done before that, and not taken back: {}", done.join(", ")));
        }
        if !self.unknown.is_empty() {
            also.push(format!("not known is whether AWS did {}", self.unknown.join(", ")));
        }
        if also.is_empty() {
            if broke_off && risk.changes() && error.undone.is_empty() {
                also.push("nothing was changed".to_owned());
            } else {
                return error;
            }
        }
        error.message = format!("{}; {}", error.message.trim_end_matches('.'), also.join("; "));
        if !self.unknown.is_empty() || !done.is_empty() && broke_off {
            let look = match spec.shown_by {
                Some(tool) if tool == spec.name => "look at its plan, with `dry_run`,".to_owned(),
                Some(tool) => format!("look with {tool}"),
                None => "look at what is there".to_owned(),
            };
            error.next = Some(format!("{look} before calling again: a second call could do it twice"));
            error.advised = true;
        }
        error
    }

    /// Takes back what an error says of the world, where it may be the call's own doing: the refusal of a second try of a
    /// request whose first answer was lost ("it changed", "it exists", "it is gone").
    fn doubt(&self, error: &mut Error) {
        let of_the_world = matches!(error.kind, Kind::Conflict | Kind::NotFound);
        let of_these = error.operation.as_ref().is_none_or(|operation| self.refused.contains(operation));
        if self.refused.is_empty() || !of_the_world || !of_these {
            return;
        }
        // AWS's own words are true of the second try; a tool's are about a change by somebody else.
        let words = error.status.map(|_| format!(" ({})", error.message.trim_end_matches('.')));
        error.message = format!(
            "the answer to {} was lost, and when it was sent again it was refused{}, perhaps since the first try did it",
            self.refused.join(", "),
            words.unwrap_or_default()
        );
    }

    /// The word of the audit line, where it is not the kind of the error that says it.
    pub(crate) fn outcome(&self) -> Option<&'static str> {
        match (self.unknown.is_empty(), self.done.is_empty()) {
            (false, _) => Some("unknown"),
            (true, false) => Some("partly"),
            (true, true) => None,
        }
    }
}

/// A sentence without its clauses that say that nothing was done: a tool says so of what it saw, and saw no answer.
fn without_denials(message: &str) -> String {
    let denies = |clause: &&str| {
        let mut words = clause.trim_end_matches('.').split(' ');
        (words.next(), words.next()) == (Some("nothing"), Some("was")) && words.count() <= 2
    };
    let clauses: Vec<&str> = message.split("; ").filter(|clause| !denies(clause)).collect();
    if clauses.is_empty() { "it broke off".to_owned() } else { clauses.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(done: &[&str], unknown: &[&str], error: Error) -> (String, String) {
        const SPEC: Spec = Spec::write("put_thing", "Put thing").shown_by("get_thing");
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let reached = Reached { done: words(done), unknown: words(unknown), refused: Vec::new() };
        let error = reached.tell(error, &SPEC, SPEC.risk);
        (error.message.clone(), error.next.clone().unwrap_or_default())
    }

    #[test]
    fn what_is_not_known_is_not_called_again_blindly() {
        let (message, next) =
            told(&[], &["PutThing"], Error::timeout("no answer within 2 s").with_next("ask for less"));
        assert_eq!(message, "no answer within 2 s; not known is whether AWS did PutThing");
        assert_eq!(next, "look with get_thing before calling again: a second call could do it twice");
    }

    #[test]
    fn a_refusal_after_a_lost_answer_is_not_told_as_somebody_elses_change() {
        const SPEC: Spec = Spec::write("put_thing", "Put thing").shown_by("get_thing");
        let operations = vec!["PutThing".to_owned()];
        let reached = Reached { done: Vec::new(), unknown: operations.clone(), refused: operations };
        for kind in [Kind::Conflict, Kind::NotFound] {
            let told = reached.tell(
                Error::new(kind, "it changed since the plan; nothing was written"),
                &SPEC,
                SPEC.risk,
            );
            assert_eq!(
                told.message,
                "the answer to PutThing was lost, and when it was sent again it was refused, perhaps since the first \
                 try did it; not known is whether AWS did PutThing"
            );
            assert!(
                told.next.as_deref().is_some_and(|next| next.starts_with("look with get_thing")),
                "{told}"
            );
        }
        let mut of_aws = Error::conflict("A precondition did not hold.");
        (of_aws.status, of_aws.operation) = (Some(412), Some("PutThing".to_owned()));
        let told = reached.tell(of_aws.clone(), &SPEC, SPEC.risk).message.clone();
        assert!(told.contains("refused (A precondition did not hold), perhaps"), "{told}");
        // Another operation's refusal stays what it is.
        of_aws.operation = Some("PutOther".to_owned());
        let told = reached.tell(of_aws, &SPEC, SPEC.risk).message.clone();
        assert!(told.starts_with("A precondition did not hold; not known"), "{told}");
    }

    #[test]
    fn what_was_done_before_is_named() {
        let (message, _) = told(&["CreateSubnet"], &[], Error::new(Kind::AccessDenied, "not allowed."));
        assert_eq!(message, "not allowed; done before that, and not taken back: CreateSubnet");
    }

    #[test]
    fn what_was_taken_back_is_not_told_as_done() {
        let mut error = Error::new(Kind::Conflict, "it does not start (taken back: all of it)");
        error.undone = vec!["CreateThing".to_owned(), "DeleteThing".to_owned()];
        let (message, _) = told(&["CreateThing", "DeleteThing"], &[], error.clone());
        assert_eq!(message, "it does not start (taken back: all of it)");
        let (message, _) = told(&["CreateOther", "CreateThing", "DeleteThing"], &[], error);
        assert!(message.ends_with("done before that, and not taken back: CreateOther"), "{message}");
    }

    #[test]
    fn a_change_that_broke_off_before_it_began_says_so() {
        let (message, next) =
            told(&[], &[], Error::timeout("no answer within 2 s").with_next("ask for less"));
        assert_eq!(message, "no answer within 2 s; nothing was changed");
        assert_eq!(next, "ask for less");
    }

    #[test]
    fn what_is_not_known_is_not_denied_in_the_same_breath() {
        let said = |message: &str| told(&[], &["PutThing"], Error::new(Kind::Network, message)).0;
        for (message, wanted) in [
            ("nothing was written; {\"pk\":\"a\"}: network: reset", "{\"pk\":\"a\"}: network: reset"),
            ("it exists by now; nothing was written", "it exists by now"),
            ("x failed; nothing was changed here.", "x failed"),
            ("nothing was done", "it broke off"),
            ("nothing was said of it by AWS", "nothing was said of it by AWS"),
        ] {
            assert_eq!(said(message), format!("{wanted}; not known is whether AWS did PutThing"));
        }
        // Where it is known, it stays.
        assert_eq!(told(&[], &[], Error::conflict("x; nothing was written")).0, "x; nothing was written");
    }

    #[test]
    fn a_plain_refusal_stays_as_it_is() {
        assert_eq!(told(&[], &[], Error::invalid("no such thing")).0, "no such thing");
    }
}
