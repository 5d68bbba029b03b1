//! The kinds of failure.

/// What kind of failure it is: it decides what a caller can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// AWS knows the caller and does not let it do this.
    AccessDenied,
    /// There are no credentials, or AWS does not know them.
    NoCredentials,
    /// The credentials were good once.
    ExpiredCredentials,
    /// The thing lives in another region.
    WrongRegion,
    /// Calls come too fast.
    Throttled,
    /// There is no such thing.
    NotFound,
    /// The thing's present state stands in the way, or a quota does.
    Conflict,
    /// The request makes no sense as it is.
    Invalid,
    /// The operator's limits forbid it; AWS was not asked.
    Refused,
    /// AWS could not be reached.
    Network,
    /// The local clock is wrong.
    ClockSkew,
    /// The endpoint is wrong, refuses to talk, or is not trusted.
    Endpoint,
    /// It took too long.
    Timeout,
    /// The client gave up on the call.
    Cancelled,
    /// AWS failed.
    Service,
    /// awsmcp failed.
    Internal,
}

impl Kind {
    /// The kind as a word for logs and answers, such as `access_denied`.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::AccessDenied => "access_denied",
            Kind::NoCredentials => "no_credentials",
            Kind::ExpiredCredentials => "expired_credentials",
            Kind::WrongRegion => "wrong_region",
            Kind::Throttled => "throttled",
            Kind::NotFound => "not_found",
            Kind::Conflict => "conflict",
            Kind::Invalid => "invalid",
            Kind::Refused => "refused",
            Kind::Network => "network",
            Kind::ClockSkew => "clock_skew",
            Kind::Endpoint => "endpoint",
            Kind::Timeout => "timeout",
            Kind::Cancelled => "cancelled",
            Kind::Service => "service",
            Kind::Internal => "internal",
        }
    }

    /// Whether new credentials would help, so that a session should read them anew.
    pub const fn is_about_credentials(self) -> bool {
        matches!(self, Kind::NoCredentials | Kind::ExpiredCredentials)
    }
}
