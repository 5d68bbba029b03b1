//! What the operator fixed when the server was started. A model cannot change any of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use awsmcp_spec::{OperationPattern, Pattern, Risk};

use crate::{Audit, Clock};

/// How answers are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputMode {
    /// Text: tables, compact JSON, bodies. The fewest tokens.
    #[default]
    Text,
    /// `structuredContent` with output schemas.
    Structured,
}

/// A secret that several processes share. It is never printed.
#[derive(Clone)]
pub struct SealKey(String);

impl SealKey {
    /// Takes a secret that is long enough to be one.
    ///
    /// # Errors
    /// Says how long it must be.
    pub fn new(secret: impl Into<String>) -> Result<Self, String> {
        const SHORTEST: usize = 32;
        let secret = secret.into();
        if secret.len() < SHORTEST {
            return Err(format!("at least {SHORTEST} characters, such as `openssl rand -hex 32` prints"));
        }
        Ok(SealKey(secret))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey")
    }
}

/// How what must be confirmed is confirmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Confirm {
    /// The user is asked, where the client can; the token of a plan goes to the model only where nobody can be asked. Where
    /// somebody was asked and did not answer, nothing is done.
    #[default]
    Ask,
    /// The model gets the plan's token, whoever could be asked: for agents that run without a person.
    Token,
    /// Nothing is confirmed.
    Off,
}

/// Which looks hold calls to the list of resources. Both do; a test turns one off to show that the other holds alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looks {
    /// At what the arguments name, before any request.
    pub first: bool,
    /// At what each request names, before it is signed.
    pub second: bool,
}

/// The operator's choices.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The risks that may be taken. `read` always may.
    pub allow: BTreeSet<Risk>,
    /// Tools by name; empty for those of `toolsets`.
    pub tools: Vec<String>,
    /// Tools left out.
    pub exclude_tools: Vec<String>,
    /// Toolsets by name, or `all`, or `default`; empty for `default`.
    pub toolsets: Vec<String>,
    /// The only operations that a call may name, where a tool takes their names; empty for any.
    pub operations: Vec<OperationPattern>,
    /// Operations left out.
    pub exclude_operations: Vec<OperationPattern>,
    /// The only resources that may be touched; empty for any.
    pub allow_arns: Vec<Pattern>,
    /// Which looks hold calls to these resources.
    pub looks: Looks,
    /// The only local directories that may be read and written.
    pub allow_dirs: Vec<PathBuf>,
    /// How answers are given.
    pub output: OutputMode,
    /// The most characters of an answer.
    pub max_chars: usize,
    /// Rows of a page, where a call names no `limit`.
    pub page_size: u32,
    /// The longest an ordinary call may take.
    pub timeout: Duration,
    /// Calls in flight at once.
    pub max_calls: usize,
    /// Calls that may wait for their turn; more are refused.
    pub max_waiting: usize,
    /// How what must be confirmed is confirmed.
    pub confirm: Confirm,
    /// How long a plan's confirmation is good.
    pub confirm_within: Duration,
    /// By which clock it expires.
    pub clock: Clock,
    /// What confirmations are sealed with, for several processes that serve the same callers; random if none is given.
    pub seal_key: Option<SealKey>,
    /// What was set of the server's own settings, by name, checked.
    pub extras: BTreeMap<&'static str, String>,
    /// Where each call leaves a line.
    pub audit: Option<Arc<Audit>>,
}

impl Settings {
    /// Whether the operator lets this risk be taken.
    pub fn allows(&self, risk: Risk) -> bool {
        risk == Risk::Read || self.allow.contains(&risk)
    }

    /// The gravest risk that the operator lets be taken.
    pub fn gravest(&self) -> Risk {
        self.allow.last().copied().unwrap_or(Risk::Read)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            allow: BTreeSet::from([Risk::Read]),
            tools: Vec::new(),
            exclude_tools: Vec::new(),
            toolsets: Vec::new(),
            operations: Vec::new(),
            exclude_operations: Vec::new(),
            allow_arns: Vec::new(),
            looks: Looks { first: true, second: true },
            allow_dirs: Vec::new(),
            output: OutputMode::Text,
            max_chars: 40_000,
            page_size: 100,
            timeout: Duration::from_secs(60),
            max_calls: 16,
            max_waiting: 1000,
            confirm: Confirm::default(),
            confirm_within: Duration::from_secs(300),
            clock: Clock::system(),
            seal_key: None,
            extras: BTreeMap::new(),
            audit: None,
        }
    }
}
