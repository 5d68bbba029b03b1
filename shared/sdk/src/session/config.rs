//! What a session is told, and what it tells.

use std::time::Duration;

use awsmcp_spec::Environment;

use crate::{Role, partition};

/// What the operator fixed at start. Nothing is read from files or the network until the first call.
#[derive(Clone, Debug, Default)]
pub struct SessionConfig {
    /// The profile of a call that names none. `None` is the SDK's own chain, which reads `AWS_PROFILE`.
    ///
    /// A profile given here means that profile: keys in the environment do not shadow it, as with `aws --profile`.
    pub profile: Option<String>,
    /// The region of a call that names none. `None` is the SDK's own chain.
    pub region: Option<String>,
    /// The role that every call takes on.
    pub role: Option<Role>,
    /// Further profiles that a call may name; `*` and `?` are wildcards.
    pub allow_profiles: Vec<String>,
    /// Further regions that a call may name; `*` and `?` are wildcards. Empty: only the session's own.
    pub allow_regions: Vec<String>,
    /// Whether to use FIPS endpoints. `None` is the SDK's own chain.
    pub fips: Option<bool>,
    /// Whether to use dual-stack endpoints. `None` is the SDK's own chain.
    pub dual_stack: Option<bool>,
    /// How often a request is sent at most. `None` is `AWS_MAX_ATTEMPTS`, the profile, or 3.
    pub max_attempts: Option<u32>,
    /// How long a connection may take. `None` is the SDK's default of 3.1 s.
    pub connect_timeout: Option<Duration>,
    /// How long nothing may move, neither out nor in, before a request is given up. `None` is
    /// [`READ_TIMEOUT`](SessionConfig::READ_TIMEOUT); a tap's rules can give an operation more.
    pub read_timeout: Option<Duration>,
    /// How long one attempt may take, from the search for credentials to the answer's end; for answers that are streams,
    /// to their beginning. Long uploads are not held to it. `None` is
    /// [`ATTEMPT_TIMEOUT`](SessionConfig::ATTEMPT_TIMEOUT); a tap's rules can give an operation more.
    pub attempt_timeout: Option<Duration>,
    /// The name in the user agent; `awsmcp` if none is given.
    pub app_name: Option<String>,
}

impl SessionConfig {
    /// Three attempts that hear nothing end before an ordinary call does, after 60 s, and so tell what happened.
    pub const READ_TIMEOUT: Duration = Duration::from_secs(18);
    /// An attempt includes the search for credentials, where a person may be asked for a code.
    pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(90);
}

/// Where one call goes. Two calls share credentials only if profile, role and endpoint are equal, and both regions
/// are of the same partition; they share a client only if all of it is equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// The profile, where one is named.
    pub profile: Option<String>,
    /// The ARN of the role that is taken on.
    pub role: Option<String>,
    /// For whom the role is taken on, where the transport knows: each caller has a session of the role of its own.
    pub principal: Option<String>,
    /// The region.
    pub region: String,
    /// The endpoint that stands in for AWS's own (`AWS_ENDPOINT_URL`).
    pub endpoint: Option<String>,
}

/// What fills the placeholders of an ARN template for a call to `target`; `account` is `*` where it is not known.
pub fn environment<'a>(target: &'a Target, account: Option<&'a str>) -> Environment<'a> {
    Environment {
        partition: partition(&target.region),
        region: &target.region,
        account: account.unwrap_or("*"),
    }
}

/// Who AWS says the caller is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account, twelve digits.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
    /// The caller's unique id.
    pub user_id: String,
}

/// Where credentials come from, without the credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialReport {
    /// In words, such as `environment variables` or `SSO, profile 'dev'`.
    pub source: String,
    /// When they end, if they do.
    pub expires: Option<jiff::Timestamp>,
    /// The last four characters of the access key's id.
    pub access_key_end: String,
    /// The account, where the source tells it without a request.
    pub account: Option<String>,
}
