//! What a server's binary does besides serving: run one tool, and say what it is and needs.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Read, Write},
    path::Path,
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use awsmcp_mcp::{Answer, Caller, Consent, Engine, Handler, Part, Risk, Server, Service, for_terminal};
use awsmcp_spec::{Environment, NeedEntry, Policy, gateway_tool};
use serde_json::{Map, Value};

use crate::{
    auth, stop,
    terminal::{print, report},
};

/// Runs one tool, as a client would; the gate and the errors are the same. Answers whether it succeeded.
///
/// # Errors
/// When stdout is closed.
pub(crate) async fn call<S: Service>(
    engine: &Engine<S>,
    tool: &str,
    arguments: Map<String, Value>,
    yes: bool,
) -> Result<bool> {
    let cancel = tokio_util::sync::CancellationToken::new();
    let stop = cancel.clone();
    tokio::spawn(async move {
        stop::signalled_or_orphaned().await;
        stop.cancel();
    });
    let caller = Caller { consent: consent(yes), cancel, progress: progress(), ..Caller::default() };
    match Box::pin(engine.call(tool, arguments, &caller)).await {
        Ok(Answer::Done { text, parts, structured, failed }) => {
            match structured {
                Some(value) => print(&serde_json::to_string(&value)?)?,
                None => print(&text)?,
            }
            for part in parts {
                if let Part::Image { data, .. } | Part::Blob { data, .. } = part
                    && !std::io::stdout().is_terminal()
                {
                    std::io::stdout().write_all(&data)?;
                }
            }
            Ok(!failed)
        }
        Ok(Answer::Planned { text } | Answer::Ask { question: text, .. } | Answer::Failed { text, .. }) => {
            report(&text)?;
            Ok(false)
        }
        Err(message) => {
            report(&message)?;
            Ok(false)
        }
    }
}

/// A call of one operation, as the command line has it.
#[derive(clap::Args)]
pub(crate) struct OperationCall {
    /// The service, as the AWS CLI names it.
    service: String,
    /// The operation, such as `ListQueues` or `list-queues`.
    operation: String,
    /// Its input, a JSON object; `-` reads it from stdin.
    #[arg(default_value = "{}")]
    input: String,
    /// A JMESPath expression over the rows or the object.
    #[arg(long)]
    query: Option<String>,
    /// Rows of a page.
    #[arg(long)]
    limit: Option<u32>,
    /// Where to go on.
    #[arg(long)]
    cursor: Option<String>,
    /// Repeat it until this is so, such as `instance-running`.
    #[arg(long)]
    wait: Option<String>,
    /// Show what would be sent, and send nothing.
    #[arg(long)]
    dry_run: bool,
    /// Confirm what is asked about.
    #[arg(long)]
    yes: bool,
}

/// Calls one operation, as a client would by the tool for it.
///
/// # Errors
/// When its input is not a JSON object, or stdout is closed.
pub(crate) async fn call_operation<S: Service>(engine: &Engine<S>, asked: OperationCall) -> Result<bool> {
    let OperationCall { service, operation, input, query, limit, cursor, wait, dry_run, yes } = asked;
    let mut arguments = Map::from_iter([
        ("service".to_owned(), service.into()),
        ("operation".to_owned(), operation.into()),
        ("input".to_owned(), Value::Object(self::arguments(&input)?)),
    ]);
    let given = [("query", query), ("cursor", cursor), ("wait", wait)];
    arguments.extend(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
    arguments.extend(limit.map(|limit| ("limit".to_owned(), limit.into())));
    arguments.extend(dry_run.then(|| ("dry_run".to_owned(), true.into())));
    call(engine, "call_operation", arguments, yes).await
}

/// The arguments of a call, as the command line has them.
///
/// # Errors
/// When they are not a JSON object.
pub(crate) fn arguments(json: &str) -> Result<Map<String, Value>> {
    let text = if json == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        text
    } else {
        json.to_owned()
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => bail!("the arguments must be a JSON object, such as '{{\"limit\": 5}}'"),
        Err(error) => Err(error)
            .context("the arguments are not JSON; good ones look like '{\"bucket\": \"my-bucket\"}'"),
    }
}

