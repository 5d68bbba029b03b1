//! Where calls go, and as whom.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::imds;
use aws_config::profile::{Profile, ProfileFileCredentialsProvider, ProfileSet};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::{RetryConfig, RetryMode};
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetrySpec;
use aws_types::SdkConfig;
use aws_types::app_name::AppName;
use aws_types::os_shim_internal::{Env, Fs};
use tokio::sync::OnceCell;

use crate::client::http_client;
use crate::failure::NOWHERE;
use crate::region::{checked, glob, is_glob, partition, regions_of};
use crate::role::TakeOn;
use crate::{Error, Kind, Role};

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
    /// The name in the user agent; `awsmcp` if none is given.
    pub app_name: Option<String>,
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

/// What is worked out once for each key, also when several calls ask at the same time.
type Cells<K, V> = Arc<Mutex<BTreeMap<K, Arc<OnceCell<V>>>>>;

/// What credentials depend on.
///
/// The region of a call is not part of it: a fan-out over twenty regions must not run a credential process, ask SSO or
/// take on a role twenty times. `away` is set where the session's own region cannot serve.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SourceKey {
    profile: Option<String>,
    role: Option<String>,
    principal: Option<String>,
    endpoint: Option<String>,
    away: Option<String>,
}

/// SDK settings with credentials, for any region of one partition.
struct Source {
    sdk: SdkConfig,
    /// The profile to sign in with, where SSO is behind the credentials.
    sign_in: Option<String>,
    identity: OnceCell<Identity>,
}

/// A credential process may ask a person for a code, so this is generous.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(60);

/// How many sources of callers are kept; one more drops another, which costs its caller a new session of the role.
const MOST_CALLERS: usize = 1_000;

