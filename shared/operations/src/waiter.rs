//! Waiting until AWS says that something is so, by the service's own waiters.

use std::time::Duration;

use awsmcp_api::Model;
use awsmcp_mcp::{Error, Result, select};
use serde_json::{Map, Value};

/// What to wait for.
#[derive(Debug)]
pub(crate) struct Waiter<'m> {
    pub(crate) name: &'m str,
    acceptors: &'m [Value],
    delay: u64,
    tries: u64,
}

/// What an answer means for who waits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Reached,
    NotYet,
    /// It cannot be reached any more.
    Failed,
}

impl<'m> Waiter<'m> {
    /// # Errors
    /// When the operation has no such waiter; it names those that it has.
    pub(crate) fn find(model: &'m Model, operation: &str, name: &str) -> Result<Waiter<'m>> {
        let own: Vec<&str> = crate::describe::waits(model, operation).collect();
        let found = own.contains(&name).then(|| model.waiters.get_key_value(name)).flatten();
        let Some((name, waiter)) = found else {
            let error = Error::invalid(format!("`wait` {name:?} is none of {operation}"));
            return Err(error.with_next(match own.as_slice() {
                [] => "it has none: leave `wait` out".to_owned(),
                own => format!("it has {}", own.join(", ")),
            }));
        };
        let number = |key: &str| waiter.get(key).and_then(Value::as_u64);
        Ok(Waiter {
            name,
            acceptors: waiter.get("acceptors").and_then(Value::as_array).map_or(&[], Vec::as_slice),
            delay: number("delay").unwrap_or(15).max(1),
            tries: number("maxAttempts").unwrap_or(40).max(1),
        })
    }

    /// The longest that it takes, in minutes.
    pub(crate) fn minutes(&self) -> u64 {
        (self.delay * self.tries).div_ceil(60) + 1
    }

    pub(crate) fn tries(&self) -> u64 {
        self.tries
    }

    pub(crate) fn delay(&self) -> Duration {
        Duration::from_secs(self.delay)
    }

    /// What an answer, or a refusal, means; the first acceptor that fits decides.
    ///
    /// # Errors
    /// The refusal, where none fits.
    pub(crate) fn judge(&self, answer: &Result<Map<String, Value>>) -> Result<Seen> {
        for acceptor in self.acceptors {
            if fits(acceptor, answer)? {
                return Ok(match acceptor.get("state").and_then(Value::as_str) {
                    Some("success") => Seen::Reached,
                    Some("failure") => Seen::Failed,
                    _ => Seen::NotYet,
                });
            }
        }
        match answer {
            Ok(_) => Ok(Seen::NotYet),
            Err(error) => Err(error.clone()),
        }
    }
}

fn fits(acceptor: &Value, answer: &Result<Map<String, Value>>) -> Result<bool> {
    let expected = acceptor.get("expected").unwrap_or(&Value::Null);
    let at = |answer: &Map<String, Value>| {
        let place = acceptor.get("argument").and_then(Value::as_str).unwrap_or_default();
        select(place, &Value::Object(answer.clone()))
    };
    let all = |found: &Value| found.as_array().cloned().unwrap_or_default();
    Ok(match (acceptor.get("matcher").and_then(Value::as_str), answer) {
        (Some("path"), Ok(answer)) => at(answer)? == *expected,
        (Some("pathAll"), Ok(answer)) => {
            let found = all(&at(answer)?);
            !found.is_empty() && found.iter().all(|it| it == expected)
        }
        (Some("pathAny"), Ok(answer)) => all(&at(answer)?).iter().any(|it| it == expected),
        (Some("status"), Ok(_)) => *expected == 200,
        (Some("status"), Err(error)) => {
            error.status.is_some_and(|status| expected.as_u64() == Some(u64::from(status)))
        }
        (Some("error"), Err(error)) => match expected {
            Value::Bool(wanted) => *wanted,
            Value::String(code) => error.code.as_deref() == Some(code.as_str()),
            _ => false,
        },
        (Some("error"), Ok(_)) => *expected == false,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use awsmcp_api::EC2;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_instance_runs_when_all_of_them_do() {
        let model = EC2.model().unwrap();
        let waiter = Waiter::find(&model, "DescribeInstances", "instance-running").unwrap();
        let of = |states: &[&str]| {
            let instances: Vec<Value> = states.iter().map(|it| json!({"State": {"Name": it}})).collect();
            let answer = json!({"Reservations": [{"Instances": instances}]});
            waiter.judge(&Ok(answer.as_object().unwrap().clone())).unwrap()
        };
        assert_eq!(of(&["running", "running"]), Seen::Reached);
        assert_eq!(of(&["running", "pending"]), Seen::NotYet);
        assert_eq!(of(&["running", "terminated"]), Seen::Failed);
        assert_eq!(of(&[]), Seen::NotYet);
        let mut gone = Error::not_found("no such instance");
        gone.code = Some("InvalidInstanceID.NotFound".to_owned());
        assert_eq!(waiter.judge(&Err(gone)).unwrap(), Seen::NotYet);
        assert!(waiter.judge(&Err(Error::internal("x"))).is_err());
        let other = Waiter::find(&model, "DescribeInstances", "volume-deleted").unwrap_err();
        assert!(other.next.as_deref().unwrap().contains("instance-running"), "{other}");
    }
}
