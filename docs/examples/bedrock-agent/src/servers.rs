//! The servers, and the ways to them.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_config::SdkConfig;
use futures::future::join_all;
use reqwest::Url;
use reqwest::redirect::Policy;
use rmcp::ServiceError;
use rmcp::model::{CallToolRequestParams, CallToolResult, ProtocolVersion, Tool};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, ClientServiceExt, RoleClient, RunningService,
};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use tokio::process::Command;

use crate::person::{Asker, Person};
use crate::signed::Signed;

/// A server to connect to, such as `s3=awsmcp-s3 --region eu-central-1` or `db=https://example.com/mcp`.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    name: String,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Command { program: String, args: Vec<String> },
    Http { url: Url, access: Access },
}

/// What an HTTP server wants to see.
#[derive(Clone, Debug)]
enum Access {
    Open,
    Bearer { token: String },
    Iam,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        let form = "a server is NAME=COMMAND or NAME=URL, such as s3=awsmcp-s3 or db=https://example.com/mcp";
        let (name, place) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or(form)?;
        let place = if place.starts_with("https://") || place.starts_with("http://") {
            let url = Url::parse(place).map_err(|error| format!("{place}: {error}"))?;
            Place::Http { url, access: Access::Open }
        } else {
            let mut words = shlex::split(place).ok_or("the command has an open quote")?.into_iter();
            Place::Command { program: words.next().ok_or(form)?, args: words.collect() }
        };
        Ok(Target { name: name.to_owned(), place })
    }
}

/// The targets, each with what `--bearer` and `--iam` say of it.
pub(crate) fn with_access(
    mut targets: Vec<Target>,
    bearer: &[String],
    iam: &[String],
) -> Result<Vec<Target>> {
    let mut names = BTreeSet::new();
    if let Some(twice) = targets.iter().find(|target| !names.insert(&target.name)) {
        bail!("two servers are named {}: give each a name of its own", twice.name);
    }
    for pair in bearer {
        let (name, variable) =
            pair.split_once('=').with_context(|| format!("--bearer {pair}: it is NAME=VARIABLE"))?;
        #[expect(clippy::disallowed_methods, reason = "which variable it is, the command line says")]
        let token = std::env::var(variable).with_context(|| format!("the token for {name} in {variable}"))?;
        grant(&mut targets, name, Access::Bearer { token })?;
    }
    for name in iam {
        grant(&mut targets, name, Access::Iam)?;
    }
    Ok(targets)
}

fn grant(targets: &mut [Target], name: &str, granted: Access) -> Result<()> {
    let target = targets.iter_mut().find(|target| target.name == name);
    match target.map(|target| &mut target.place) {
        Some(Place::Http { access: access @ Access::Open, .. }) => *access = granted,
        Some(Place::Http { .. }) => bail!("{name} is either given a bearer token or signed for, not both"),
        Some(Place::Command { .. }) => {
            bail!("{name} is a command: only servers with a URL are sent credentials")
        }
        None => bail!("there is no --server {name}=…"),
    }
    Ok(())
}

/// A server that is connected.
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) tools: Vec<Tool>,
    connection: RunningService<RoleClient, Asker>,
}

impl Server {
    /// What it says of itself, for models.
    pub(crate) fn instructions(&self) -> Option<String> {
        self.connection.peer_info()?.instructions.clone().filter(|text| !text.is_empty())
    }

    /// Calls a tool. Where the server asks back, the person answers, and the call goes on.
    pub(crate) async fn call(&self, call: CallToolRequestParams) -> Result<CallToolResult> {
        match self.connection.call_tool(call).await {
            Err(ServiceError::TransportClosed) => bail!("the server is gone, and its tools with it"),
            result => Ok(result?),
        }
    }
}

/// Connects to all at once, and to none if one fails.
pub(crate) async fn connect(targets: Vec<Target>, aws: &SdkConfig, person: &Person) -> Result<Vec<Server>> {
    let outcomes = join_all(targets.iter().map(async |target| {
        let connected = connect_to(target, aws, person).await;
        connected.with_context(|| format!("cannot connect to the server {}", target.name))
    }));
    let (servers, errors): (Vec<_>, Vec<_>) = outcomes.await.into_iter().partition(Result::is_ok);
    let servers = servers.into_iter().filter_map(Result::ok).collect();
    match errors.into_iter().find_map(Result::err) {
        None => Ok(servers),
        Some(error) => {
            close(servers).await;
            Err(error)
        }
    }
}

/// Ends all of them. A server that was started is asked to end first, and made to later.
pub(crate) async fn close(servers: Vec<Server>) {
    const PATIENCE: Duration = Duration::from_secs(10);
    join_all(servers.into_iter().map(async |mut server| {
        let _ = server.connection.close_with_timeout(PATIENCE).await;
    }))
    .await;
}

async fn connect_to(target: &Target, aws: &SdkConfig, person: &Person) -> Result<Server> {
    let asker = Asker::new(&target.name, person);
    // Servers of either era: those that do not know the first question are asked the old way.
    let lifecycle = ClientLifecycleMode::Auto {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        legacy_version: Some(ProtocolVersion::V_2025_11_25),
    };
    let connected = match &target.place {
        Place::Command { program, args } => {
            let mut command = Command::new(program);
            command.args(args).kill_on_drop(true);
            let process = TokioChildProcess::new(command).with_context(|| format!("cannot run {program}"))?;
            asker.serve_with_lifecycle(process, lifecycle).await
        }
        Place::Http { url, access } => {
            // A redirect would take the credentials along.
            let http = reqwest::Client::builder()
                .redirect(Policy::none())
                .connect_timeout(Duration::from_secs(10))
                .build()?;
            let config = StreamableHttpClientTransportConfig::with_uri(url.as_str());
            match access {
                Access::Open => {
                    let transport = StreamableHttpClientTransport::with_client(http, config);
                    asker.serve_with_lifecycle(transport, lifecycle).await
                }
                Access::Bearer { token } => {
                    let transport =
                        StreamableHttpClientTransport::with_client(http, config.auth_header(token));
                    asker.serve_with_lifecycle(transport, lifecycle).await
                }
                Access::Iam => {
                    let http = Signed::new(http, url, aws)?;
                    let transport = StreamableHttpClientTransport::with_client(http, config);
                    asker.serve_with_lifecycle(transport, lifecycle).await
                }
            }
        }
    };
    let connection = connected.map_err(explained)?;
    let tools = connection.list_all_tools().await.context("it does not list its tools")?;
    Ok(Server { name: target.name.clone(), tools, connection })
}

/// Of a connection that failed in both ways, why the second failed.
fn explained(error: ClientInitializeError) -> anyhow::Error {
    match error {
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => explained(*fallback),
        ClientInitializeError::TransportError { error, .. } => anyhow::Error::from_boxed(error.error),
        other => other.into(),
    }
}
