//! The names of callers. Each source has a name space of its own, so that `alice` of the token file, a subject `alice` of
//! the issuer and a client `alice` of the issuer are three: nothing that is kept for one, a cursor, a confirmation or a
//! session of the role, is ever another's.

use awsmcp_mcp::Principal;

/// What stands before the name of a subject, and of a client. A session of a role may have such a name.
const SUBJECT: &str = "sub=";
const CLIENT: &str = "client_id=";

/// A caller that an issuer's token names as its subject.
pub(crate) fn subject(name: &str) -> Principal {
    Principal::new(format!("{SUBJECT}{name}"))
}

/// A caller that an issuer's token names as its client only.
pub(crate) fn client(name: &str) -> Principal {
    Principal::new(format!("{CLIENT}{name}"))
}

/// A caller whom the operator names, or something that the operator trusts; `None` for a name that looks like one of an
/// issuer's.
pub(crate) fn named(name: &str) -> Option<Principal> {
    (!name.starts_with(SUBJECT) && !name.starts_with(CLIENT)).then(|| Principal::new(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_from_three_sources_is_three_callers() {
        for name in ["alice", "", "sub=alice", "client_id=alice", "client_id=sub=alice", "=", "sub"] {
            let others = ["alice", "", "sub=alice", "client_id=alice", "client_id=sub=alice", "=", "sub"];
            for other in others {
                assert_ne!(subject(name).name, client(other).name);
                if let Some(named) = named(other) {
                    assert_ne!(named.name, subject(name).name);
                    assert_ne!(named.name, client(name).name);
                }
            }
        }
        assert_eq!(named("alice"), Some(Principal::new("alice")));
        assert_eq!((named("sub=alice"), named("client_id=alice")), (None, None));
    }
}
