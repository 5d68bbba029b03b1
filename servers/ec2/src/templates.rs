//! Versions of launch templates, whole and as AWS tells them.

use aws_sdk_ec2::types::{LaunchTemplateVersion, ResponseLaunchTemplateData};
use awsmcp_mcp::{Call, Error, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use crate::{Ec2, names::LaunchTemplateId, wire::Body};

/// A version of a template, as requests take it: `$Default` where none is named, `$Latest` of `latest`, or its number.
///
/// # Errors
/// When it is none of these.
pub(crate) fn selector(version: Option<&str>) -> Result<String> {
    match version.map(|text| text.trim_start_matches('$').to_ascii_lowercase()).as_deref() {
        None | Some("default") => Ok("$Default".to_owned()),
        Some("latest") => Ok("$Latest".to_owned()),
        Some(number) if number.parse::<u32>().is_ok_and(|number| number > 0) => Ok(number.to_owned()),
        Some(_) => Err(Error::invalid(format!(
            "{:?} is no version of a launch template; good ones are 3, default and latest",
            version.unwrap_or_default()
        ))),
    }
}

/// A version, with its settings as they came.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) version: LaunchTemplateVersion,
    pub(crate) data: Value,
}

/// One version of a template.
///
/// # Errors
/// When there is no such template, or no such version of it.
pub(crate) async fn version(cx: &Call<Ec2>, template: &LaunchTemplateId, selector: &str) -> Result<Whole> {
    let body = Body::default();
    let request = cx.client().ec2.describe_launch_template_versions().launch_template_id(template.as_str());
    let asked = request.versions(selector).customize().interceptor(body.clone()).send().await;
    let found = asked?.launch_template_versions.unwrap_or_default().pop();
    let version = found.ok_or_else(|| {
        Error::not_found(format!("{template} has no version {selector} in {}", cx.region()))
            .with_next("list_launch_templates with `versions_of` shows them")
    })?;
    let data = body.json().pointer("/launch_template_version_set/0/launch_template_data").cloned();
    Ok(Whole { version, data: data.map(without_user_data).unwrap_or_default() })
}

/// User data may hold secrets: its size is told and by what it can be told apart, not what it says.
fn without_user_data(mut data: Value) -> Value {
    if let Some(stored) = data.get_mut("user_data") {
        let text = stored.as_str().unwrap_or_default();
        let size = BASE64_STANDARD.decode(text.trim()).map_or(text.len(), |bytes| bytes.len());
        *stored = Value::String(format!("{size} bytes, checksum {:08x}", checksum(text)));
    }
    data
}

/// A checksum of a text (CRC-32), so that two that differ are seen to.
fn checksum(text: &str) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(text.as_bytes());
    crc.sum()
}

/// The security groups that instances of a template get.
pub(crate) fn groups(data: &ResponseLaunchTemplateData) -> Vec<String> {
    let own = data.security_group_ids().iter().chain(data.security_groups());
    let of_interfaces = data.network_interfaces().iter().flat_map(|interface| interface.groups());
    own.chain(of_interfaces).cloned().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_version_is_a_number_or_one_of_two_words() {
        for (given, taken) in [
            (None, "$Default"),
            (Some("default"), "$Default"),
            (Some("$Latest"), "$Latest"),
            (Some("LATEST"), "$Latest"),
            (Some("12"), "12"),
        ] {
            assert_eq!(selector(given).unwrap(), taken);
        }
        for wrong in ["", "0", "-1", "1.5", "newest", "3 "] {
            assert!(selector(Some(wrong)).unwrap_err().message.contains("good ones are 3"), "{wrong}");
        }
    }

    #[test]
    fn user_data_is_told_apart_and_not_told() {
        let of = |text: &str| without_user_data(json!({"user_data": BASE64_STANDARD.encode(text), "a": "b"}));
        let (one, two) = (of("password=a"), of("password=b"));
        assert_ne!(one, two);
        assert!(one["user_data"].as_str().unwrap().starts_with("10 bytes, checksum "), "{one}");
        assert!(!one.to_string().contains(&BASE64_STANDARD.encode("password=a")));
        assert_eq!(one["a"], "b");
    }
}
