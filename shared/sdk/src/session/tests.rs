use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use proptest::prelude::*;
use tempfile::TempDir;

use super::source::MOST_CALLERS;
use super::*;
use crate::Role;
use crate::testing::{Log, Seen, assumed, ok, refusal, sts, wire};

/// The profile files as text, for the one provider of the SDK that takes no other environment.
pub(super) async fn contents(env: &Env, fs: &Fs) -> EnvConfigFiles {
    let mut files = EnvConfigFiles::builder();
    for (variable, kind) in [
        ("AWS_CONFIG_FILE", EnvConfigFileKind::Config),
        ("AWS_SHARED_CREDENTIALS_FILE", EnvConfigFileKind::Credentials),
    ] {
        let text = fs.read_to_end(env.get(variable).unwrap_or_default()).await.unwrap_or_default();
        files = files.with_contents(kind, String::from_utf8(text).unwrap());
    }
    files.build()
}

/// A machine of its own: a home with AWS files, an environment, and AWS behind a wire.
struct Machine {
    home: TempDir,
    variables: BTreeMap<String, String>,
}

impl Machine {
    fn new(config: &str) -> Machine {
        let home = tempfile::tempdir().unwrap();
        let machine = Machine { home, variables: BTreeMap::new() };
        machine.write("config", config);
        machine.write("credentials", "");
        let path = |name: &str| machine.path().join(name).to_str().unwrap().to_owned();
        let (config, credentials, home) = (path("config"), path("credentials"), path(""));
        machine
            .with("AWS_CONFIG_FILE", &config)
            .with("AWS_SHARED_CREDENTIALS_FILE", &credentials)
            .with("HOME", &home)
    }

