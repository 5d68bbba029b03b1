use aws_sdk_s3::primitives::ByteStream;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use awsmcp_sdk::partition;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    S3, arns,
    existing::{self, Present, UNSEEN},
    filters::Size,
    names::{BucketName, Key},
    signing::{self, Expiry, Form},
};

/// Makes a link (PUT) or a browser's form (POST) with which anybody can upload for a while, without credentials.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PresignUpload {
    bucket: BucketName,
    /// With POST, one that ends with / takes any name below it.
    key: Key,
    #[serde(default)]
    method: Method,
    /// Up to 7d; 1h without.
    #[serde(default)]
    expires_in: Expiry,
    /// The upload must have it.
    content_type: Option<String>,
    /// PUT: exactly so many bytes. POST: at most.
    size: Option<Size>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Method {
    #[default]
    Put,
    Post,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Link {
    url: String,
    method: &'static str,
    expires: String,
    /// To be sent with the PUT.
    headers: Map<String, Value>,
    /// To be sent with the POST, before the field `file`.
    fields: Map<String, Value>,
}

impl Change for PresignUpload {
    type Service = S3;
    type Output = One<Link>;
    // The arguments alone say what is signed; what lies there is only told, and its entity tag is part of what is confirmed.
    type Items = ();
    const SPEC: Spec = Spec::write("presign_upload", "Presign upload")
        .shown_by("head_object")
        .on(arns::OBJECT, &["s3:PutObject", "s3:GetObject"])
        .optional();

    async fn plan(&self, cx: &Call<S3>) -> Result<Plan> {
        // The allow-list holds the key as it is written: below it lies more than that.
        if self.any_below() && !cx.settings().allow_arns.is_empty() {
            let below = self.bucket.object_arn(partition(cx.region()), &format!("{}*", self.key));
            cx.may_on("s3:PutObject", &below.map_err(Error::refused)?)?;
        }
        if self.method == Method::Put {
            self.key.is_no_folder("report.pdf")?;
        }
        let place = format!("s3://{}/{}", self.bucket, self.key);
        let present = existing::look(cx.client(), &self.bucket, &self.key).await?;
        present.beside(cx, &self.bucket, &self.key).await;
        if self.any_below() {
            let headline =
                format!("sign a form that can write any object below {place} for {}", self.expires_in);
            return Ok(Plan::new(headline).warning("it can overwrite what lies there").ask());
        }
        let plan = Plan::new(format!(
            "sign a {} that can write {place} for {}",
            self.method.name(),
            self.expires_in
        ));
        Ok(match present {
            Present::Nothing => plan,
            Present::Unknown => plan.warning(format!("it may overwrite an object: {UNSEEN}")),
            Present::Object(object) => {
                let plan = plan.warning("it overwrites the object that lies there").ask();
                plan.state(serde_json::json!({"etag": object.etag}))
            }
        })
    }

    async fn apply(self, (): (), cx: &Call<S3>) -> Result<Self::Output> {
        let expires = signing::end(cx, self.expires_in).await?;
        match self.method {
            Method::Put => self.put(cx, expires).await,
            Method::Post => self.post(cx, expires).await,
        }
    }
}

impl PresignUpload {
    fn any_below(&self) -> bool {
        self.method == Method::Post && self.key.as_str().ends_with('/')
    }

    async fn put(self, cx: &Call<S3>, expires: String) -> Result<One<Link>> {
        let size = self.size.map(|Size(bytes)| i64::try_from(bytes)).transpose();
        let size = size.map_err(|_| Error::invalid("`size` is more than an object can have"))?;
        let request = signing::client(cx)
            .put_object()
            .bucket(self.bucket)
            .key(self.key)
            .set_content_type(self.content_type)
            .set_content_length(size)
            .body(ByteStream::default())
            .presigned(signing::config(self.expires_in)?)
            .await?;
        let headers = signing::headers(&request);
        Ok(One(Link { url: request.uri().to_owned(), method: "PUT", expires, headers, fields: Map::new() }))
    }

    async fn post(self, cx: &Call<S3>, expires: String) -> Result<One<Link>> {
        // The SDK knows where the bucket is; forms it does not sign.
        let link = signing::client(cx).put_object().bucket(self.bucket.as_str()).key(self.key.as_str());
        let link = link.presigned(signing::config(self.expires_in)?).await?;
        let form = Form {
            bucket: self.bucket.as_str(),
            key: self.key.as_str(),
            any_below: self.any_below(),
            content_type: self.content_type.as_deref(),
            most_bytes: self.size.map(|Size(bytes)| bytes),
            region: cx.region(),
            ends: self.expires_in.ends(),
        };
        let fields = form.fields(&signing::credentials(cx).await?, Timestamp::now())?;
        let url = signing::bucket_url(link.uri(), self.bucket.as_str());
        Ok(One(Link { url, method: "POST", expires, headers: Map::new(), fields }))
    }
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Method::Put => "PUT",
            Method::Post => "form",
        }
    }
}
