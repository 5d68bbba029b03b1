//! What a tool's code may ask while it runs: the client, the page, the budget, the clock of its caller.

use std::sync::{Arc, Mutex, PoisonError};

use awsmcp_sdk::{Identity, Made, SdkConfig, Session, State, Tap, Target};
use awsmcp_spec::{ResourceRef, resources};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Cleanup, Error, Files, Page, Principal, Result, Risk, Service, Settings,
    allowed::{self, flag, turned_off},
    fence::neutral,
};

/// Tells the caller how far a long call has come.
pub type Progress = Arc<dyn Fn(f64, Option<f64>, String) + Send + Sync>;

/// The context of one call.
pub struct Call<S: Service> {
    pub(crate) session: Session,
    pub(crate) principal: Option<Principal>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) target: Target,
    pub(crate) sdk: SdkConfig,
    pub(crate) tap: Tap,
    pub(crate) client: S::Client,
    /// When the call began, and when it must have ended: later by the time that a person takes to answer.
    pub(crate) began: Instant,
    pub(crate) ends: Mutex<Instant>,
    pub(crate) limit: u32,
    /// The `limit` of this very call.
    pub(crate) given_limit: Option<u32>,
    pub(crate) token: Option<String>,
    pub(crate) budget: usize,
    pub(crate) notes: Mutex<Vec<String>>,
    pub(crate) progress: Option<Progress>,
    pub(crate) cancel: CancellationToken,
    pub(crate) cleanup: Cleanup,
}

impl<S: Service> Call<S> {
    /// The SDK's client for this call's account and region. It records what it does and refuses operations
    /// that the tool did not declare.
    pub fn client(&self) -> &S::Client {
        &self.client
    }

    /// A client for another region of the same account.
    ///
    /// # Errors
    /// When the operator did not allow that region.
    pub async fn client_in(&self, region: &str) -> Result<S::Client> {
        let target = self.session.target(self.target.profile.as_deref(), Some(region)).await?;
        let sdk = self.session.sdk_config(&target).await?;
        Ok(S::client_with(&sdk, self.tap.clone(), &self.settings))
    }

    /// The tap of this call, for a client of what is not the service's own.
    pub fn tap(&self) -> &Tap {
        &self.tap
    }

    /// The account's shared configuration, for what is not the service's own client.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    pub(crate) fn ends(&self) -> Instant {
        *self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn ends_at(&self, ends: Instant) {
        *self.ends.lock().unwrap_or_else(PoisonError::into_inner) = ends;
    }

    /// Rows of a page.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Rows of a page, where this call names a number of its own; a call that goes on by a cursor does not.
    pub fn given_limit(&self) -> Option<u32> {
        self.given_limit
    }

    /// Rows of a page, as AWS's inputs take it.
    pub fn page_size(&self) -> i32 {
        self.limit.try_into().unwrap_or(i32::MAX)
    }

    /// AWS's token of the page that is asked for; none for the first.
    pub fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// The tool's own place in a list that is more than one of AWS's: the first where the call begins anew.
    ///
    /// # Errors
    /// When a cursor holds no such place.
    pub fn place<At: DeserializeOwned + Default>(&self) -> Result<At> {
        match &self.token {
            None => Ok(At::default()),
            Some(token) => serde_json::from_str(token).map_err(|_| {
                Error::invalid("`cursor` is not one of this list").with_next("begin without a cursor")
            }),
        }
    }

    /// A page of rows, with the tool's own place of the next. It may be longer than was asked for: what is too much is shown
    /// first on the next page.
    ///
    /// # Errors
    /// When the place cannot be written.
    pub fn page_from<T>(
        &self,
        rows: impl IntoIterator<Item = T>,
        next: Option<impl Serialize>,
    ) -> Result<Page<T>> {
        let next = next.map(|at| serde_json::to_string(&at)).transpose();
        Ok(self.page(rows, next.map_err(|error| Error::internal(error.to_string()))?))
    }

    /// A page of rows, with AWS's token for the next.
    pub fn page<T>(&self, rows: impl IntoIterator<Item = T>, next: Option<String>) -> Page<T> {
        Page { rows: rows.into_iter().collect(), next: next.filter(|token| !token.is_empty()), total: None }
    }

    /// The most characters the answer can show: do not fetch more.
    pub fn budget(&self) -> usize {
        self.budget
    }

