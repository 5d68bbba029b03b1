//! How settings and credentials come about.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::imds;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileSet};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::{RetryConfig, RetryMode};
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetrySpec;
use aws_types::SdkConfig;
use aws_types::app_name::AppName;
use tokio::sync::OnceCell;

use super::allowed::checked;
use super::profiles::{region_in, sso_profile, unknown_profile};
use super::{Identity, Session, SessionConfig, Target};
use crate::Error;
use crate::client::http_client;
use crate::partition;
use crate::role::TakeOn;
use crate::words::text;

/// What is worked out once for each key, also when several calls ask at the same time.
pub(super) type Cells<K, V> = Arc<Mutex<BTreeMap<K, Arc<OnceCell<V>>>>>;

/// What credentials depend on.
///
/// The region of a call is not part of it: a fan-out over twenty regions must not run a credential process, ask SSO or
/// take on a role twenty times. `away` is set where the session's own region cannot serve.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SourceKey {
    pub(super) profile: Option<String>,
    pub(super) role: Option<String>,
    pub(super) principal: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) away: Option<String>,
}

/// SDK settings with credentials, for any region of one partition.
pub(super) struct Source {
    pub(super) sdk: SdkConfig,
    /// The profile to sign in with, where SSO is behind the credentials.
    pub(super) sign_in: Option<String>,
    pub(super) identity: OnceCell<Identity>,
}

/// A credential process may ask a person for a code, so this is generous.
pub(super) const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(60);

/// How many sources of callers are kept; one more drops another, which costs its caller a new session of the role.
pub(super) const MOST_CALLERS: usize = 1_000;

/// Off EC2 the metadata service's address leads nowhere; on EC2 it answers in milliseconds.
const IMDS_TIMEOUT: Duration = Duration::from_millis(1_000);

impl Session {
    /// The session's own region for this profile.
    pub(super) async fn home(&self, profile: Option<&str>) -> Result<String, Error> {
        match self.home_if_any(profile).await? {
            Some(region) => Ok(region),
            None => {
                // The person may give the profile a region now, so the next call looks again.
                lock(&self.homes).remove(&profile.map(str::to_owned));
                Err(Error::invalid("No AWS region is set").with_next(
                    "Start the server with --region, or set AWS_REGION, or give the profile a region in ~/.aws/config.",
                ))
            }
        }
    }

    pub(super) async fn home_if_any(&self, profile: Option<&str>) -> Result<Option<String>, Error> {
        let cell = Arc::clone(lock(&self.homes).entry(profile.map(str::to_owned)).or_default());
        cell.get_or_try_init(|| self.find_home(profile)).await.cloned()
    }

