//! Where calls go, and as whom.

mod allowed;
mod config;
mod profiles;
mod report;
mod source;

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_config::Region;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use aws_types::os_shim_internal::{Env, Fs};

use crate::client::attentive;
use crate::error::{NOWHERE, explain};
use crate::region::is_glob;
use crate::{Error, Kind};
use allowed::checked;
pub use config::{CredentialReport, Identity, SessionConfig, Target, environment};
use report::report;
use source::{CREDENTIALS_TIMEOUT, Cells, Source, SourceKey, lock};

/// The one place where profiles, regions, roles and endpoints become SDK settings.
///
/// It is cheap to make and to clone, and reads nothing before the first call. Clones share what they have found.
#[derive(Clone)]
pub struct Session {
    config: Arc<SessionConfig>,
    env: Env,
    fs: Fs,
    /// One connection pool for all clients; made on the first call.
    http: Arc<OnceLock<SharedHttpClient>>,
    /// Stands in for the whole chain of credentials, in tests.
    credentials: Option<SharedCredentialsProvider>,
    sources: Cells<SourceKey, Arc<Source>>,
    /// The own region of each profile, where there is one.
    homes: Cells<Option<String>, Option<String>>,
    /// Whose calls these are, where the transport knows.
    principal: Option<Arc<str>>,
}

impl Session {
    /// A session that reads nothing until the first call.
    pub fn new(config: SessionConfig) -> Session {
        Session {
            config: Arc::new(config),
            env: Env::real(),
            fs: Fs::real(),
            http: Arc::default(),
            credentials: None,
            sources: Cells::default(),
            homes: Cells::default(),
            principal: None,
        }
    }

    /// The same session for the calls of one caller: where a role is taken on, its session bears the caller's name, and
    /// neither credentials nor what was learned with them is shared with another caller.
    pub fn on_behalf_of(&self, principal: &str) -> Session {
        Session { principal: Some(principal.into()), ..self.clone() }
    }

    /// A session that sends all its requests, those for credentials too, through `http`. For tests.
    pub fn with_http_client(config: SessionConfig, http: SharedHttpClient) -> Session {
        Session { http: Arc::new(OnceLock::from(attentive(http))), ..Session::new(config) }
    }

    /// Uses these credentials for every profile, in place of the SDK's chain. For tests.
    pub fn with_credentials(mut self, credentials: Credentials) -> Session {
        self.credentials = Some(SharedCredentialsProvider::new(credentials));
        self
    }

    /// Whether a call can choose a region.
    pub fn several_regions(&self) -> bool {
        self.config.allow_regions.iter().any(|allowed| Some(allowed) != self.config.region.as_ref())
    }

    /// Whether a call can choose a profile.
    pub fn several_profiles(&self) -> bool {
        self.config.allow_profiles.iter().any(|allowed| Some(allowed) != self.config.profile.as_ref())
    }

    /// Where a call goes that names this profile and this region.
    ///
    /// # Errors
    /// `Refused` if the operator did not allow them, `Invalid` if there is no region to be found or it is none.
    pub async fn target(&self, profile: Option<&str>, region: Option<&str>) -> Result<Target, Error> {
        let profile = self.allowed_profile(profile)?;
        let region = match region {
            None => self.home(profile.as_deref()).await?,
            Some(region) => self.allowed_region(profile.as_deref(), checked(region)?).await?,
        };
        Ok(self.at(profile, region))
    }

    /// Where a call goes that names several regions; none are the session's own.
    ///
    /// A wildcard stands for the allowed regions that it matches, so `"*"` is all of them.
    ///
    /// # Errors
    /// As [`target`](Session::target); and `Invalid` if a wildcard matches nothing.
    pub async fn targets(&self, profile: Option<&str>, regions: &[String]) -> Result<Vec<Target>, Error> {
        if regions.is_empty() {
            return Ok(vec![self.target(profile, None).await?]);
        }
        let profile = self.allowed_profile(profile)?;
        let mut found: Vec<String> = Vec::new();
        for region in regions {
            let named = if is_glob(region) {
                self.matching(profile.as_deref(), region).await?
            } else {
                vec![self.allowed_region(profile.as_deref(), checked(region)?).await?]
            };
            for region in named {
                if !found.contains(&region) {
                    found.push(region);
                }
            }
        }
        Ok(found.into_iter().map(|region| self.at(profile.clone(), region)).collect())
    }