    /// Adds a sentence behind the answer.
    pub fn note(&self, text: impl Into<String>) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(text.into());
    }

    /// Tells the caller how far the work has come, if it asked to be told.
    pub fn progress(&self, done: u64, total: Option<u64>, message: impl Into<String>) {
        if let Some(tell) = &self.progress {
            // It may name what AWS named.
            let message = neutral(&message.into()).into_owned();
            tell(done as f64, total.map(|total| total as f64), message);
        }
    }

    /// The region the call is made in.
    pub fn region(&self) -> &str {
        &self.target.region
    }

    /// Where the call goes.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The host of this call's last request; none before the first.
    pub fn host(&self) -> Option<String> {
        self.tap.made().into_iter().rev().find_map(|made| made.host)
    }

    /// Whether the answer to a try of an operation of this name was lost in this call. What AWS complains of when it is tried
    /// again, such as that something changed or is gone, may be what that try did.
    pub fn lost_a_try(&self, operation: &str) -> bool {
        let is_lost = |made: &Made| made.tries.iter().any(|attempt| attempt.state == State::Lost);
        self.tap.made().iter().any(|made| made.operation == operation && is_lost(made))
    }

    /// Who is calling.
    ///
    /// # Errors
    /// When AWS does not say.
    pub async fn identity(&self) -> Result<Identity> {
        self.session.identity(&self.target).await
    }

    /// The name of the caller as the server knows it: of a token, a subject; none where whoever started the server calls.
    pub fn caller(&self) -> Option<&str> {
        self.principal.as_ref().map(|principal| principal.name.as_str())
    }

    /// The session behind the call.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// For what must still be done when the call is dropped.
    pub fn cleanup(&self) -> Cleanup {
        self.cleanup.clone()
    }

    /// Local files, in the directories that the operator allowed.
    pub fn files(&self) -> Files {
        Files::new(&self.settings.allow_dirs)
    }

    /// What the operator fixed.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the operator set of the server's own settings, or else its default; `None` of one that has neither.
    pub fn extra(&self, name: &str) -> Option<&str> {
        let default = || S::EXTRAS.iter().find(|extra| extra.name == name).and_then(|extra| extra.default);
        self.settings.extras.get(name).map(String::as_str).or_else(default)
    }

    /// Lets part of a tool's work pass that is of a graver risk than the tool: `what` names the arguments that ask for it.
    ///
    /// # Errors
    /// When the operator did not allow that risk, or the caller lacks its scope; it names the flag or the scope.
    pub fn permit(&self, what: &str, risk: Risk) -> Result<()> {
        if !self.settings.allows(risk) {
            return Err(turned_off(what, &flag(risk)));
        }
        self.principal.as_ref().map_or(Ok(()), |principal| principal.permit(what, risk))
    }

    /// Asks whether the operator's list lets the call use `action` on what only an answer of AWS named. `template` is an ARN
    /// as tools declare it, `values` fill its placeholders.
    ///
    /// # Errors
    /// When it is outside the list, or the account cannot be found out.
    pub async fn may(&self, action: &str, template: &str, values: &[(&str, &str)]) -> Result<()> {
        if self.settings.allow_arns.is_empty() {
            return Ok(());
        }
        let account = match template.contains("{account}") {
            true => Some(self.identity().await?.account),
            false => None,
        };
        let environment = awsmcp_sdk::environment(&self.target, account.as_deref());
        let named = |field: &str| {
            let given = values.iter().filter(|(name, _)| *name == field);
            given.map(|(_, value)| ResourceRef::Name((*value).to_owned())).collect()
        };
        resources(template, environment, named)
            .iter()
            .try_for_each(|arn| allowed::may::<S>(action, arn, &self.settings))
    }

    /// The same of a whole ARN that AWS gave.
    ///
    /// # Errors
    /// When it is outside the operator's list.
    pub fn may_on(&self, action: &str, arn: &str) -> Result<()> {
        allowed::may::<S>(action, arn, &self.settings)
    }

    /// A part of an answer: where it cannot be read, a note says why and names the permission, and the rest goes on.
    pub fn part<T, E: Into<Error>>(&self, what: &str, asked: Result<T, E>) -> Option<T> {
        match asked.map_err(Into::into) {
            Ok(part) => Some(part),
            Err(error) => {
                self.note(format!("{what} could not be read: {}", error.message));
                None
            }
        }
    }

    /// Is cancelled when the caller loses interest; the call itself is dropped then, so only work that was
    /// spawned needs to look.
    pub fn cancelled(&self) -> &CancellationToken {
        &self.cancel
    }
}
