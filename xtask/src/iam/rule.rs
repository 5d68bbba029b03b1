//! The rules that a declared need can break.

/// What can be wrong with a need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// AWS has no such action.
    Unknown,
    /// The action can be granted on `*` only, and is declared on an ARN: no policy of it would work.
    NoResource,
    /// The action has resource types, and is declared on `*`: the policy is wider than AWS can hold it.
    Everything,
    /// The ARN is of none of the action's resource types.
    OtherResource,
    /// The action changes something, and its tool says that it looks.
    Changes,
    /// The action's name says that it reads and AWS says that it does not, or the other way about.
    Name,
}

impl Rule {
    /// As the list of what is known calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Rule::Unknown => "unknown",
            Rule::NoResource => "no-resource",
            Rule::Everything => "everything",
            Rule::OtherResource => "other-resource",
            Rule::Changes => "changes",
            Rule::Name => "name",
        }
    }
}