/// Off EC2 the metadata service's address leads nowhere; on EC2 it answers in milliseconds.
const IMDS_TIMEOUT: Duration = Duration::from_millis(1_000);

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
        Session { http: Arc::new(OnceLock::from(http)), ..Session::new(config) }
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
        Ok(source.sdk.to_builder().region(Region::new(target.region.clone())).build())
    }

    /// Who AWS says the caller is, asked once.
    ///
    /// # Errors
    /// Whatever STS or the search for credentials answers. After a credential failure the next call looks anew.
    pub async fn identity(&self, target: &Target) -> Result<Identity, Error> {
        let source = self.source(target).await?;
        let asked = source.identity.get_or_try_init(|| async {
            let answer = aws_sdk_sts::Client::new(&source.sdk).get_caller_identity().send().await?;
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
            Ok(Err(error)) => Err(self.explain(target, crate::failure::explain(&error))),
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

/// What a call may name.
impl Session {
    fn allowed_profile(&self, named: Option<&str>) -> Result<Option<String>, Error> {
        let own = self.config.profile.as_deref();
        let Some(named) = named.filter(|named| Some(*named) != own) else {
            return Ok(own.map(str::to_owned));
        };
        if self.config.allow_profiles.iter().any(|allowed| glob(allowed, named)) {
            return Ok(Some(named.to_owned()));
        }
        let own = own.map_or_else(|| "the server's own (leave profile out)".to_owned(), str::to_owned);
        Err(Error::refused(format!(
            "The profile {named} is not allowed here; allowed: {}",
            listed(own, &self.config.allow_profiles)
        ))
        .with_next(format!("Use an allowed profile; the operator can add one with --allow-profile {named}.")))
    }

    async fn allowed_region(&self, profile: Option<&str>, named: &str) -> Result<String, Error> {
        if self.config.allow_regions.iter().any(|allowed| glob(allowed, named)) {
            return Ok(named.to_owned());
        }
        let home = self.home(profile).await;
        if home.as_deref().is_ok_and(|home| home == named) {
            return Ok(named.to_owned());
        }
        let own = home.unwrap_or_else(|_| "none (the server has no region of its own)".to_owned());
        Err(Error::refused(format!(
            "The region {named} is not allowed here; allowed: {}",
            listed(own, &self.config.allow_regions)
        ))
        .with_next(format!("Use an allowed region; the operator can add one with --allow-region {named}.")))
    }

    /// The allowed regions that a wildcard matches, the session's own first.
    async fn matching(&self, profile: Option<&str>, pattern: &str) -> Result<Vec<String>, Error> {
        let home = self.home(profile).await;
        let mut found: Vec<String> = Vec::new();
        let mut add = |region: &str| {
            if glob(pattern, region) && !found.iter().any(|known| known == region) {
                found.push(region.to_owned());
            }
        };
        if let Ok(home) = &home {
            add(home);
        }
        // Credentials are good in one partition: the session's own.
        let partition = home.as_deref().map_or("aws", partition);
        for allowed in &self.config.allow_regions {
            match is_glob(allowed) {
                true => regions_of(partition).filter(|region| glob(allowed, region)).for_each(&mut add),
                false => add(allowed),
            }
        }
        match (found.is_empty(), home) {
            (false, _) => Ok(found),
            (true, Err(error)) => Err(error),
            (true, Ok(home)) => Err(Error::invalid(format!(
                "No allowed region fits {pattern}; allowed: {}",
                listed(home, &self.config.allow_regions)
            ))),
        }
    }

    fn at(&self, profile: Option<String>, region: String) -> Target {
        let role = self.config.role.as_ref().map(|role| role.arn.clone());
        Target {
            profile,
            // Without a role all callers have the same credentials.
            principal: self.principal.as_deref().filter(|_| role.is_some()).map(str::to_owned),
            role,
            region,
            endpoint: self.endpoint(),
        }
    }
}

fn listed(own: String, allowed: &[String]) -> String {
    let all: BTreeSet<&str> = allowed.iter().map(String::as_str).chain([own.as_str()]).collect();
    all.into_iter().collect::<Vec<_>>().join(", ")
}

/// How settings come about.
impl Session {
    /// The session's own region for this profile.
    async fn home(&self, profile: Option<&str>) -> Result<String, Error> {
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

    async fn home_if_any(&self, profile: Option<&str>) -> Result<Option<String>, Error> {
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

    async fn source(&self, target: &Target) -> Result<Arc<Source>, Error> {
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
        if let Some(limit) = self.config.connect_timeout {
            loader = loader.timeout_config(TimeoutConfig::builder().connect_timeout(limit).build());
        }
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
        let builder = builder.profile_files(tests::contents(&self.env, &self.fs).await);
        Some(SharedCredentialsProvider::new(builder.build()))
    }

    /// Reads the profile files, and holds a named profile to exist.
    async fn profiles(&self, profile: Option<&str>) -> Result<ProfileSet, Error> {
        let name = profile.map(|profile| profile.to_owned().into());
        let found = aws_config::profile::load(&self.fs, &self.env, &Default::default(), name).await;
        let profiles = found.map_err(|error| {
            Error::invalid(format!("The AWS profile files cannot be read: {}", crate::failure::text(&error)))
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

    fn app_name(&self) -> Option<AppName> {
        AppName::new(self.config.app_name.clone().unwrap_or_else(|| "awsmcp".to_owned())).ok()
    }

    /// `AWS_ENDPOINT_URL`. The service's own variable and the profile's setting are the SDK's business.
    fn endpoint(&self) -> Option<String> {
        let ignored = self
            .variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        self.variable("AWS_ENDPOINT_URL").filter(|_| !ignored)
    }

    fn http(&self) -> SharedHttpClient {
        self.http.get_or_init(|| http_client(self.variable("AWS_CA_BUNDLE"))).clone()
    }

    fn sign_in(&self, target: &Target) -> Option<String> {
        let sources = lock(&self.sources);
        let mut known = sources.iter().filter(|(key, _)| key.profile == target.profile);
        known.find_map(|(_, cell)| cell.get().and_then(|source| source.sign_in.clone()))
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.env.get(name).ok().filter(|value| !value.is_empty())
    }
}

fn lock<K, V>(cells: &Cells<K, V>) -> MutexGuard<'_, BTreeMap<K, Arc<OnceCell<V>>>> {
    cells.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The selected profile's region, or that of the profile it takes its credentials from, as the SDK reads it.
fn region_in(profiles: &ProfileSet) -> Option<String> {
    lineage(profiles).find_map(|profile| profile.get("region").map(str::to_owned))
}

/// The profile that `aws sso login` signs in for the selected one.
fn sso_profile(profiles: &ProfileSet) -> Option<String> {
    let signs_in = |profile: &&Profile| profile.get("sso_session").or(profile.get("sso_start_url")).is_some();
    lineage(profiles).find(signs_in).map(|profile| profile.name().to_owned())
}

/// The selected profile, its `source_profile`, that one's, and so on.
fn lineage(profiles: &ProfileSet) -> impl Iterator<Item = &Profile> {
    let first = profiles.get_profile(profiles.selected_profile());
    // A ring of profiles is an error of the SDK's chain; here it only has to end.
    std::iter::successors(first, |profile| profiles.get_profile(profile.get("source_profile")?)).take(16)
}

fn unknown_profile(name: &str, profiles: &ProfileSet) -> Error {
    let mut known: Vec<&str> = profiles.profiles().collect();
    known.sort_unstable();
    let nearest = known
        .iter()
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match nearest {
        Some((likeness, nearest)) if likeness > 0.8 => format!("Did you mean {nearest}? "),
        _ => String::new(),
    };
    let known = match known.is_empty() {
        true => "There are no profiles at all; `aws configure sso` or `aws configure` makes one.".to_owned(),
        false => format!("The profiles are {}.", known.join(", ")),
    };
    Error::new(Kind::NoCredentials, format!("There is no AWS profile {name}"))
        .with_next(format!("{hint}{known}"))
}

fn report(credentials: &Credentials, profile: Option<&str>) -> CredentialReport {
    use AwsCredentialFeature as Feature;
    let features = credentials.get_property::<Vec<Feature>>().map(Vec::as_slice).unwrap_or_default();
    // The first that fits counts: what hands the credentials out comes before what asked it.
    let known = [
        (Feature::CredentialsImds, "EC2 instance metadata"),
        (Feature::CredentialsHttp, "container credentials endpoint"),
        (Feature::CredentialsSso, "SSO"),
        (Feature::CredentialsProcess, "credential process"),
        (Feature::CredentialsEnvVars, "environment variables"),
        (Feature::CredentialsStsAssumeRoleWebId, "web identity token"),
        (Feature::CredentialsStsAssumeRole, "assumed role"),
    ];
    let source =
        known.iter().find(|(feature, _)| features.contains(feature)).map(|(_, name)| (*name).to_owned());
    let named = features.contains(&Feature::CredentialsProfile);
    let profile = named.then(|| format!("profile '{}'", profile.unwrap_or("default")));
    let words: Vec<String> = source.into_iter().chain(profile).collect();
    let source = if words.is_empty() { "given by the program".to_owned() } else { words.join(", ") };
    let id = credentials.access_key_id();
    CredentialReport {
        source,
        expires: credentials.expiry().and_then(|expiry| jiff::Timestamp::try_from(expiry).ok()),
        access_key_end: id.get(id.len().saturating_sub(4)..).unwrap_or_default().to_owned(),
        account: credentials.account_id().map(|account| account.as_str().to_owned()),
    }
}

#[cfg(test)]
mod tests;