    /// SDK settings for this target: a client made of them signs with its credentials, for its region.
    ///
    /// What is costly is done once, also when several calls ask at the same time.
    ///
    /// # Errors
    /// `NoCredentials` if there is no such profile, `Invalid` if the profile files cannot be read. Credentials
    /// themselves are only looked for by the first request.
    pub async fn sdk_config(&self, target: &Target) -> Result<SdkConfig, Error> {
        let source = self.source(target).await?;
        Ok(in_region(&source.sdk, &target.region))
    }

    /// Who AWS says the caller is, asked once.
    ///
    /// # Errors
    /// Whatever STS or the search for credentials answers. After a credential failure the next call looks anew.
    pub async fn identity(&self, target: &Target) -> Result<Identity, Error> {
        let source = self.source(target).await?;
        let asked = source.identity.get_or_try_init(|| async {
            // Boxed, since it is asked once: what awaits it here would carry the room for it through every call.
            let asking = aws_sdk_sts::Client::new(&source.sdk).get_caller_identity().send();
            let answer = Box::pin(asking).await?;
            Ok(Identity {
                account: answer.account.unwrap_or_default(),
                arn: answer.arn.unwrap_or_default(),
                user_id: answer.user_id.unwrap_or_default(),
            })
        });
        match asked.await {
            Ok(identity) => Ok(identity.clone()),
            Err(error) => Err(self.explain(target, error)),
        }
    }

    /// Where the credentials for this target come from. It looks anew, past the cache.
    ///
    /// # Errors
    /// As for [`identity`](Session::identity), without STS.
    pub async fn credentials(&self, target: &Target) -> Result<CredentialReport, Error> {
        let source = self.source(target).await?;
        let Some(provider) = source.sdk.credentials_provider() else {
            return Err(Error::new(Kind::NoCredentials, "No AWS credentials are configured"));
        };
        let found = tokio::time::timeout(CREDENTIALS_TIMEOUT, provider.provide_credentials()).await;
        match found {
            Ok(Ok(credentials)) => Ok(report(&credentials, target.profile.as_deref())),
            Ok(Err(error)) => Err(self.explain(target, explain(&error))),
            Err(_) => Err(Error::timeout("The credentials took too long to load")),
        }
    }

    /// Drops what is cached for this target's profile: the next call reads profile files, the SSO cache and all else
    /// anew. For use after a credential failure.
    pub fn forget(&self, target: &Target) {
        lock(&self.sources)
            .retain(|key, _| key.profile != target.profile || key.principal != target.principal);
        lock(&self.homes).remove(&target.profile);
    }

    /// Completes an error with what the session knows of the target, and forgets credentials that failed, so that the
    /// person can sign in and call again without a restart.
    pub fn explain(&self, target: &Target, mut error: Error) -> Error {
        if error.kind.is_about_credentials() {
            let named = target.profile.clone().or_else(|| self.variable("AWS_PROFILE"));
            let sign_in = self.sign_in(target).or_else(|| named.clone());
            self.forget(target);
            error = error.for_profile(sign_in.as_deref());
            if let Some(named) = named.filter(|_| error.message == NOWHERE) {
                error.message = format!("{NOWHERE} for the profile {named}");
            }
        }
        if error.kind == Kind::WrongRegion && error.region.as_deref() == Some(target.region.as_str()) {
            // The region is the right one already, so the empty answer was about something else.
            error.kind = Kind::Invalid;
            error.message = "AWS gave no reason".to_owned();
            error.next = Some("Expired credentials look like this: refresh them and call again.".to_owned());
        }
        if matches!(error.kind, Kind::Network | Kind::Endpoint | Kind::Timeout)
            && let Some(endpoint) = &target.endpoint
        {
            // The endpoint names the host, so once is enough.
            let host = error.host.clone().filter(|host| endpoint.ends_with(host.as_str()));
            let message = match host {
                Some(host) => error.message.replace(&format!(" ({host})"), ""),
                None => error.message.clone(),
            };
            error.message = format!("{}; AWS_ENDPOINT_URL is {endpoint}", message.trim_end_matches('.'));
        }
        error
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The same settings for another region, for what AWS has in a few regions only. What an operator allows is a
/// [`Target`]'s, so a call's own requests go by [`Session::target`].
pub fn in_region(sdk: &SdkConfig, region: &str) -> SdkConfig {
    sdk.to_builder().region(Region::new(region.to_owned())).build()
}

#[cfg(test)]
mod tests;
