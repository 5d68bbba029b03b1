use awsmcp_mcp::{Body, Call, Error, Part, Result, Spec, Tool};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Ec2, arns, instances::find, names::Instance, times::rfc3339};

/// Reads the end of an instance's console: how its system starts, panics and cloud-init. AWS keeps 64 KB of it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsoleOutput {
    /// Id, ARN or name.
    instance: Instance,
    /// Default 100.
    #[schemars(range(min = 1, max = 5000))]
    lines: Option<usize>,
    /// As of now, not of the last start; Nitro only.
    #[serde(default)]
    latest: bool,
}

impl Tool for ConsoleOutput {
    type Service = Ec2;
    type Output = Body;
    const SPEC: Spec = Spec::read("console_output", "Console output")
        .on("*", &["ec2:DescribeInstances"])
        .on(arns::INSTANCE, &["ec2:GetConsoleOutput"])
        .names_no_resource();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let id = find(cx, &self.instance).await?.instance_id.unwrap_or_default();
        let request = cx.client().ec2.get_console_output().instance_id(&id);
        let out = request.set_latest(self.latest.then_some(true)).send().await?;
        let bytes = BASE64_STANDARD
            .decode(out.output.unwrap_or_default().trim())
            .map_err(|error| Error::internal(format!("the console's output is not Base64: {error}")))?;
        let text = String::from_utf8_lossy(&bytes);
        let at = out.timestamp.as_ref().and_then(rfc3339).unwrap_or_default();
        if text.trim().is_empty() {
            let next = if self.latest { "" } else { "; a running Nitro instance shows more with `latest`" };
            return Ok(Body {
                label: format!("console of {id}: nothing yet, AWS posts it minutes after a start{next}"),
                ..Body::default()
            });
        }
        let lines: Vec<&str> = text.lines().collect();
        let (shown, count) = tail(&lines, self.lines.unwrap_or(100), cx.budget());
        let rest =
            (count < lines.len()).then(|| "give `lines` for more, and max_chars if they are long".to_owned());
        Ok(Body {
            label: format!("console of {id}, {at}, the last {count} of {} lines", lines.len()),
            parts: vec![Part::Text(shown)],
            rest,
            uri: None,
        })
    }
}

/// The last lines, as many as are wanted and fit, and how many that is.
fn tail(lines: &[&str], most: usize, budget: usize) -> (String, usize) {
    // What the marks around a body take.
    let mut room = budget.saturating_sub(400).max(200);
    let mut count = 0;
    for line in lines.iter().rev().take(most) {
        let size = line.chars().count() + 1;
        if size > room {
            break;
        }
        room -= size;
        count += 1;
    }
    (lines.get(lines.len() - count..).unwrap_or_default().join("\n"), count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept_whole_line_by_line() {
        let lines = ["first", "second", "third"];
        assert_eq!(tail(&lines, 2, 4000), ("second\nthird".to_owned(), 2));
        assert_eq!(tail(&lines, 9, 4000).1, 3);
        let long = "x".repeat(500);
        assert_eq!(tail(&[long.as_str(), "end"], 9, 0), ("end".to_owned(), 1));
    }
}
