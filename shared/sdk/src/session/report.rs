//! Where credentials come from, in words.

use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature;

use super::CredentialReport;

pub(super) fn report(credentials: &Credentials, profile: Option<&str>) -> CredentialReport {
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
