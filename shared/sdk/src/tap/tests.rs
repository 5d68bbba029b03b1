mod lost;

use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};

use super::*;
use crate::testing::{Log, refusal, sts, wire};
use crate::{Kind, SharedHttpClient};

fn client(http: SharedHttpClient, tap: &Tap) -> aws_sdk_sts::Client {
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("KEY", "s", None, None, "test"))
        .retry_config(RetryConfig::standard().with_initial_backoff(std::time::Duration::from_millis(1)))
        .http_client(http)
        .interceptor(tap.clone())
        .build();
    aws_sdk_sts::Client::from_conf(config)
}

fn count(log: &Log) -> usize {
    log.lock().unwrap().len()
}

#[tokio::test]
async fn an_undeclared_operation_is_refused_before_any_request() {
    let tap = Tap::new(|service, operation| match (service, operation) {
        ("STS", "GetCallerIdentity") => Ok(()),
        _ => Err(format!("{service}:{operation} is not declared by this tool")),
    });
    let (http, log) = wire(sts);
    let client = client(http, &tap);
    client.get_caller_identity().send().await.unwrap();
    let error: Error = client.get_session_token().send().await.unwrap_err().into();
    assert_eq!(error.kind, Kind::Refused);
    assert_eq!(error.message, "STS:GetSessionToken is not declared by this tool");
    assert_eq!(error.operation.as_deref(), Some("GetSessionToken"));
    assert_eq!(count(&log), 1);
    let made = tap.made();
    assert_eq!(made.len(), 1);
    assert_eq!((made[0].service.as_str(), made[0].operation.as_str()), ("STS", "GetCallerIdentity"));
}

#[tokio::test]
async fn attempts_throttles_and_the_clock_are_noted() {
    let sent = AtomicU32::new(0);
    let (http, _) = wire(move |seen| {
        let mut answer = match sent.fetch_add(1, Ordering::SeqCst) {
            0 => refusal(400, "Throttling", "Rate exceeded"),
            _ => sts(seen),
        };
        let date = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(120);
        let date = DateTime::from_secs(date.as_second()).fmt(Format::HttpDate).unwrap();
        answer.headers_mut().insert("date", date.parse().unwrap());
        answer
    });
    let tap = Tap::open();
    client(http, &tap).get_caller_identity().send().await.unwrap();
    let made = tap.made().remove(0);
    assert_eq!((made.attempts, made.throttled, made.failed, made.status), (2, 1, false, Some(200)));
    assert_eq!(made.request_id.as_deref(), Some("r-1"));
    assert_eq!(made.host.as_deref(), Some("sts.eu-west-1.amazonaws.com"));
    assert!((-122..=-119).contains(&made.clock_skew.unwrap()), "{made:?}");
    assert_eq!((tap.attempts(), tap.throttled()), (2, 1));
}

#[tokio::test]
async fn one_account_that_is_throttled_does_not_slow_another() {
    let (http, _) = wire(|_| refusal(400, "Throttling", "Rate exceeded"));
    let attempts = async |profile: &str| {
        let target = Target {
            profile: Some(profile.into()),
            role: None,
            principal: None,
            region: "eu-west-1".into(),
            endpoint: None,
        };
        let tap = Tap::with_rules(&target, Rules::new(|_, _| Ok(())));
        client(http.clone(), &tap).get_caller_identity().send().await.unwrap_err();
        tap.attempts()
    };
    // A quota for retries bounds what a client sends to a service that is overloaded.
    let mut calls = 0;
    while attempts("busy").await == 3 {
        calls += 1;
        assert!(calls < 1000, "the quota never ends");
    }
    assert!(attempts("busy").await < 3);
    assert_eq!(attempts("idle").await, 3);
}

#[tokio::test]
async fn an_error_says_how_often_it_was_tried() {
    let (http, _) = wire(|_| refusal(400, "Throttling", "Rate exceeded"));
    let tap = Tap::open();
    let error: Error = client(http, &tap).get_caller_identity().send().await.unwrap_err().into();
    let error = error.noted(&tap);
    assert_eq!(error.kind, Kind::Throttled);
    assert_eq!(error.message, "Rate exceeded (after 3 attempts)");
    assert_eq!((error.attempts, error.operation.as_deref()), (Some(3), Some("GetCallerIdentity")));
    assert_eq!(error.clone().noted(&tap).message, error.message);
    assert_eq!(Error::invalid("mine").noted(&tap), Error::invalid("mine"));
}

#[tokio::test]
async fn a_skewed_clock_is_measured() {
    let (http, _) = wire(|_| {
        let date = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(3_600);
        let date = DateTime::from_secs(date.as_second()).fmt(Format::HttpDate).unwrap();
        let mut answer = refusal(403, "RequestTimeTooSkewed", "The difference is too large.");
        answer.headers_mut().insert("date", date.parse().unwrap());
        answer
    });
    let tap = Tap::open();
    let error: Error = client(http, &tap).get_caller_identity().send().await.unwrap_err().into();
    let error = error.noted(&tap);
    assert_eq!(error.kind, Kind::ClockSkew);
    assert!(error.message.starts_with("The difference is too large (the local clock is 3"), "{error}");
    assert!(error.message.ends_with("s behind AWS's)"), "{error}");
    assert_eq!(error.clone().noted(&tap), error);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn operations_at_the_same_time_stay_apart() {
    let sent = AtomicU32::new(0);
    let (http, _) = wire(move |seen| {
        // Each third answer is a throttle, so attempts of different operations interleave.
        match sent.fetch_add(1, Ordering::SeqCst) % 3 {
            2 => refusal(400, "Throttling", "Rate exceeded"),
            _ => sts(seen),
        }
    });
    let tap = Tap::open();
    let client = client(http, &tap);
    let calls = (0..40).map(|_| {
        tokio::spawn({
            let client = client.clone();
            async move { client.get_caller_identity().send().await.is_ok() }
        })
    });
    let worked =
        futures::future::join_all(calls).await.into_iter().filter(|call| *call.as_ref().unwrap()).count();
    let made = tap.made();
    assert_eq!(made.len(), 40);
    assert_eq!(made.iter().filter(|made| !made.failed).count(), worked);
    for made in made {
        // An operation that worked was sent once more than it was throttled; one that did not, as often.
        assert_eq!(made.attempts, made.throttled + u32::from(!made.failed), "{made:?}");
    }
}