    fn with(mut self, name: &str, value: &str) -> Machine {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn path(&self) -> &Path {
        self.home.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn session(&self, config: SessionConfig, http: SharedHttpClient) -> Session {
        let variables: Vec<(&str, &str)> =
            self.variables.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        Session {
            env: Env::from_slice(&variables),
            fs: Fs::real(),
            ..Session::with_http_client(config, http)
        }
    }
}

fn keys(profile: &str, key: &str) -> String {
    format!("[profile {profile}]\naws_access_key_id = {key}\naws_secret_access_key = s\n")
}

fn in_region(region: &str) -> SessionConfig {
    SessionConfig { region: Some(region.to_owned()), ..SessionConfig::default() }
}

fn any_profile(region: &str) -> SessionConfig {
    SessionConfig {
        allow_profiles: vec!["*".to_owned()],
        allow_regions: vec!["*".to_owned()],
        ..in_region(region)
    }
}

async fn caller(session: &Session, target: &Target) -> Result<String, Error> {
    let sdk = session.sdk_config(target).await?;
    Ok(aws_sdk_sts::Client::new(&sdk).get_caller_identity().send().await?.arn.unwrap())
}

fn seen(log: &Log) -> Vec<Seen> {
    log.lock().unwrap().clone()
}

// ---- whose keys, for which region ----

/// One call of a sequence: which profile, region and endpoint, and whether the profile is forgotten before.
#[derive(Clone, Debug)]
struct Step {
    profile: Option<usize>,
    region: usize,
    endpoint: usize,
    forget: bool,
}

const PROFILES: [&str; 4] = ["a", "b", "c", "d"];
const REGIONS: [&str; 4] = ["eu-west-1", "us-east-1", "ap-south-2", "cn-north-1"];
const ENDPOINTS: [Option<&str>; 3] = [None, Some("http://one.test:4566"), Some("http://two.test")];

fn step() -> impl Strategy<Value = Step> {
    (
        proptest::option::weighted(0.8, 0..PROFILES.len()),
        0..REGIONS.len(),
        0..ENDPOINTS.len(),
        proptest::bool::weighted(0.1),
    )
        .prop_map(|(profile, region, endpoint, forget)| Step { profile, region, endpoint, forget })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// However calls follow or overlap, each is signed with its own profile's key, for its own region, and goes to its
    /// own endpoint: with keys in the environment or without, with a role or without.
    #[test]
    fn a_call_is_signed_by_its_own_profile(
        rounds in proptest::collection::vec(proptest::collection::vec(step(), 1..8), 1..4),
        keys_in_environment: bool,
        with_role: bool,
        endpoint_in_environment: bool,
    ) {
        let mut config: String = PROFILES.iter().map(|name| keys(name, &format!("KEY{name}"))).collect();
        config.push_str("[default]\naws_access_key_id = KEYdefault\naws_secret_access_key = s\n");
        let mut machine = Machine::new(&config);
        let mut own = "KEYdefault";
        if keys_in_environment {
            machine = machine.with("AWS_ACCESS_KEY_ID", "KEYenvironment").with("AWS_SECRET_ACCESS_KEY", "s");
            own = "KEYenvironment";
        }
        if endpoint_in_environment {
            machine = machine.with("AWS_ENDPOINT_URL", "http://one.test:4566");
        }
        let role = with_role.then(|| Role { arn: "arn:aws:iam::1:role/r".to_owned(), ..Role::default() });
        let (http, _) = wire(sts);
        let session = Arc::new(machine.session(SessionConfig { role, ..any_profile("eu-west-1") }, http));

        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build().unwrap();
        let answers = runtime.block_on(async {
            let mut answers = Vec::new();
            for round in rounds {
                let calls = round.into_iter().map(|step| {
                    let session = Arc::clone(&session);
                    tokio::spawn(async move {
                        let profile = step.profile.map(|at| PROFILES[at]);
                        let mut target = session.target(profile, Some(REGIONS[step.region])).await.unwrap();
                        if !endpoint_in_environment || ENDPOINTS[step.endpoint].is_some() {
                            target.endpoint = ENDPOINTS[step.endpoint].map(str::to_owned);
                        }
                        if step.forget {
                            session.forget(&target);
                        }
                        let answer = caller(&session, &target).await.unwrap();
                        (profile, target, answer)
                    })
                });
                answers.extend(futures::future::join_all(calls).await);
            }
            answers
        });
        for answer in answers {
            let (profile, target, answer) = answer.unwrap();
            let key = profile.map_or_else(|| own.to_owned(), |profile| format!("KEY{profile}"));
            let key = if with_role { format!("ROLE{key}") } else { key };
            let host = match &target.endpoint {
                Some(endpoint) => endpoint.trim_start_matches("http://").to_owned(),
                None if target.region.starts_with("cn-") => format!("sts.{}.amazonaws.com.cn", target.region),
                None => format!("sts.{}.amazonaws.com", target.region),
            };
            prop_assert_eq!(answer, format!("{key}|{}|{host}", target.region));
        }
    }
}

#[tokio::test]
async fn a_fan_out_takes_on_the_role_once() {
    let machine = Machine::new(&keys("a", "KEYa"));
    let (http, log) = wire(sts);
    let role = Role { arn: "arn:aws:iam::1:role/r".to_owned(), ..Role::default() };
    let config =
        SessionConfig { profile: Some("a".to_owned()), role: Some(role), ..any_profile("eu-west-1") };
    let session = machine.session(config, http);
    let targets = session.targets(None, &["eu-*".to_owned()]).await.unwrap();
    assert!(targets.len() > 5);
    let answers = futures::future::join_all(targets.iter().map(|target| caller(&session, target))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let assumed: Vec<Seen> = seen(&log).into_iter().filter(|seen| seen.body.contains("AssumeRole")).collect();
    assert_eq!(assumed.len(), 1);
    assert_eq!(assumed[0].region, "eu-west-1");
    assert!(assumed[0].user_agent.contains("app/awsmcp"), "{}", assumed[0].user_agent);
}

#[tokio::test]
async fn a_role_is_taken_on_with_all_that_the_operator_said() {
    let machine = Machine::new(&keys("a", "KEYa"));
    let (http, log) = wire(sts);
    let role = Role {
        arn: "arn:aws:iam::123456789012:role/reader".to_owned(),
        external_id: Some("ext-1".to_owned()),
        session_name: Some("ana".to_owned()),
        tags: vec![("team".to_owned(), "data".to_owned())],
        source_identity: Some("ana@example.com".to_owned()),
        policy: Some(r#"{"Version":"2012-10-17"}"#.to_owned()),
    };
    let config = SessionConfig { profile: Some("a".to_owned()), role: Some(role), ..in_region("eu-west-1") };
    let session = machine.session(config, http);
    let target = session.target(None, None).await.unwrap();
    assert_eq!(target.role.as_deref(), Some("arn:aws:iam::123456789012:role/reader"));
    assert_eq!(caller(&session, &target).await.unwrap(), "ROLEKEYa|eu-west-1|sts.eu-west-1.amazonaws.com");
    let request = &seen(&log)[0];
    assert_eq!(request.access_key, "KEYa");
    for part in [
        "Action=AssumeRole&",
        "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Freader",
        "RoleSessionName=ana",
        "ExternalId=ext-1",
        "Tags.member.1.Key=team",
        "Tags.member.1.Value=data",
        "SourceIdentity=ana%40example.com",
        "Policy=%7B%22Version%22%3A%222012-10-17%22%7D",
    ] {
        assert!(request.body.contains(part), "{part} is not in {}", request.body);
    }
    let report = session.credentials(&target).await.unwrap();
    assert_eq!((report.source.as_str(), report.account.as_deref()), ("assumed role", Some("123456789012")));
    assert!(report.expires.is_some());
}

#[tokio::test]
async fn a_role_that_may_not_be_taken_on_says_so() {
    let machine = Machine::new(&keys("a", "KEYa"));
    let (http, _) = wire(|_| {
        refusal(
            403,
            "AccessDenied",
            "User: arn:aws:iam::1:user/a is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::1:role/r",
        )
    });
    let role = Role { arn: "arn:aws:iam::1:role/r".to_owned(), ..Role::default() };
    let config = SessionConfig { profile: Some("a".to_owned()), role: Some(role), ..in_region("eu-west-1") };
    let session = machine.session(config, http);
    let target = session.target(None, None).await.unwrap();
    let error = caller(&session, &target).await.unwrap_err();
    assert_eq!(error.kind, Kind::AccessDenied);
    assert!(
        error.message.starts_with("The role arn:aws:iam::1:role/r could not be taken on: User:"),
        "{error}"
    );
    assert!(error.next.as_deref().unwrap().contains("trust policy"), "{error}");
    assert_eq!(error.denied.as_ref().unwrap().action.as_deref(), Some("sts:AssumeRole"));
}

#[tokio::test]
async fn a_role_of_the_profile_that_may_not_be_taken_on_says_so() {
    let machine = Machine::new(&format!(
        "{}[profile r]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = a\n",
        keys("a", "KEYa")
    ));
    let (http, _) = wire(|_| refusal(403, "AccessDenied", "no"));
    let session =
        machine.session(SessionConfig { profile: Some("r".to_owned()), ..in_region("eu-west-1") }, http);
    let target = session.target(None, None).await.unwrap();
    let error = caller(&session, &target).await.unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (Kind::AccessDenied, "The profile's role could not be taken on: no")
    );
}

// ---- refreshing ----

#[tokio::test]
async fn expired_credentials_are_refreshed_without_a_restart() {
    let machine = Machine::new(&keys("a", "KEYa"));
    let times = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&times);
    let (http, _) = wire(move |seen| {
        if !seen.body.contains("AssumeRole") {
            return sts(seen);
        }
        // The first keys are as good as gone, the second last an hour.
        let time = count.fetch_add(1, Ordering::SeqCst);
        ok(assumed(&format!("SESSION{time}"), if time == 0 { 5 } else { 3_600 }))
    });
    let role = Role { arn: "arn:aws:iam::1:role/r".to_owned(), ..Role::default() };
    let config = SessionConfig { profile: Some("a".to_owned()), role: Some(role), ..in_region("eu-west-1") };
    let session = machine.session(config, http);
    let target = session.target(None, None).await.unwrap();
    for wanted in ["SESSION0|", "SESSION1|", "SESSION1|"] {
        let answer = caller(&session, &target).await.unwrap();
        assert!(answer.starts_with(wanted), "{answer}");
    }
    assert_eq!(times.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_credential_process_is_asked_again_when_its_keys_end() {
    let machine = Machine::new("");
    let file = machine.path().join("keys.json");
    machine.write("config", &format!("[profile p]\ncredential_process = cat {}\n", file.display()));
    let keys = |key: &str, seconds: i64| {
        let ends = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
        format!(
            r#"{{"Version":1,"AccessKeyId":"{key}","SecretAccessKey":"s","SessionToken":"t","Expiration":"{ends:.0}"}}"#
        )
    };
    let (http, _) = wire(sts);
    let session =
        machine.session(SessionConfig { profile: Some("p".to_owned()), ..in_region("eu-west-1") }, http);
    let target = session.target(None, None).await.unwrap();
    machine.write("keys.json", &keys("OLD", 5));
    assert!(caller(&session, &target).await.unwrap().starts_with("OLD|"));
    machine.write("keys.json", &keys("NEW", 3_600));
    assert!(caller(&session, &target).await.unwrap().starts_with("NEW|"));
    machine.write("keys.json", &keys("UNREAD", 3_600));
    assert!(caller(&session, &target).await.unwrap().starts_with("NEW|"));
    assert_eq!(session.credentials(&target).await.unwrap().source, "credential process, profile 'p'");
}

#[tokio::test]
async fn what_is_forgotten_is_read_anew() {
    let machine = Machine::new(&keys("a", "OLD1"));
    let (http, _) = wire(sts);
    let session =
        machine.session(SessionConfig { profile: Some("a".to_owned()), ..in_region("eu-west-1") }, http);
    let target = session.target(None, None).await.unwrap();
    assert!(session.identity(&target).await.unwrap().arn.starts_with("OLD1|"));
    machine.write("config", &keys("a", "NEW1"));
    assert!(caller(&session, &target).await.unwrap().starts_with("OLD1|"));
    session.forget(&target);
    assert!(caller(&session, &target).await.unwrap().starts_with("NEW1|"));
    let identity = session.identity(&target).await.unwrap();
    assert!(identity.arn.starts_with("NEW1|"));
    assert_eq!((identity.account.as_str(), identity.user_id.as_str()), ("123456789012", "AIDA"));
    let report = session.credentials(&target).await.unwrap();
    assert_eq!((report.source.as_str(), report.access_key_end.as_str()), ("profile 'a'", "NEW1"));
}

#[tokio::test]
async fn a_profile_that_is_added_later_needs_no_restart() {
    let machine = Machine::new(&keys("team-a", "KEY"));
    let (http, _) = wire(sts);
    let session =
        machine.session(SessionConfig { profile: Some("team-b".to_owned()), ..in_region("eu-west-1") }, http);
    let target = session.target(None, None).await.unwrap();
    let error = session.identity(&target).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (Kind::NoCredentials, "There is no AWS profile team-b"));
    assert_eq!(error.next.as_deref(), Some("Did you mean team-a? The profiles are team-a."));
    machine.write("config", &keys("team-b", "KEYb"));
    assert!(session.identity(&target).await.unwrap().arn.starts_with("KEYb|"));
}

#[tokio::test]
async fn identity_is_asked_once() {
    let machine = Machine::new(&keys("a", "KEYa"));
    let (http, log) = wire(sts);
    let config = SessionConfig { profile: Some("a".to_owned()), ..any_profile("eu-west-1") };
    let session = machine.session(config, http);
    let targets = session.targets(None, &["eu-west-1".to_owned(), "us-east-1".to_owned()]).await.unwrap();
    let asked = futures::future::join_all((0..10).map(|at| session.identity(&targets[at % 2]))).await;
    assert!(asked.iter().all(Result::is_ok));
    assert_eq!(seen(&log).len(), 1);
}

// ---- starting with nothing ----

#[tokio::test]
async fn making_a_session_reads_nothing() {
    let machine = Machine::new("this is no profile file");
    let (http, log) = wire(sts);
    let session =
        machine.session(SessionConfig { profile: Some("gone".to_owned()), ..SessionConfig::default() }, http);
    assert!(lock(&session.sources).is_empty() && lock(&session.homes).is_empty() && seen(&log).is_empty());
    assert!(Session::new(SessionConfig::default()).http.get().is_none());
    let error = session.target(None, None).await.unwrap_err();
    assert!(error.message.starts_with("The AWS profile files cannot be read: "), "{error}");
}

#[tokio::test]
async fn a_machine_without_home_and_credentials_gets_a_next_step() {
    let (http, log) = wire(sts);
    let session = Session {
        env: Env::from_slice(&[]),
        ..Session::with_http_client(SessionConfig::default(), http.clone())
    };
    let error = session.target(None, None).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (Kind::Invalid, "No AWS region is set"));
    assert!(error.next.as_deref().unwrap().contains("--region"));
    assert!(seen(&log).iter().all(|seen| seen.host.starts_with("169.254.")));

    let session =
        Session { env: Env::from_slice(&[]), ..Session::with_http_client(in_region("eu-west-1"), http) };
    let target = session.target(None, None).await.unwrap();
    let error = caller(&session, &target).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (Kind::NoCredentials, "No AWS credentials were found"));
    assert!(error.next.as_deref().unwrap().contains("AWS_PROFILE"), "{error}");
}

#[tokio::test]
async fn a_metadata_service_that_does_not_answer_costs_a_second() {
    // Off EC2 its address may swallow packets; this socket takes connections and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let env = Env::from_slice(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &endpoint)]);
    let session = Session { env, ..Session::new(in_region("eu-west-1")) };
    let target = session.target(None, None).await.unwrap();
    let began = std::time::Instant::now();
    let error = session.identity(&target).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (Kind::NoCredentials, "No AWS credentials were found"));
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn the_region_is_looked_for_as_the_sdk_does() {
    let config =
        "[default]\nregion = eu-north-1\n[profile a]\nsource_profile = b\n[profile b]\nregion = ap-south-1\n";
    let (http, log) = wire(|seen| match seen.host.starts_with("169.254.") {
        true => ok("us-west-2".to_owned()),
        false => sts(seen),
    });
    let region = async |machine: &Machine, config: SessionConfig, profile: Option<&str>| {
        machine.session(config, http.clone()).target(profile, None).await.unwrap().region
    };
    let open = || SessionConfig { allow_profiles: vec!["*".to_owned()], ..SessionConfig::default() };
    let machine = Machine::new(config);
    assert_eq!(region(&machine, in_region("sa-east-1"), None).await, "sa-east-1");
    assert_eq!(region(&machine, open(), None).await, "eu-north-1");
    assert_eq!(region(&machine, open(), Some("a")).await, "ap-south-1");
    let machine = machine.with("AWS_PROFILE", "b");
    assert_eq!(region(&machine, open(), None).await, "ap-south-1");
    let machine = machine.with("AWS_REGION", "eu-west-3");
    assert_eq!(region(&machine, open(), Some("a")).await, "eu-west-3");
    assert!(seen(&log).is_empty());
    assert_eq!(region(&Machine::new(""), open(), None).await, "us-west-2");
    let machine = Machine::new("").with("AWS_EC2_METADATA_DISABLED", "true");
    assert!(machine.session(open(), http.clone()).target(None, None).await.is_err());
}

// ---- what a call may name ----

#[tokio::test]
async fn only_what_the_operator_allowed_can_be_named() {
    let machine = Machine::new("");
    let (http, log) = wire(sts);
    let config = SessionConfig {
        profile: Some("own".to_owned()),
        allow_profiles: vec!["team-*".to_owned()],
        allow_regions: vec!["us-east-1".to_owned(), "ap-*".to_owned()],
        ..in_region("eu-west-1")
    };
    let session = machine.session(config, http.clone());
    assert!(session.several_regions() && session.several_profiles());
    for (profile, region, allowed) in [
        (None, None, true),
        (Some("own"), Some("eu-west-1"), true),
        (Some("team-a"), Some("us-east-1"), true),
        (None, Some("ap-new-9"), true),
        (Some("other"), None, false),
        (None, Some("eu-west-2"), false),
    ] {
        let target = session.target(profile, region).await;
        assert_eq!(target.is_ok(), allowed, "{profile:?} {region:?} {target:?}");
        if let Err(error) = target {
            assert_eq!(error.kind, Kind::Refused);
        }
    }
    let error = session.target(None, Some("eu-west-2")).await.unwrap_err();
    assert_eq!(
        error.message,
        "The region eu-west-2 is not allowed here; allowed: ap-*, eu-west-1, us-east-1"
    );
    assert!(error.next.as_deref().unwrap().contains("--allow-region eu-west-2"));
    let error = session.target(Some("other"), None).await.unwrap_err();
    assert_eq!(error.message, "The profile other is not allowed here; allowed: own, team-*");
    assert!(error.next.as_deref().unwrap().contains("--allow-profile other"));
    assert_eq!(session.target(None, Some("evil.example/")).await.unwrap_err().kind, Kind::Invalid);

    let session = machine.session(
        SessionConfig { allow_regions: vec!["eu-west-1".to_owned()], ..in_region("eu-west-1") },
        http,
    );
    assert!(!session.several_regions() && !session.several_profiles());
    assert!(session.target(Some("own"), None).await.is_err());
    assert!(seen(&log).is_empty());
}

#[tokio::test]
async fn a_star_is_every_allowed_region_of_the_partition() {
    let machine = Machine::new("");
    let (http, _) = wire(sts);
    let regions = async |own: &str, allowed: &[&str], asked: &[&str]| {
        let allow_regions = allowed.iter().map(|text| (*text).to_owned()).collect();
        let session = machine.session(SessionConfig { allow_regions, ..in_region(own) }, http.clone());
        let asked: Vec<String> = asked.iter().map(|text| (*text).to_owned()).collect();
        session
            .targets(None, &asked)
            .await
            .map(|found| found.into_iter().map(|target| target.region).collect::<Vec<_>>())
    };
    assert_eq!(regions("eu-west-1", &[], &[]).await.unwrap(), ["eu-west-1"]);
    assert_eq!(regions("eu-west-1", &[], &["*"]).await.unwrap(), ["eu-west-1"]);
    assert_eq!(
        regions("eu-west-1", &["us-west-?"], &["*"]).await.unwrap(),
        ["eu-west-1", "us-west-1", "us-west-2"]
    );
    assert_eq!(
        regions("eu-west-1", &["xx-new-1"], &["*", "eu-west-1"]).await.unwrap(),
        ["eu-west-1", "xx-new-1"]
    );
    assert_eq!(regions("us-gov-west-1", &["*"], &["*"]).await.unwrap(), ["us-gov-west-1", "us-gov-east-1"]);
    assert_eq!(
        regions("us-east-1", &["*"], &["eu-central-*"]).await.unwrap(),
        ["eu-central-1", "eu-central-2"]
    );
    assert!(regions("us-east-1", &["*"], &["*"]).await.unwrap().len() > 30);
    assert_eq!(regions("us-east-1", &[], &["eu-west-1"]).await.unwrap_err().kind, Kind::Refused);
    assert_eq!(regions("us-east-1", &[], &["eu-*"]).await.unwrap_err().kind, Kind::Invalid);
}

// ---- settings that reach the SDK ----

#[tokio::test]
async fn settings_reach_the_sdk() {
    let machine = Machine::new(&keys("a", "KEYa"))
        .with("AWS_MAX_ATTEMPTS", "7")
        .with("AWS_ENDPOINT_URL", "http://local.test");
    let (http, _) = wire(sts);
    let config = SessionConfig { profile: Some("a".to_owned()), ..in_region("eu-west-1") };
    let session = machine.session(config.clone(), http.clone());
    let target = session.target(None, None).await.unwrap();
    assert_eq!(target.endpoint.as_deref(), Some("http://local.test"));
    let sdk = session.sdk_config(&target).await.unwrap();
    assert_eq!(sdk.retry_config().unwrap().max_attempts(), 7);
    assert_eq!(sdk.endpoint_url(), Some("http://local.test"));
    assert_eq!(sdk.app_name().unwrap().as_ref(), "awsmcp");

    let machine = machine.with("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    let config = SessionConfig {
        max_attempts: Some(2),
        connect_timeout: Some(Duration::from_millis(300)),
        fips: Some(true),
        dual_stack: Some(true),
        app_name: Some("awsmcp-x".to_owned()),
        ..config
    };
    let session = machine.session(config, http);
    let target = session.target(None, None).await.unwrap();
    assert_eq!(target.endpoint, None);
    let sdk = session.sdk_config(&target).await.unwrap();
    assert_eq!(sdk.retry_config().unwrap().max_attempts(), 2);
    assert_eq!(sdk.timeout_config().unwrap().connect_timeout(), Some(Duration::from_millis(300)));
    assert_eq!((sdk.use_fips(), sdk.use_dual_stack()), (Some(true), Some(true)));
    assert_eq!(sdk.app_name().unwrap().as_ref(), "awsmcp-x");
}

#[tokio::test]
async fn the_endpoint_of_one_service_stays_with_the_sdk() {
    let machine = Machine::new(&keys("a", "KEYa"))
        .with("AWS_ENDPOINT_URL", "http://all.test")
        .with("AWS_ENDPOINT_URL_STS", "http://sts.test");
    let (http, _) = wire(sts);
    let session =
        machine.session(SessionConfig { profile: Some("a".to_owned()), ..in_region("eu-west-1") }, http);
    let target = session.target(None, None).await.unwrap();
    assert_eq!(caller(&session, &target).await.unwrap(), "KEYa|eu-west-1|sts.test");
}

#[tokio::test]
async fn given_credentials_stand_in_for_the_chain() {
    let (http, _) = wire(sts);
    let config = SessionConfig { profile: Some("any".to_owned()), ..in_region("eu-west-1") };
    let session = Session::with_http_client(config, http)
        .with_credentials(Credentials::new("GIVEN", "s", None, None, "test"));
    let target = session.target(None, None).await.unwrap();
    let target = Target { endpoint: None, ..target };
    assert!(caller(&session, &target).await.unwrap().starts_with("GIVEN|"));
}

// ---- failures of credentials, in words ----

#[tokio::test]
async fn sso_without_a_session_names_the_command() {
    let config = "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n\
                  [profile dev]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Reader\n\
                  [profile old]\nsso_start_url = https://old.awsapps.com/start\nsso_region = eu-west-1\n\
                  sso_account_id = 123456789012\nsso_role_name = Reader\n\
                  [profile top]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = dev\n";
    let machine = Machine::new(config);
    let (http, log) = wire(sts);
    for (profile, sign_in) in [("dev", "dev"), ("old", "old"), ("top", "dev")] {
        let session = machine.session(
            SessionConfig { profile: Some(profile.to_owned()), ..in_region("eu-west-1") },
            http.clone(),
        );
        let target = session.target(None, None).await.unwrap();
        let error = session.identity(&target).await.unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (Kind::NoCredentials, "Nobody has signed in with SSO"),
            "{profile}"
        );
        let wanted = format!("`aws sso login --profile {sign_in}`");
        assert!(error.next.as_deref().unwrap().contains(&wanted), "{profile}: {error}");
    }
    assert!(seen(&log).is_empty());
}

