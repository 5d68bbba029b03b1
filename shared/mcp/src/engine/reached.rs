//! How far a call came that failed: what was done, what was not, and what is not known.

use awsmcp_aws::{State, Tap};
use awsmcp_spec::{Spec, reads};

use crate::{Error, Kind};

/// What the operations of a call that may have changed something, or cost something, came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// Those that AWS did.
    pub(crate) done: Vec<String>,
    /// Those that left, and of which no answer came that tells.
    pub(crate) unknown: Vec<String>,
}

impl Reached {
    /// Asks the taps: they saw which requests left, and what came back.
    pub(crate) fn of(taps: &[Tap]) -> Reached {
        let mut reached = Reached::default();
        for made in taps.iter().flat_map(Tap::made).filter(|made| !reads(&made.operation)) {
            match made.state() {
                State::Answered { ok: true } => reached.done.push(made.operation),
                State::Lost => reached.unknown.push(made.operation),
                State::Answered { ok: false } | State::NotSent => {}
            }
        }
        for operations in [&mut reached.done, &mut reached.unknown] {
            operations.sort();
            operations.dedup();
        }
        reached
    }

    /// Says in an error how far the call came: a failure must not be taken for "nothing happened" where something did or
    /// may have.
    pub(crate) fn tell(&self, mut error: Error, spec: &Spec) -> Error {
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
            if broke_off && spec.risk.changes() && error.undone.is_empty() {
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

    /// The word of the audit line, where it is not the kind of the error that says it.
    pub(crate) fn outcome(&self) -> Option<&'static str> {
        match (self.unknown.is_empty(), self.done.is_empty()) {
            (false, _) => Some("unknown"),
            (true, false) => Some("partly"),
            (true, true) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(done: &[&str], unknown: &[&str], error: Error) -> (String, String) {
        const SPEC: Spec = Spec::write("put_thing", "Put thing").shown_by("get_thing");
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let reached = Reached { done: words(done), unknown: words(unknown) };
        let error = reached.tell(error, &SPEC);
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
    fn a_plain_refusal_stays_as_it_is() {
        assert_eq!(told(&[], &[], Error::invalid("no such thing")).0, "no such thing");
    }
}
