//! The client of a call: what the operator says of signatures and of who pays, and what stores other than AWS need.

use aws_sdk_s3::{
    Client,
    config::{
        Config, ConfigBag, Intercept, Region, RuntimeComponents,
        interceptors::BeforeTransmitInterceptorContextMut,
    },
    error::BoxError,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_types::endpoint_config::EndpointUrl;
use awsmcp_mcp::{Extra, ResourceArgument, Settings};
use awsmcp_sdk::{RequestView, SdkConfig, Tap};
use base64::{Engine, engine::general_purpose::STANDARD};
use globset::{Glob, GlobSet, GlobSetBuilder};
use md5::{Digest, Md5};

use crate::names::BucketName;

pub(crate) const PAYS: &str = "requester-pays";
pub(crate) const SIGN: &str = "sign";

pub(crate) const EXTRAS: &[Extra] = &[
    Extra {
        name: PAYS,
        value: "BUCKETS",
        help: "Buckets of others whose requests and transfers you pay (`x-amz-request-payer`), such as arxiv,usgs-*; \
            nothing is paid for any other.",
        default: None,
        check: |text| paid(text).map(drop),
    },
    Extra {
        name: SIGN,
        value: "WHEN",
        help: "`never` asks without a signature and without credentials, as public data sets allow.",
        default: Some("always"),
        check: |text| match text {
            "always" | "never" => Ok(()),
            other => Err(format!("{other:?} is none of always, never")),
        },
    },
];

/// The buckets of a list: names, with `*` for any part.
fn paid(text: &str) -> Result<GlobSet, String> {
    let mut all = GlobSetBuilder::new();
    for name in text.split(',').map(str::trim) {
        // What a star stands for must leave a name of a bucket.
        BucketName::parse(&name.replace('*', "star")).map_err(|_| {
            format!("{name:?} is no bucket's name; good ones are arxiv, or usgs-*, with commas between them")
        })?;
        all.add(Glob::new(name).map_err(|error| error.to_string())?);
    }
    all.build().map_err(|error| error.to_string())
}

pub(crate) fn plain(sdk: &SdkConfig, tap: Tap) -> Client {
    made(sdk, tap, None)
}

pub(crate) fn with(sdk: &SdkConfig, tap: Tap, settings: &Settings) -> Client {
    let extra = |name: &str| settings.extras.get(name).map(String::as_str);
    // A list that is none does not start the server.
    let paid = extra(PAYS).and_then(|text| paid(text).ok());
    if extra(SIGN) != Some("never") {
        return made(sdk, tap, paid);
    }
    let mut nobody = sdk.clone().into_builder();
    nobody.set_credentials_provider(None);
    made(&nobody.build(), tap, paid)
}

fn made(sdk: &SdkConfig, tap: Tap, paid: Option<GlobSet>) -> Client {
    // An access point of another region is reached by a call to that region, which the operator may not have allowed.
    let config = Config::from(sdk).to_builder().use_arn_region(false).interceptor(tap);
    let config = config.interceptor(Headers { paid });
    Client::from_conf(match sdk.credentials_provider() {
        Some(_) => config.build(),
        None => config.allow_no_auth().build(),
    })
}

/// What requests say besides what the SDK writes.
#[derive(Debug)]
struct Headers {
    paid: Option<GlobSet>,
}

impl Intercept for Headers {
    fn name(&self) -> &'static str {
        "awsmcp headers"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = cfg.load::<Metadata>().map(|metadata| metadata.name().to_owned()).unwrap_or_default();
        let request = context.request_mut();
        if let Some(paid) = &self.paid {
            let endpoint = cfg.load::<EndpointUrl>().map(|endpoint| endpoint.0.as_str());
            let region = cfg.load::<Region>().map_or("", AsRef::as_ref);
            let view = RequestView::of("S3", &operation, request, endpoint, region)?;
            let copied = view.texts("header:x-amz-copy-source");
            let copied = copied.iter().filter_map(|source| source.trim_start_matches('/').split('/').next());
            let mut buckets = view.texts("bucket").into_iter().chain(copied.map(str::to_owned));
            if buckets.any(|bucket| paid.is_match(&bucket)) {
                request.headers_mut().insert("x-amz-request-payer", "requester");
            }
        }
        if operation == "DeleteObjects" && !is_aws(host(request.uri())) {
            // Stores of before the newer checksums want this one; to those that know them it does no harm.
            let digest = request.body().bytes().map(|body| STANDARD.encode(Md5::digest(body)));
            if let Some(digest) = digest {
                request.headers_mut().insert("content-md5", digest);
            }
        }
        Ok(())
    }
}

/// Whether a host, with its port or without, is AWS's own, and not of a service that resembles S3.
pub(crate) fn is_aws(host: &str) -> bool {
    let host = host.split(':').next().unwrap_or(host);
    host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")
}

fn host(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_buckets_are_paid_for() {
        let paid = paid("arxiv, usgs-*").unwrap();
        for (bucket, is_paid) in
            [("arxiv", true), ("usgs-landsat", true), ("usgs", false), ("my-arxiv", false)]
        {
            assert_eq!(paid.is_match(bucket), is_paid, "{bucket}");
        }
        for wrong in ["", "a b", "arxiv,", "s3://arxiv", "[ab]"] {
            assert!(super::paid(wrong).unwrap_err().contains("good ones are arxiv"), "{wrong}");
        }
    }

    #[test]
    fn a_store_that_is_not_aws_is_told_by_its_host() {
        let is_aws = |uri: &str| is_aws(host(uri));
        assert!(is_aws("https://b.s3.us-east-1.amazonaws.com/k?x=1"));
        assert!(is_aws("https://s3.cn-north-1.amazonaws.com.cn"));
        assert!(!is_aws("http://localhost:9000/b?delete"));
        assert!(!is_aws("https://amazonaws.com.example.org/b"));
    }
}