#[tokio::test]
async fn a_login_that_is_missing_names_the_command() {
    let machine = Machine::new("[profile dev]\nlogin_session = arn:aws:iam::123456789012:user/me\n");
    let (http, log) = wire(sts);
    let config = SessionConfig { profile: Some("dev".to_owned()), ..in_region("eu-west-1") };
    let session = machine.session(config, http);
    let target = session.target(None, None).await.unwrap();
    let error = session.identity(&target).await.unwrap_err();
    assert_eq!(error.kind, Kind::NoCredentials, "{error}");
    assert!(error.next.as_deref().unwrap().contains("`aws login --profile dev`"), "{error}");
    assert!(seen(&log).is_empty());
}

#[tokio::test]
async fn an_sso_session_that_ended_names_the_command() {
    let machine = Machine::new(
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n\
         [profile dev]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Reader\n",
    );
    // The file is named by the SHA-1 of the session's name.
    let token = |ends: &str| {
        machine.write(
            ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
            &format!(r#"{{"accessToken":"x","expiresAt":"{ends}","region":"eu-west-1","startUrl":"https://corp.awsapps.com/start"}}"#),
        );
    };
    let answer = |status: u16, code: &'static str| {
        wire(move |_| {
            let answer = http::Response::builder().status(status).header("x-amzn-errortype", code);
            answer.body(r#"{"message":"Session token not found or invalid"}"#.to_owned()).unwrap()
        })
    };
    for (ends, status, code, kind, words) in [
        ("2020-01-01T00:00:00Z", 500, "", Kind::ExpiredCredentials, "The SSO session has expired"),
        (
            "2099-01-01T00:00:00Z",
            401,
            "UnauthorizedException",
            Kind::ExpiredCredentials,
            "The SSO session has expired",
        ),
        (
            "2099-01-01T00:00:00Z",
            403,
            "ForbiddenException",
            Kind::AccessDenied,
            "SSO does not give this person",
        ),
    ] {
        token(ends);
        let (http, _) = answer(status, code);
        let session = machine
            .session(SessionConfig { profile: Some("dev".to_owned()), ..in_region("eu-west-1") }, http);
        let target = session.target(None, None).await.unwrap();
        let error = session.identity(&target).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.starts_with(words), "{error}");
        if kind == Kind::ExpiredCredentials {
            assert!(error.next.as_deref().unwrap().contains("`aws sso login --profile dev`"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_failing_credential_process_is_quoted() {
    let machine = Machine::new("[profile p]\ncredential_process = echo the vault is locked >&2; exit 3\n");
    let (http, _) = wire(sts);
    let session =
        machine.session(SessionConfig { profile: Some("p".to_owned()), ..in_region("eu-west-1") }, http);
    let target = session.target(None, None).await.unwrap();
    let error = session.identity(&target).await.unwrap_err();
    assert_eq!(error.kind, Kind::NoCredentials);
    assert_eq!(error.message, "The profile's credential_process failed: the vault is locked");
}

#[tokio::test]
async fn a_profile_without_credentials_says_so() {
    let machine =
        Machine::new("[profile p]\nregion = eu-west-1\n[profile half]\nrole_arn = arn:aws:iam::1:role/r\n")
            .with("AWS_EC2_METADATA_DISABLED", "true");
    let (http, _) = wire(sts);
    let session = machine.session(any_profile("eu-west-1"), http);
    let target = session.target(Some("p"), None).await.unwrap();
    let error = session.identity(&target).await.unwrap_err();
    assert_eq!(error.message, "No AWS credentials were found for the profile p");
    let target = session.target(Some("half"), None).await.unwrap();
    let error = session.identity(&target).await.unwrap_err();
    assert_eq!(error.kind, Kind::NoCredentials);
    assert!(error.message.contains("half"), "{error}");
}

#[tokio::test]
async fn each_caller_has_a_session_of_the_role_of_its_own_and_quiet_ones_are_forgotten() {
    let role = Role { arn: "arn:aws:iam::123456789012:role/r".to_owned(), ..Role::default() };
    let session = Session::new(SessionConfig { role: Some(role), ..in_region("eu-west-1") });
    let own = session.target(None, None).await.unwrap();
    session.sdk_config(&own).await.unwrap();
    for n in 0..MOST_CALLERS + 10 {
        let caller = session.on_behalf_of(&format!("caller-{n}"));
        let target = caller.target(None, None).await.unwrap();
        assert_eq!((target.principal.as_deref(), &target.role), (Some(&*format!("caller-{n}")), &own.role));
        caller.sdk_config(&target).await.unwrap();
    }
    let kept = lock(&session.sources);
    assert_eq!(kept.len(), MOST_CALLERS + 1, "all that may be kept, and the session's own");
    assert!(kept.keys().any(|key| key.principal.is_none()));
}

#[tokio::test]
async fn without_a_role_all_callers_share_the_credentials() {
    let session = Session::new(in_region("eu-west-1"));
    let target = session.on_behalf_of("alice").target(None, None).await.unwrap();
    assert_eq!(target, session.on_behalf_of("bob").target(None, None).await.unwrap());
    assert_eq!(target.principal, None);
}