/// A person at a terminal is asked; a script says `--yes`.
fn consent(yes: bool) -> Consent {
    if yes {
        return Consent::Ask(Arc::new(|_| Box::pin(async { Some(true) })));
    }
    if !std::io::stdin().is_terminal() {
        return Consent::Told("to do it, add --yes");
    }
    Consent::Ask(Arc::new(|question| {
        Box::pin(async move {
            let asked = tokio::task::spawn_blocking(move || {
                let mut stderr = std::io::stderr();
                write!(stderr, "{}\nGo ahead? [y/N] ", for_terminal(&question)).ok()?;
                stderr.flush().ok()?;
                let mut line = String::new();
                std::io::stdin().read_line(&mut line).ok()?;
                Some(matches!(line.trim(), "y" | "Y" | "yes"))
            });
            asked.await.ok().flatten()
        })
    }))
}

fn progress() -> Option<awsmcp_mcp::Progress> {
    std::io::stderr().is_terminal().then(|| {
        Arc::new(|done: f64, total: Option<f64>, message: String| {
            let share =
                total.filter(|total| *total > 0.0).map(|total| format!(" {:.0} %", done / total * 100.0));
            // A terminal that is gone loses nothing but this line.
            let message = for_terminal(&message);
            let _ = write!(std::io::stderr(), "\r{message}{}\x1b[K", share.unwrap_or_default());
        }) as awsmcp_mcp::Progress
    })
}

/// Prints the table of the tools that are on, and of those that are off with the reason.
///
/// # Errors
/// When stdout is closed.
pub(crate) fn tools<S: Service>(engine: &Engine<S>) -> Result<()> {
    let mut lines = vec!["TOOL\tRISK\tTOOLSET\tON\tWHAT IT DOES".to_owned()];
    for tool in engine.overview() {
        let state = tool.off.map_or_else(|| "yes".to_owned(), |reason| format!("no: {reason}"));
        lines.push(format!("{}\t{}\t{}\t{state}\t{}", tool.name, tool.risk, tool.toolset, tool.summary));
    }
    print(&aligned(&lines))
}

