//! What calls leave behind when the network, or what stands in AWS's place, misbehaves.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;

use super::*;
use crate::testing::{Server, Then, assumed, ok, raw, refusal, sts};
use crate::{Kind, Session, SessionConfig};

const READ: Duration = Duration::from_millis(300);

async fn client(url: &str, attempts: u32, tap: &Tap) -> aws_sdk_sts::Client {
    client_of(SessionConfig { read_timeout: Some(READ), ..SessionConfig::default() }, url, attempts, tap)
        .await
}

async fn client_of(config: SessionConfig, url: &str, attempts: u32, tap: &Tap) -> aws_sdk_sts::Client {
    let config =
        SessionConfig { region: Some("eu-west-1".to_owned()), max_attempts: Some(attempts), ..config };
    let keys = Credentials::new("KEY", "s", None, None, "test");
    let session = Session::new(config).with_credentials(keys);
    let mut target = session.target(None, None).await.unwrap();
    target.endpoint = Some(url.to_owned());
    let sdk = session.sdk_config(&target).await.unwrap();
    aws_sdk_sts::Client::from_conf(aws_sdk_sts::config::Builder::from(&sdk).interceptor(tap.clone()).build())
}

/// A tap with a retry quota and a sending rate of its own.
fn under(rules: Rules) -> Tap {
    static TAPS: AtomicU32 = AtomicU32::new(0);
    let account = Some(format!("tap {}", TAPS.fetch_add(1, Ordering::Relaxed)));
    Tap(Arc::new(Inner { rules, account, made: Mutex::default() }))
}

fn open() -> Tap {
    under(Rules::new(|_, _| Ok(())))
}

/// An operation that is not repeatable.
fn change(client: &aws_sdk_sts::Client) -> AssumeRoleFluentBuilder {
    client.assume_role().role_arn("arn:aws:iam::123456789012:role/r").role_session_name("s")
}

fn changed() -> Vec<u8> {
    raw(&ok(assumed("ROLE", 3_600)))
}

fn refused(status: u16, code: &str) -> Vec<u8> {
    raw(&refusal(status, code, "No."))
}

fn page(status: u16) -> Vec<u8> {
    let page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Welcome</body></html>";
    let answer = http::Response::builder().status(status).header("content-type", "text/html");
    raw(&answer.body(page.to_owned()).unwrap())
}

fn cut(mut answer: Vec<u8>) -> Vec<u8> {
    answer.truncate(answer.len() - 40);
    answer
}

/// `left, head, whole, understood` of the only attempt, and the state.
fn facts(tap: &Tap) -> ([bool; 4], State) {
    let made = tap.made().remove(0);
    let [attempt] = made.tries[..] else { panic!("{made:?}") };
    ([attempt.left, attempt.head, attempt.whole, attempt.understood], made.state())
}

#[tokio::test]
async fn every_end_of_an_attempt_is_told_apart() {
    let (done, not_done, lost) = (State::Answered { ok: true }, State::Answered { ok: false }, State::Lost);
    let (answered, foreign, broken, silent) = (
        [true, true, true, true],
        [true, true, true, false],
        [true, true, false, false],
        [true, false, false, false],
    );
    for (then, wanted) in [
        (Then::Write(changed()), (answered, done)),
        (Then::Write(refused(400, "ValidationError")), (answered, not_done)),
        (Then::Write(refused(403, "AccessDenied")), (answered, not_done)),
        (Then::Write(refused(503, "Throttling")), (answered, not_done)),
        (Then::Write(refused(500, "InternalFailure")), (answered, lost)),
        (Then::Write(refused(503, "ServiceUnavailable")), (answered, lost)),
        (Then::Write(page(502)), (foreign, lost)),
        (Then::Write(page(403)), (foreign, lost)),
        (Then::Write(page(200)), (foreign, lost)),
        (Then::Write(raw(&ok("<AssumeRole".to_owned()))), (foreign, lost)),
        (Then::Write(raw(&ok("upstream".to_owned()))), (foreign, lost)),
        (Then::Part(cut(changed())), (broken, lost)),
        (Then::Stall(cut(changed())), (broken, lost)),
        (Then::Part(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()), (silent, lost)),
        (Then::Part(b"220 smtp.example.com ESMTP\r\n".to_vec()), (silent, lost)),
        (Then::Stall(Vec::new()), (silent, lost)),
        (Then::Close, (silent, lost)),
        (Then::Reset, (silent, lost)),
    ] {
        let (server, tap) = (Server::always(then.clone()).await, open());
        let worked = change(&client(&server.url, 1, &tap).await).send().await.is_ok();
        assert_eq!(worked, wanted.1 == done, "{then:?}");
        assert_eq!(facts(&tap), wanted, "{then:?}");
        assert_eq!(tap.lost().count(), usize::from(wanted.1 == lost), "{then:?}");
    }
}

