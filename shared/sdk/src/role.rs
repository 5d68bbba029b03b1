//! The role that the operator lets the server take on.

use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, future};
use aws_sdk_sts::types::Tag;
use aws_types::SdkConfig;
use sha2::{Digest, Sha256};

use crate::Error;

/// The role that every call takes on, on top of the profile's own credentials.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Role {
    /// The role's ARN.
    pub arn: String,
    /// What the role's trust policy may ask for as `sts:ExternalId`.
    pub external_id: Option<String>,
    /// The name that CloudTrail shows for calls of nobody in particular; `awsmcp` if none is given.
    pub session_name: Option<String>,
    /// Session tags, as key and value.
    pub tags: Vec<(String, String)>,
    /// The person or system behind the session; it stays when roles are chained.
    pub source_identity: Option<String>,
    /// A session policy as JSON: the session can do what the role can and this allows.
    pub policy: Option<String>,
}

/// Takes on a role with all that STS accepts. The SDK's own provider knows no source identity.
#[derive(Debug)]
pub(crate) struct TakeOn {
    sts: aws_sdk_sts::Client,
    role: Role,
    session_name: String,
}

impl TakeOn {
    /// `base` signs the request to STS; `principal` is whose session it will be.
    pub(crate) fn new(base: &SdkConfig, role: Role, principal: Option<&str>) -> Self {
        let own = || role.session_name.clone().unwrap_or_else(|| "awsmcp".to_owned());
        let session_name = principal.map_or_else(own, session_name);
        TakeOn { sts: aws_sdk_sts::Client::new(base), role, session_name }
    }

    async fn credentials(&self) -> Result {
        let role = &self.role;
        let tags = role.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let tags = tags
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(CredentialsError::invalid_configuration)?;
        let taken = self
            .sts
            .assume_role()
            .role_arn(&role.arn)
            .role_session_name(&self.session_name)
            .set_external_id(role.external_id.clone())
            .set_source_identity(role.source_identity.clone())
            .set_policy(role.policy.clone())
            .set_tags((!tags.is_empty()).then_some(tags))
            .send()
            .await
            .map_err(|error| CredentialsError::provider_error(self.explain(error.into())))?;
        let keys = taken
            .credentials
            .ok_or_else(|| CredentialsError::unhandled("STS answered AssumeRole without credentials"))?;
        let expiry = keys.expiration.try_into().map_err(CredentialsError::unhandled)?;
        let mut credentials = Credentials::builder()
            .access_key_id(keys.access_key_id)
            .secret_access_key(keys.secret_access_key)
            .session_token(keys.session_token)
            .expiry(expiry)
            .provider_name("AssumeRole");
        if let Some(account) = role.arn.split(':').nth(4).filter(|account| !account.is_empty()) {
            credentials = credentials.account_id(account);
        }
        let mut credentials = credentials.build();
        // For the report and the user agent, as the SDK's own provider does.
        credentials
            .get_property_mut_or_default::<Vec<AwsCredentialFeature>>()
            .push(AwsCredentialFeature::CredentialsStsAssumeRole);
        Ok(credentials)
    }

    fn explain(&self, mut error: Error) -> Error {
        if error.kind == crate::Kind::AccessDenied {
            error.next = Some(format!(
                "Let the trust policy of {} name the caller (and its external id, tags and source identity), \
                 and allow the caller sts:AssumeRole on it.",
                self.role.arn
            ));
        }
        error.message = format!("The role {} could not be taken on: {}", self.role.arn, error.message);
        error
    }
}

impl ProvideCredentials for TakeOn {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

/// A caller's name as STS takes it: 2 to 64 of letters, digits and `+=,.@-_`. Where that changes the name, a part of its
/// hash keeps two callers apart.
fn session_name(principal: &str) -> String {
    const LONGEST: usize = 64;
    let fits = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_".contains(c);
    if (2..=LONGEST).contains(&principal.len()) && principal.chars().all(fits) {
        return principal.to_owned();
    }
    let hash = Sha256::digest(principal.as_bytes());
    let hash: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let kept = principal.chars().map(|c| if fits(c) { c } else { '-' }).take(LONGEST - 1 - hash.len());
    format!("{}-{hash}", kept.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_gives_the_session_a_name_that_sts_takes() {
        assert_eq!(session_name("alice@example.com"), "alice@example.com");
        let (one, other) = (session_name("https://idp/alice smith"), session_name("https://idp/alice-smith"));
        assert!(one.starts_with("https---idp-alice-smith-") && one.len() <= 64, "{one}");
        assert_ne!(one, other);
        assert_eq!(session_name(&"x".repeat(300)).len(), 64);
        assert!(session_name("a").starts_with("a-") && session_name("").len() == 9);
    }
}