/// Columns under each other; the last one is free.
fn aligned(lines: &[String]) -> String {
    let rows: Vec<Vec<&str>> = lines.iter().map(|line| line.split('\t').collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let line = |row: &Vec<&str>| {
        row.iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect::<Vec<_>>()
            .join("  ")
            .trim_end()
            .to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Prints a new token and the line that lets its bearer in.
///
/// # Errors
/// When the name is none, or stdout is closed.
pub(crate) fn token(name: &str, scopes: &[Risk]) -> Result<()> {
    let (token, line) = auth::mint(name, scopes)?;
    print(&format!("token, for the caller, shown only now:\n{token}\nline, for --token-file:\n{line}"))
}

/// Prints the contract.
///
/// # Errors
/// When stdout is closed.
pub(crate) fn manifest<S: Service>(server: &Server<S>) -> Result<()> {
    print(&serde_json::to_string_pretty(&server.manifest())?)
}

/// Prints the enabled tools as a Lambda target of AgentCore Gateway takes them.
///
/// # Errors
/// When stdout is closed.
pub(crate) fn gateway_manifest<S: Service>(handler: &Handler<S>) -> Result<()> {
    let tools = handler.tools().iter().map(|tool| {
        let schema = Value::Object(tool.input_schema.as_ref().clone());
        gateway_tool(&tool.name, tool.description.as_deref().unwrap_or_default(), &schema)
    });
    print(&serde_json::to_string_pretty(&Value::Array(tools.collect()))?)
}

/// The policy that the enabled tools need on the allowed resources, and nothing more.
pub(crate) fn least_policy<S: Service>(engine: &Engine<S>, partition: &str) -> Policy {
    let needs = engine.needed().flat_map(|spec| spec.declared().map(NeedEntry::from).collect::<Vec<_>>());
    // What cannot be read has stopped the start.
    let named = engine.operation_needs().unwrap_or_default();
    Policy::least(
        needs.chain(named),
        &engine.settings().allow_arns,
        Environment { partition, region: "*", account: "*" },
    )
}

/// Prints the policy.
///
/// # Errors
/// When stdout is closed.
pub(crate) fn iam_policy<S: Service>(
    engine: &Engine<S>,
    partition: &str,
    from_audit: Option<&Path>,
) -> Result<()> {
    let policy = match from_audit {
        Some(file) => audited_policy(file, partition)?,
        None => least_policy(engine, partition),
    };
    print(&serde_json::to_string_pretty(&policy)?)
}

/// The policy of the calls in an audit log that did what they were called for.
fn audited_policy(file: &Path, partition: &str) -> Result<Policy> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut needs = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Value = serde_json::from_str(line)
            .with_context(|| format!("line {} of {} is no audit line", number + 1, file.display()))?;
        if line.get("outcome").and_then(Value::as_str) != Some("ok") {
            continue;
        }
        for need in line.get("needs").and_then(Value::as_array).into_iter().flatten() {
            let part = |at: usize| need.get(at).and_then(Value::as_str).map(str::to_owned);
            if let (Some(action), Some(arn)) = (part(0), part(1)) {
                needs.push(NeedEntry { action, arn, when: None });
            }
        }
    }
    Ok(Policy::least(needs, &[], Environment { partition, region: "*", account: "*" }))
}

/// Prints who calls, with which credentials, whether the clock is right, and what the tools lack. Answers whether
/// all is well.
///
/// # Errors
/// When stdout is closed.
pub(crate) async fn doctor<S: Service>(engine: &Engine<S>) -> Result<bool> {
    let session = engine.session();
    let target = match session.target(None, None).await {
        Ok(target) => target,
        Err(error) => {
            print(&format!("region       missing: {error}"))?;
            return Ok(false);
        }
    };
    print(&format!("region       {}", target.region))?;
    if let Some(endpoint) = &target.endpoint {
        print(&format!("endpoint     {endpoint}"))?;
    }
    match session.credentials(&target).await {
        Ok(found) => {
            let expires =
                found.expires.map_or_else(|| "do not expire".to_owned(), |at| format!("expire {at}"));
            print(&format!("credentials  {}, key ending {}, {expires}", found.source, found.access_key_end))?;
        }
        Err(error) => {
            print(&format!("credentials  {error}"))?;
            return Ok(false);
        }
    }
    let checked = match session.check(&target).await {
        Ok(checked) => checked,
        Err(error) => {
            print(&format!("identity     {error}"))?;
            return Ok(false);
        }
    };
    print(&format!("identity     {} in account {}", checked.identity.arn, checked.identity.account))?;
    let mut well = true;
    let skew = checked.clock_skew.unwrap_or(0);
    if skew.abs() > 60 {
        well = false;
        let side = if skew < 0 { "ahead of" } else { "behind" };
        print(&format!(
            "clock        {} s {side} AWS's; requests fail from 300 s on: synchronise it (NTP)",
            skew.abs()
        ))?;
    } else {
        print("clock        right")?;
    }
    well &= permissions(engine, &target, &checked.identity).await?;
    Ok(well)
}

/// Which declared actions the caller's policies do not allow, as IAM's simulator sees it.
async fn permissions<S: Service>(
    engine: &Engine<S>,
    target: &awsmcp_mcp::Target,
    identity: &awsmcp_sdk::Identity,
) -> Result<bool> {
    let partition = awsmcp_sdk::partition(&target.region);
    let policy = least_policy(engine, partition);
    let pairs = policy.statement.iter().flat_map(|statement| {
        statement.action.iter().flat_map(|action| {
            statement.resource.iter().map(move |resource| (action.clone(), resource.clone()))
        })
    });
    let missing = match engine.session().missing(target, identity, pairs.collect()).await {
        Ok(missing) => missing,
        Err(error) => {
            print(&format!("permissions  not known: {error}"))?;
            return Ok(true);
        }
    };
    if missing.is_empty() {
        print("permissions  every enabled tool has what it declares")?;
        return Ok(true);
    }
    let (always, sometimes) = lacking(engine, &missing);
    print(match always.is_empty() {
        false => "permissions  missing:",
        true => "permissions  every enabled tool has what it always needs; some arguments need more:",
    })?;
    for line in always.iter().chain(&sometimes) {
        print(&format!("  {line}"))?;
    }
    Ok(always.is_empty())
}

/// A line for each tool that lacks actions: what it needs for every call, and what only some arguments need.
fn lacking<S: Service>(engine: &Engine<S>, missing: &[String]) -> (Vec<String>, Vec<String>) {
    let (mut always, mut sometimes) = (Vec::new(), Vec::new());
    for spec in engine.tools() {
        let mut lacks: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
        for need in spec.declared().filter(|need| missing.iter().any(|action| action == need.action)) {
            lacks.entry(need.when).or_default().push(need.action);
        }
        for (when, actions) in lacks {
            let actions = actions.join(", ");
            match when {
                None => always.push(format!("{}: {actions}", spec.name)),
                Some(when) => sometimes.push(format!("{} with {when}: {actions}", spec.name)),
            }
        }
    }
    (always, sometimes)
}

/// The tools whose risk is not `read`, for the line that says what a server may do.
pub(crate) fn risks<S: Service>(engine: &Engine<S>) -> Vec<Risk> {
    let mut risks: Vec<Risk> = engine.tools().map(|spec| spec.risk).collect();
    risks.sort();
    risks.dedup();
    risks
}
