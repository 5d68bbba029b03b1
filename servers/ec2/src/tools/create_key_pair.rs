use std::io::Write;

use aws_sdk_ec2::types::KeyType;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Ec2, arns, dry_run::would, names::KeyPairName, tags::Filters};

/// Creates a key pair and writes its private half to a new file that only its owner may read (mode 0600).
///
/// The key is never in the answer, and AWS does not keep it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateKeyPair {
    #[schemars(length(min = 1, max = 255))]
    name: KeyPairName,
    /// `keys/web.pem`, in an allowed directory.
    path: String,
    #[serde(default)]
    key_type: Kind,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Ed25519,
    /// For Windows.
    Rsa,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Made {
    key_pair: String,
    id: Option<String>,
    fingerprint: Option<String>,
    private_key_file: String,
}

impl Change for CreateKeyPair {
    type Service = Ec2;
    type Output = One<Made>;
    type Items = ();
    const SPEC: Spec = Spec::write("create_key_pair", "Create key pair")
        .shown_by("list_key_pairs")
        .on("*", &["ec2:DescribeKeyPairs"])
        .on(arns::NAMED_KEY_PAIR, &["ec2:CreateKeyPair", "ec2:DeleteKeyPair"])
        .names_no_resource()
        .local_files()
        .optional();

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan> {
        if cx.files().look(&self.path).await?.is_some() {
            return Err(
                Error::conflict(format!("{} exists already", self.path)).with_next("choose another path")
            );
        }
        let filters = Filters::default().any("key-name", [self.name.as_str()]).build();
        let out = cx.client().ec2.describe_key_pairs().set_filters(filters).send().await?;
        if out
            .key_pairs
            .unwrap_or_default()
            .iter()
            .any(|pair| pair.key_name.as_deref() == Some(self.name.as_str()))
        {
            return Err(Error::conflict(format!("there is a key pair {} already", self.name))
                .with_next("choose another name, or delete_resources with `key_pairs` first"));
        }
        let request =
            cx.client().ec2.create_key_pair().key_name(self.name.as_str()).key_type(self.key_type.into());
        would(request.dry_run(true).send()).await?;
        Ok(Plan::new(format!("create the key pair {} and write its private key to {}", self.name, self.path)))
    }

    async fn apply(self, (): (), cx: &Call<Ec2>) -> Result<Self::Output> {
        // The file is begun first: a key that cannot be written is not made.
        let place = cx.files().place(&self.path).await?;
        let draft = place.private_draft().await?;
        let ec2 = &cx.client().ec2;
        let out =
            ec2.create_key_pair().key_name(self.name.as_str()).key_type(self.key_type.into()).send().await?;
        let path = draft.path().display().to_string();
        let key = out.key_material.unwrap_or_default();
        let written = async {
            if key.is_empty() {
                return Err(Error::internal("AWS sent no private key"));
            }
            (&mut draft.file()).write_all(key.as_bytes()).map_err(|error| draft.error(error))?;
            draft.finish().await
        };
        if let Err(error) = written.await {
            // Nobody has its private half: it is of no use.
            let gone = ec2.delete_key_pair().key_name(self.name.as_str()).send().await;
            let what =
                if gone.is_ok() { "was deleted again" } else { "is left without a private key: delete it" };
            let message = format!("{}; the key pair {} {what}", error.message, self.name);
            return Err(Error::new(error.kind, message));
        }
        Ok(One(Made {
            key_pair: self.name.into(),
            id: out.key_pair_id,
            fingerprint: out.key_fingerprint,
            private_key_file: path,
        }))
    }
}

impl From<Kind> for KeyType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Ed25519 => KeyType::Ed25519,
            Kind::Rsa => KeyType::Rsa,
        }
    }
}
