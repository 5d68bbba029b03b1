//! AWS's error codes, and what each means to the one who called.

use crate::Kind;
use crate::region::glob;

/// What a code, or a family of codes, means.
#[derive(Debug)]
pub(crate) struct Meaning {
    /// The code; `*` is any text. The first row that matches counts.
    code: &'static str,
    pub(crate) kind: Kind,
    /// What to do next, where there is something better than the kind's own advice.
    pub(crate) next: Option<&'static str>,
}

/// What a code means, if any row knows it.
pub(crate) fn meaning(code: &str) -> Option<&'static Meaning> {
    CODES.iter().find(|row| glob(row.code, code))
}

/// Whether AWS said that calls come too fast.
pub(crate) fn is_throttle(code: &str) -> bool {
    meaning(code).is_some_and(|row| row.kind == Kind::Throttled)
}

/// What an HTTP status means where no code is known, as with HEAD, whose answers have no body.
pub(crate) fn status_meaning(status: u16) -> Kind {
    match status {
        301 | 307 | 308 => Kind::WrongRegion,
        401 | 403 => Kind::AccessDenied,
        404 | 410 => Kind::NotFound,
        408 => Kind::Timeout,
        304 | 409 | 412 => Kind::Conflict,
        429 => Kind::Throttled,
        400..=499 => Kind::Invalid,
        _ => Kind::Service,
    }
}

const KEYS: &str = "Refresh or correct the credentials and call again; nothing needs a restart. A session token that is \
    missing, and a region that the account has not enabled, look the same.";
const EXPIRED: &str = "Refresh the credentials (`aws sso login` for SSO, or whatever issued them) and call again; nothing \
    needs a restart.";
const SECRET: &str =
    "Check the secret access key and the session token: the signature does not fit the access key.";
const QUOTA: &str = "Ask for a higher quota in Service Quotas, or remove what is no longer needed.";
const CAPACITY: &str = "Try again later, or in another zone, or with another type.";
const OPT_IN: &str = "Enable the region or subscribe to the service in this account, or use another region.";

const fn row(code: &'static str, kind: Kind) -> Meaning {
    Meaning { code, kind, next: None }
}

const fn hint(code: &'static str, kind: Kind, next: &'static str) -> Meaning {
    Meaning { code, kind, next: Some(next) }
}

const CODES: &[Meaning] = &[
    // Too fast.
    row("Throttling*", Kind::Throttled),
    row("ThrottledException", Kind::Throttled),
    row("RequestThrottled*", Kind::Throttled),
    row("EC2ThrottledException", Kind::Throttled),
    row("TooManyRequests*", Kind::Throttled),
    row("ProvisionedThroughputExceeded*", Kind::Throttled),
    row("RequestLimitExceeded", Kind::Throttled),
    row("BandwidthLimitExceeded", Kind::Throttled),
    row("PriorRequestNotComplete", Kind::Throttled),
    row("SlowDown", Kind::Throttled),
    // Credentials.
    hint("ExpiredToken*", Kind::ExpiredCredentials, EXPIRED),
    hint("TokenRefreshRequired", Kind::ExpiredCredentials, EXPIRED),
    hint("RequestExpired", Kind::ExpiredCredentials, EXPIRED),
    hint("InvalidToken*", Kind::ExpiredCredentials, EXPIRED),
    hint("InvalidClientTokenId", Kind::NoCredentials, KEYS),
    hint("UnrecognizedClient*", Kind::NoCredentials, KEYS),
    hint("InvalidAccessKeyId", Kind::NoCredentials, KEYS),
    hint("AuthFailure", Kind::NoCredentials, KEYS),
    hint("MissingAuthenticationToken*", Kind::NoCredentials, KEYS),
    hint("SignatureDoesNotMatch", Kind::NoCredentials, SECRET),
    hint("InvalidSignature*", Kind::NoCredentials, SECRET),
    hint("IncompleteSignature*", Kind::NoCredentials, SECRET),
    // The clock.
    row("RequestTimeTooSkewed", Kind::ClockSkew),
    row("RequestInTheFuture", Kind::ClockSkew),
    // The region.
    row("PermanentRedirect", Kind::WrongRegion),
    row("TemporaryRedirect", Kind::WrongRegion),
    row("AuthorizationHeaderMalformed", Kind::WrongRegion),
    row("IllegalLocationConstraint*", Kind::WrongRegion),
    // What the caller may not do.
    hint("OptInRequired", Kind::AccessDenied, OPT_IN),
    row("AccessDenied*", Kind::AccessDenied),
    row("AllAccessDisabled", Kind::AccessDenied),
    row("AuthorizationError*", Kind::AccessDenied),
    row("Forbidden*", Kind::AccessDenied),
    row("NotAuthorized*", Kind::AccessDenied),
    row("UnauthorizedOperation", Kind::AccessDenied),
    row("Unauthorized*", Kind::AccessDenied),
    // Before the families below, which these names would also fit.
    row("RequestTimeout*", Kind::Timeout),
    row("InvalidObjectState", Kind::Conflict),
    row("InvalidBucketState", Kind::Conflict),
    hint("Insufficient*Capacity*", Kind::Service, CAPACITY),
    hint("ServiceQuotaExceeded*", Kind::Conflict, QUOTA),
    hint("*LimitExceeded*", Kind::Conflict, QUOTA),
    // What is not there.
    row("NoSuch*", Kind::NotFound),
    row("*NotFound", Kind::NotFound),
    row("*NotFoundException", Kind::NotFound),
    row("*NotFound.*", Kind::NotFound),
    row("*DoesNotExist*", Kind::NotFound),
    row("*NonExistent*", Kind::NotFound),
    // What stands in the way.
    row("ConditionalCheckFailed*", Kind::Conflict),
    row("PreconditionFailed", Kind::Conflict),
    row("NotModified", Kind::Conflict),
    row("TransactionCanceled*", Kind::Conflict),
    row("TransactionInProgress*", Kind::Conflict),
    row("TransactionConflict*", Kind::Conflict),
    row("*AlreadyExists*", Kind::Conflict),
    row("*AlreadyOwned*", Kind::Conflict),
    row("*AlreadyInUse*", Kind::Conflict),
    row("*Duplicate*", Kind::Conflict),
    row("BucketNotEmpty", Kind::Conflict),
    row("*InUse*", Kind::Conflict),
    row("DependencyViolation", Kind::Conflict),
    row("Incorrect*State*", Kind::Conflict),
    row("OperationAborted", Kind::Conflict),
    row("DryRunOperation", Kind::Conflict),
    row("*Conflict*", Kind::Conflict),
    // AWS's own trouble.
    row("Internal*", Kind::Service),
    row("ServiceUnavailable*", Kind::Service),
    row("ServiceException", Kind::Service),
    row("Unavailable", Kind::Service),
    row("NotImplemented*", Kind::Service),
    // A request that AWS could not take.
    row("Validation*", Kind::Invalid),
    row("Invalid*", Kind::Invalid),
    row("Malformed*", Kind::Invalid),
    row("Missing*", Kind::Invalid),
    row("Unknown*", Kind::Invalid),
    row("Unsupported*", Kind::Invalid),
    row("EntityTooLarge", Kind::Invalid),
    row("EntityTooSmall", Kind::Invalid),
    row("SerializationException", Kind::Invalid),
    row("BadRequest*", Kind::Invalid),
    row("*InvalidArgument*", Kind::Invalid),
];