#[tokio::test]
async fn what_found_no_connection_was_not_sent() {
    let deaf = Server::always(Then::Stall(Vec::new())).await;
    let closed = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for url in [
        closed,
        "http://nowhere.invalid".to_owned(),
        // It answers no handshake: the connection never comes about.
        deaf.url.replace("http://", "https://"),
    ] {
        let tap = open();
        change(&client(&url, 1, &tap).await).send().await.unwrap_err();
        assert_eq!(facts(&tap), ([false; 4], State::NotSent), "{url}");
        assert_eq!(tap.lost().count(), 0, "{url}");
    }
}

#[tokio::test]
async fn a_dropped_call_is_lost_once_its_request_left() {
    let server = Server::always(Then::Stall(Vec::new())).await;
    for (url, wanted) in
        [(server.url.clone(), State::Lost), (server.url.replace("http://", "https://"), State::NotSent)]
    {
        let tap = open();
        let client = client_of(SessionConfig::default(), &url, 1, &tap).await;
        let arrived = async {
            // A connection that does not come about has no moment to wait for.
            while wanted == State::Lost && server.requests() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(READ / 3).await;
        };
        tokio::select! {
            answer = change(&client).send() => panic!("{answer:?}"),
            () = arrived => {}
        }
        assert_eq!(facts(&tap).1, wanted, "{url}");
        let made = tap.made().remove(0);
        assert_eq!((made.attempts, made.failed), (1, false), "{url}");
    }
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn what_is_not_repeatable_is_sent_again_only_if_it_was_certainly_not_done() {
    for (then, wanted) in [
        (Then::Write(refused(400, "Throttling")), 3),
        (Then::Write(refused(503, "Throttling")), 3),
        (Then::Write(refused(500, "InsufficientInstanceCapacity")), 3),
        (Then::Write(refused(500, "InternalFailure")), 1),
        (Then::Write(page(502)), 1),
        (Then::Part(cut(changed())), 1),
        (Then::Stall(Vec::new()), 1),
        (Then::Close, 1),
        (Then::Reset, 1),
    ] {
        let (server, tap) = (Server::always(then.clone()).await, open());
        change(&client(&server.url, 3, &tap).await).send().await.unwrap_err();
        assert_eq!(server.requests(), wanted, "{then:?}");
    }
    let tap = open();
    change(&client("http://nowhere.invalid", 3, &tap).await).send().await.unwrap_err();
    assert_eq!(tap.attempts(), 3);
}

#[tokio::test]
async fn what_is_repeatable_is_sent_again() {
    for then in [Then::Write(refused(500, "InternalFailure")), Then::Close, Then::Reset] {
        let (server, tap) = (Server::always(then.clone()).await, open());
        client(&server.url, 3, &tap).await.get_caller_identity().send().await.unwrap_err();
        assert_eq!(server.requests(), 3, "{then:?}");

        let rules = Rules::new(|_, _| Ok(())).repeatable(|_, operation| operation == "AssumeRole");
        let (server, tap) = (Server::always(then.clone()).await, under(rules));
        change(&client(&server.url, 3, &tap).await).send().await.unwrap_err();
        assert_eq!(server.requests(), 3, "{then:?}");
        assert!(tap.made()[0].repeatable);
    }
}

#[tokio::test]
async fn a_throttle_does_not_open_the_way_for_a_blind_retry() {
    let server = Server::start(|number| match number {
        0 => Then::Write(refused(400, "Throttling")),
        _ => Then::Close,
    })
    .await;
    let tap = open();
    change(&client(&server.url, 5, &tap).await).send().await.unwrap_err();
    assert_eq!(server.requests(), 2);
    let made = tap.made().remove(0);
    let states: Vec<State> = made.tries.iter().map(|attempt| attempt.state).collect();
    assert_eq!(states, [State::Answered { ok: false }, State::Lost]);
    assert_eq!(made.state(), State::Lost);
}

#[tokio::test]
async fn an_error_after_a_lost_attempt_does_not_say_what_became_of_it() {
    let server = Server::start(|number| match number {
        0 => Then::Close,
        _ => Then::Write(refused(409, "EntityAlreadyExists")),
    })
    .await;
    let tap = open();
    client(&server.url, 3, &tap).await.get_caller_identity().send().await.unwrap_err();
    assert_eq!(tap.made()[0].state(), State::Lost);
    assert_eq!(tap.made()[0].tries[1].state, State::Answered { ok: false });
    assert!(tap.made()[0].refused_after_loss());

    let server = Server::start(|number| match number {
        0 => Then::Close,
        _ => Then::Write(raw(&sts(&crate::testing::nobody()))),
    })
    .await;
    let tap = open();
    client(&server.url, 3, &tap).await.get_caller_identity().send().await.unwrap();
    assert_eq!(tap.made()[0].state(), State::Answered { ok: true });
    assert!(!tap.made()[0].refused_after_loss());
}

#[tokio::test]
async fn the_error_says_that_the_outcome_is_not_known() {
    let (server, tap) = (Server::always(Then::Close).await, open());
    let client = client(&server.url, 3, &tap).await;
    let error = Error::from(change(&client).send().await.unwrap_err()).noted(&tap);
    assert_eq!((error.kind, error.state), (Kind::Network, Some(State::Lost)));
    assert_eq!(
        error.next.as_deref(),
        Some("It is not known whether AssumeRole was done: see what is there before calling again.")
    );
    let read = Error::from(client.get_caller_identity().send().await.unwrap_err()).noted(&tap);
    assert_eq!(read.next.as_deref(), Some("Call again."));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_and_the_error_says_so() {
    let (server, tap) = (Server::always(Then::Stall(Vec::new())).await, open());
    let error = Error::from(change(&client(&server.url, 1, &tap).await).send().await.unwrap_err());
    assert_eq!(error.kind, Kind::Timeout);
    assert_eq!(
        error.message,
        "AWS did not answer in time: nothing came for 0.3 s after the request was sent"
    );

    let (server, tap) = (Server::always(Then::Stall(cut(changed()))).await, open());
    let error = Error::from(change(&client(&server.url, 1, &tap).await).send().await.unwrap_err());
    assert_eq!(error.kind, Kind::Timeout);
    assert_eq!(error.message, "AWS's answer stopped in the middle: nothing came for 0.3 s");
}

#[tokio::test]
async fn an_attempt_that_drags_on_ends() {
    let server = Server::always(Then::Drip(Duration::from_millis(2), changed())).await;
    for (config, wanted) in [
        (SessionConfig { attempt_timeout: Some(READ), ..SessionConfig::default() }, State::Lost),
        // Something moves all the time, so silence does not end it.
        (
            SessionConfig { read_timeout: Some(READ), ..SessionConfig::default() },
            State::Answered { ok: true },
        ),
    ] {
        let tap = open();
        let client = client_of(config, &server.url, 1, &tap).await;
        let answer = change(&client).send().await;
        assert_eq!(tap.made()[0].state(), wanted, "{answer:?}");
    }
}

#[test]
fn three_silent_attempts_end_before_an_ordinary_call() {
    assert!(SessionConfig::READ_TIMEOUT * 3 < Duration::from_secs(60));
}

#[tokio::test]
async fn patience_is_given_to_an_operation_and_to_no_other() {
    let server = Server::always(Then::Late(READ * 2, changed())).await;
    let rules = Rules::new(|_, _| Ok(()))
        .patience(|_, operation| (operation == "AssumeRole").then_some(Duration::from_secs(20)));
    let tap = under(rules);
    let client = client(&server.url, 1, &tap).await;
    change(&client).send().await.unwrap();
    let error = Error::from(client.get_caller_identity().send().await.unwrap_err());
    assert_eq!(error.kind, Kind::Timeout);
}

#[tokio::test]
async fn an_answer_that_is_not_the_services_is_no_success() {
    let (server, tap) = (Server::always(Then::Write(page(200))).await, open());
    let error = Error::from(change(&client(&server.url, 3, &tap).await).send().await.unwrap_err());
    assert_eq!((error.kind, error.operation.as_deref()), (Kind::Network, Some("AssumeRole")));
    assert_eq!(
        error.message,
        "The answer to AssumeRole is not AWS's (a proxy or a captive portal?): a web page where XML was due"
    );
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn what_an_answer_always_has_is_required() {
    for (required, missing) in [
        (&["AssumeRoleResult.Credentials.AccessKeyId", "header:x-amzn-requestid"][..], None),
        (&["AssumeRoleResult.Nonsense"], Some("it has no AssumeRoleResult.Nonsense")),
        (&["header:etag"], Some("it has no etag")),
    ] {
        let server = Server::always(Then::Write(changed())).await;
        let rules = Rules::new(|_, _| Ok(())).required(move |_, _| required);
        let tap = under(rules);
        let answer = change(&client(&server.url, 1, &tap).await).send().await;
        match missing {
            None => assert!(answer.is_ok(), "{required:?}"),
            Some(missing) => {
                let error = Error::from(answer.unwrap_err());
                assert!(error.message.ends_with(missing), "{error}");
                assert_eq!(facts(&tap), ([true, true, true, false], State::Lost), "{required:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_request_that_names_what_it_may_not_is_not_sent() {
    let server = Server::always(Then::Write(changed())).await;
    let rules = Rules::new(|_, _| Ok(())).look(|view| match view.texts("RoleArn").as_slice() {
        [role] if role.ends_with(":role/r") => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let tap = under(rules);
    let client = client(&server.url, 3, &tap).await;
    change(&client).send().await.unwrap();
    let error = Error::from(change(&client).role_arn("arn:aws:iam::1:role/other").send().await.unwrap_err());
    assert_eq!((error.kind, error.operation.as_deref()), (Kind::Internal, Some("AssumeRole")));
    assert_eq!(
        error.message,
        "AssumeRole was not sent: its request names something outside what this call may touch: \
         [\"arn:aws:iam::1:role/other\"]"
    );
    assert_eq!(server.requests(), 1);
    assert_eq!((tap.made()[1].state(), tap.made()[1].attempts), (State::NotSent, 0));
}