    /// Looks where the SDK does: the operator's word, the environment, the profile, the machine.
    async fn find_home(&self, profile: Option<&str>) -> Result<Option<String>, Error> {
        let fixed = self.config.region.clone();
        let ambient = || ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| self.variable(name));
        if let Some(region) = fixed.or_else(ambient) {
            return checked(&region).map(|region| Some(region.to_owned()));
        }
        let profiles = self.profiles(profile).await?;
        let region = match region_in(&profiles) {
            Some(region) => Some(region),
            None => self.region_of_machine().await,
        };
        region.map(|region| checked(&region).map(str::to_owned)).transpose()
    }

    /// Asks the metadata service of EC2, once and briefly.
    async fn region_of_machine(&self) -> Option<String> {
        if self.variable("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        {
            return None;
        }
        let client = imds::Client::builder()
            .configure(&ProviderConfig::without_region().with_http_client(self.http()))
            .connect_timeout(IMDS_TIMEOUT / 2)
            .max_attempts(1)
            .build();
        let asked = client.get("/latest/meta-data/placement/region");
        let region = tokio::time::timeout(IMDS_TIMEOUT, asked).await.ok()?.ok()?;
        Some(String::from(region))
    }

    pub(super) async fn source(&self, target: &Target) -> Result<Arc<Source>, Error> {
        // Credentials are looked for in the session's own region, so that a region that is misspelt or far away does
        // not decide whether they are found. Another partition has other credentials.
        let home = self.home_if_any(target.profile.as_deref()).await?;
        let away = match home {
            Some(home) if partition(&home) == partition(&target.region) => None,
            _ => Some(target.region.clone()),
        };
        let key = SourceKey {
            profile: target.profile.clone(),
            role: target.role.clone(),
            principal: target.principal.clone(),
            endpoint: target.endpoint.clone(),
            away,
        };
        let cell = {
            let mut sources = lock(&self.sources);
            let callers = || sources.keys().filter(|known| known.principal.is_some());
            if key.principal.is_some() && !sources.contains_key(&key) && callers().count() >= MOST_CALLERS {
                let dropped = callers().next().cloned();
                dropped.map(|dropped| sources.remove(&dropped));
            }
            Arc::clone(sources.entry(key.clone()).or_default())
        };
        cell.get_or_try_init(|| self.build(&key)).await.cloned()
    }

    async fn build(&self, key: &SourceKey) -> Result<Arc<Source>, Error> {
        let profile = key.profile.as_deref();
        let region = match &key.away {
            Some(region) => region.clone(),
            None => self.home(profile).await?,
        };
        let profiles = self.profiles(profile).await?;
        let mut loader = self.loader().region(Region::new(region.clone())).identity_cache(
            aws_config::identity::IdentityCache::lazy().load_timeout(CREDENTIALS_TIMEOUT).build(),
        );
        if let Some(name) = self.app_name() {
            loader = loader.app_name(name);
        }
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) =
            key.endpoint.as_ref().filter(|endpoint| Some(*endpoint) != self.endpoint().as_ref())
        {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(fips) = self.config.fips {
            loader = loader.use_fips(fips);
        }
        if let Some(dual_stack) = self.config.dual_stack {
            loader = loader.use_dual_stack(dual_stack);
        }
        loader = loader.timeout_config(self.timeouts()).stalled_stream_protection(self.streams());
        if let Some(credentials) = self.fixed_credentials(profile, &region).await {
            loader = loader.credentials_provider(credentials);
        }
        let mut sdk = loader.load().await;
        // Standard retries, and after throttling a rate that the service can bear: the tap keeps one per account.
        let mut retry = sdk.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        // As with AWS_NEW_RETRIES_2026: before that, one throttled request of a quiet client waits 10 to 20 s.
        retry = retry.with_retry_mode(RetryMode::Adaptive).with_retry_spec(RetrySpec::v2_1());
        if let Some(attempts) = self.config.max_attempts {
            retry = retry.with_max_attempts(attempts);
        }
        sdk = sdk.into_builder().retry_config(retry).build();
        if let Some(role) = self.config.role.clone().filter(|role| Some(&role.arn) == key.role.as_ref()) {
            let taken = SharedCredentialsProvider::new(TakeOn::new(&sdk, role, key.principal.as_deref()));
            sdk = sdk.into_builder().credentials_provider(taken).build();
        }
        Ok(Arc::new(Source { sdk, sign_in: sso_profile(&profiles), identity: OnceCell::new() }))
    }

    /// Credentials that the SDK's chain would not give: those of a test, or of a profile that the environment shadows.
    async fn fixed_credentials(
        &self,
        profile: Option<&str>,
        region: &str,
    ) -> Option<SharedCredentialsProvider> {
        if let Some(credentials) = &self.credentials {
            return Some(credentials.clone());
        }
        // The SDK's chain looks at the environment's keys before the profile, even if one is named. A call that names a
        // profile must never go out with another's keys.
        let profile = profile.filter(|_| self.variable("AWS_ACCESS_KEY_ID").is_some())?;
        let settings = ProviderConfig::without_region()
            .with_region(Some(Region::new(region.to_owned())))
            .with_http_client(self.http())
            .with_use_fips(self.config.fips)
            .with_use_dual_stack(self.config.dual_stack);
        let builder = ProfileFileCredentialsProvider::builder().configure(&settings).profile_name(profile);
        #[cfg(test)]
        let builder = builder.profile_files(super::tests::contents(&self.env, &self.fs).await);
        Some(SharedCredentialsProvider::new(builder.build()))
    }

    /// Reads the profile files, and holds a named profile to exist.
    async fn profiles(&self, profile: Option<&str>) -> Result<ProfileSet, Error> {
        let name = profile.map(|profile| profile.to_owned().into());
        let found = aws_config::profile::load(&self.fs, &self.env, &Default::default(), name).await;
        let profiles = found.map_err(|error| {
            Error::invalid(format!("The AWS profile files cannot be read: {}", text(&error)))
                .with_next("Correct the file and call again.")
        })?;
        match profile {
            Some(profile) if self.credentials.is_none() && profiles.get_profile(profile).is_none() => {
                Err(unknown_profile(profile, &profiles))
            }
            _ => Ok(profiles),
        }
    }

    fn loader(&self) -> ConfigLoader {
        let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(self.http());
        #[cfg(test)]
        let loader = loader.env(self.env.clone()).fs(self.fs.clone());
        loader
    }

    fn read_timeout(&self) -> Duration {
        self.config.read_timeout.unwrap_or(SessionConfig::READ_TIMEOUT)
    }

    fn timeouts(&self) -> TimeoutConfig {
        let mut timeouts = TimeoutConfig::builder()
            .read_timeout(self.read_timeout())
            .operation_attempt_timeout(self.config.attempt_timeout.unwrap_or(SessionConfig::ATTEMPT_TIMEOUT));
        if let Some(limit) = self.config.connect_timeout {
            timeouts = timeouts.connect_timeout(limit);
        }
        timeouts.build()
    }

    /// The SDK's own watch over streams comes after ours, which says more.
    fn streams(&self) -> StalledStreamProtectionConfig {
        const AFTER: Duration = Duration::from_secs(5);
        StalledStreamProtectionConfig::enabled().grace_period(self.read_timeout() + AFTER).build()
    }

    fn app_name(&self) -> Option<AppName> {
        AppName::new(self.config.app_name.clone().unwrap_or_else(|| "awsmcp".to_owned())).ok()
    }

    /// `AWS_ENDPOINT_URL`. The service's own variable and the profile's setting are the SDK's business.
    pub(super) fn endpoint(&self) -> Option<String> {
        let ignored = self
            .variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        self.variable("AWS_ENDPOINT_URL").filter(|_| !ignored)
    }

    fn http(&self) -> SharedHttpClient {
        self.http.get_or_init(|| http_client(self.variable("AWS_CA_BUNDLE"))).clone()
    }

    pub(super) fn sign_in(&self, target: &Target) -> Option<String> {
        let sources = lock(&self.sources);
        let mut known = sources.iter().filter(|(key, _)| key.profile == target.profile);
        known.find_map(|(_, cell)| cell.get().and_then(|source| source.sign_in.clone()))
    }

    pub(super) fn variable(&self, name: &str) -> Option<String> {
        self.env.get(name).ok().filter(|value| !value.is_empty())
    }
}

pub(super) fn lock<K, V>(cells: &Cells<K, V>) -> MutexGuard<'_, BTreeMap<K, Arc<OnceCell<V>>>> {
    cells.lock().unwrap_or_else(PoisonError::into_inner)
}
