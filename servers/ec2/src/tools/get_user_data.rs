use std::io::Read;

use aws_sdk_ec2::types::InstanceAttributeName;
use awsmcp_mcp::{Body, Call, Error, Part, Result, Spec, Tool, human_size};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Ec2, arns, instances::find, names::Instance};

/// Shows the user data an instance was started with, decoded: scripts, and whatever secrets somebody put there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetUserData {
    instance: Instance,
}

impl Tool for GetUserData {
    type Service = Ec2;
    type Output = Body;
    const SPEC: Spec = Spec::reveal("get_user_data", "Get user data")
        .on("*", &["ec2:DescribeInstances"])
        .on(arns::INSTANCE, &["ec2:DescribeInstanceAttribute"])
        .names_no_resource()
        .optional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let id = find(cx, &self.instance).await?.instance_id.unwrap_or_default();
        let request = cx.client().ec2.describe_instance_attribute().instance_id(&id);
        let out = request.attribute(InstanceAttributeName::UserData).send().await?;
        let encoded = out.user_data.and_then(|data| data.value).unwrap_or_default();
        if encoded.is_empty() {
            return Ok(Body { label: format!("{id} has no user data"), ..Body::default() });
        }
        let stored = BASE64_STANDARD
            .decode(encoded.trim())
            .map_err(|error| Error::internal(format!("the user data is not Base64: {error}")))?;
        let (bytes, kind) = unpacked(stored);
        let size = human_size(bytes.len().try_into().unwrap_or_default());
        let part = match String::from_utf8(bytes) {
            Ok(text) => Part::Text(text),
            Err(error) => {
                Part::Blob { data: error.into_bytes(), mime: "application/octet-stream".to_owned() }
            }
        };
        Ok(Body {
            label: format!("user data of {id}, {size}{kind}"),
            parts: vec![part],
            rest: None,
            uri: None,
        })
    }
}

/// cloud-init takes user data packed by gzip. EC2 takes 16 KiB of it; what it unpacks to is bounded here.
fn unpacked(stored: Vec<u8>) -> (Vec<u8>, &'static str) {
    const MOST: u64 = 1 << 20;
    if !stored.starts_with(&[0x1f, 0x8b]) {
        return (stored, "");
    }
    let mut bytes = Vec::new();
    match flate2::read::GzDecoder::new(stored.as_slice()).take(MOST).read_to_end(&mut bytes) {
        Ok(size) if size as u64 == MOST => (bytes, ", unpacked from gzip, cut at 1 MiB"),
        Ok(_) => (bytes, ", unpacked from gzip"),
        Err(_) => (stored, ", gzip that cannot be unpacked"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn packed_data_is_unpacked_within_bounds() {
        let pack = |bytes: &[u8]| {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        };
        assert_eq!(unpacked(b"#!/bin/sh".to_vec()), (b"#!/bin/sh".to_vec(), ""));
        assert_eq!(unpacked(pack(b"#!/bin/sh")), (b"#!/bin/sh".to_vec(), ", unpacked from gzip"));
        let (bomb, said) = unpacked(pack(&vec![0; 5 << 20]));
        assert_eq!((bomb.len(), said), (1 << 20, ", unpacked from gzip, cut at 1 MiB"));
        assert_eq!(unpacked(vec![0x1f, 0x8b, 0]).1, ", gzip that cannot be unpacked");
    }
}
