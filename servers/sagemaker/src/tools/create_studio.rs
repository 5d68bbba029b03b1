use aws_sdk_sagemaker::types::{
    AppInstanceType, AppStatus, EbsStorageSettings, OwnershipSettings, ResourceSpec, SharingType,
    SpaceCodeEditorAppSettings, SpaceJupyterLabAppSettings, SpaceSettings, SpaceSharingSettings,
    SpaceStorageSettings,
};
use awsmcp_mcp::{Call, Change, Error, Kind as ErrorKind, One, Plan, Result, Spec, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    SageMaker, arns,
    jobs::gone,
    names::{PlainName, last_part},
    tools::stop_running::AppSort,
};

/// Makes a space of Studio, or starts an app in one. `stop_running` ends an app; list_studio shows both.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateStudio {
    kind: Sort,
    /// Its id, such as d-abc123.
    domain: PlainName,
    /// Of the new one; an app's is mostly `default`.
    name: PlainName,
    /// Of a space its user profile; of an app its space, or its user profile where it is in none.
    owner: PlainName,
    app_type: AppSort,
    /// Others may use the space.
    #[serde(default)]
    shared: bool,
    /// A space's disk.
    #[schemars(range(min = 5))]
    storage_gb: Option<i32>,
    /// Such as ml.t3.medium.
    instance_type: Option<String>,
    /// An ARN.
    image: Option<String>,
    /// An ARN.
    lifecycle: Option<String>,
    /// The owner of a JupyterServer or KernelGateway app is a space.
    #[serde(default)]
    in_space: bool,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Sort {
    Space,
    App,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Made {
    name: String,
    arn: Option<String>,
}

impl Change for CreateStudio {
    type Service = SageMaker;
    type Output = One<Made>;
    type Items = ();
    const SPEC: Spec = Spec::write("create_studio", "Create in Studio")
        .shown_by("list_studio")
        .when("kind=space")
        .on(arns::NEW_SPACE, &["sagemaker:DescribeSpace", "sagemaker:CreateSpace"])
        .when("kind=app")
        .on(arns::APP, &["sagemaker:DescribeApp", "sagemaker:CreateApp"])
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan> {
        self.check()?;
        if let Some(status) = self.there(cx).await? {
            let (what, name) = (self.kind.word(), &self.name);
            return Err(Error::conflict(format!("there is the {what} {name} already: it is {status}"))
                .with_next("list_studio shows it"));
        }
        let (sort, owner, domain) = (self.app_type.aws(), &self.owner, &self.domain);
        let machine =
            self.instance_type.as_ref().map(|instance| format!(" on {instance}")).unwrap_or_default();
        Ok(match self.kind {
            Sort::Space => {
                let shared = if self.shared { "shared" } else { "private" };
                let disk = self.storage_gb.map(|size| format!(", with {size} GB")).unwrap_or_default();
                Plan::new(format!(
                    "make the {shared} space {} of {owner} in {domain} for {sort}{machine}{disk}",
                    self.name
                ))
                .warning("its disk bills until the space is deleted")
            }
            Sort::App => {
                let of = if self.is_in_space() { "in the space" } else { "of the user" };
                let name = &self.name;
                Plan::new(format!("start the {sort} app {name} {of} {owner} of {domain}{machine}"))
                    .warning("its machine bills while it runs: stop_running ends it")
            }
        })
    }

    async fn apply(self, (): (), cx: &Call<SageMaker>) -> Result<Self::Output> {
        let arn = match self.kind {
            Sort::Space => self.space(cx).await?,
            Sort::App => self.app(cx).await?,
        };
        Ok(One(Made { name: self.name.to_string(), arn }))
    }
}

impl Sort {
    fn word(self) -> &'static str {
        match self {
            Sort::Space => "space",
            Sort::App => "app",
        }
    }
}

impl CreateStudio {
    fn check(&self) -> Result<()> {
        let of_space = self.shared || self.storage_gb.is_some();
        if self.kind == Sort::App && of_space {
            return Err(Error::invalid("`shared` and `storage_gb` are of a space"));
        }
        if self.kind == Sort::Space && self.in_space {
            return Err(Error::invalid("`in_space` is of an app"));
        }
        if self.kind == Sort::Space && !self.app_type.has_spaces() {
            let sort = self.app_type.aws();
            return Err(Error::invalid(format!("a space for {sort} is not made here"))
                .with_next("a space is for JupyterLab or CodeEditor"));
        }
        let known = AppInstanceType::values();
        if let Some(instance) = self.instance_type.as_deref().filter(|instance| !known.contains(instance)) {
            let meant = nearest(instance, known.iter().copied());
            let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
            return Err(Error::invalid(format!("Studio has no machines {instance:?}{meant}"))
                .with_next("a good one is ml.t3.medium"));
        }
        Ok(())
    }

    /// JupyterLab and Code Editor run in spaces only.
    fn is_in_space(&self) -> bool {
        self.in_space || self.app_type.has_spaces()
    }

    /// Its space and its user: an app has one of them.
    fn owners(&self) -> (Option<String>, Option<String>) {
        let owner = Some(self.owner.to_string());
        if self.is_in_space() { (owner, None) } else { (None, owner) }
    }

    /// The status of what has the name already.
    async fn there(&self, cx: &Call<SageMaker>) -> Result<Option<String>> {
        let client = &cx.client().sagemaker;
        let found = match self.kind {
            Sort::Space => {
                let asked = client.describe_space().domain_id(self.domain.as_str());
                let sent = asked.space_name(self.name.as_str()).send().await;
                sent.map(|space| space.status.map(|status| status.to_string())).map_err(Error::from)
            }
            Sort::App => {
                let (space, user) = self.owners();
                let asked = client.describe_app().domain_id(self.domain.as_str()).set_space_name(space);
                let asked = asked.set_user_profile_name(user).app_type(self.app_type.aws());
                let sent = asked.app_name(self.name.as_str()).send().await;
                // What ended leaves its name free, though AWS shows it for a while.
                let ended = |status: &AppStatus| matches!(status, AppStatus::Deleted | AppStatus::Failed);
                match sent {
                    Ok(app) if app.status.as_ref().is_some_and(ended) => return Ok(None),
                    sent => sent.map(|app| app.status.map(|status| status.to_string())).map_err(Error::from),
                }
            }
        };
        match found.map_err(gone) {
            Ok(status) => Ok(Some(status.unwrap_or_else(|| "in no state that AWS tells".to_owned()))),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn resources(&self) -> Option<ResourceSpec> {
        let asks = self.instance_type.is_some() || self.image.is_some() || self.lifecycle.is_some();
        asks.then(|| {
            ResourceSpec::builder()
                .set_instance_type(self.instance_type.as_deref().map(AppInstanceType::from))
                .set_sage_maker_image_arn(self.image.clone().filter(|arn| !is_version(arn)))
                .set_sage_maker_image_version_arn(self.image.clone().filter(|arn| is_version(arn)))
                .set_lifecycle_config_arn(self.lifecycle.clone())
                .build()
        })
    }

    async fn space(&self, cx: &Call<SageMaker>) -> Result<Option<String>> {
        let disk = self.storage_gb.map(|size| {
            let volume = EbsStorageSettings::builder().ebs_volume_size_in_gb(size).build();
            SpaceStorageSettings::builder().ebs_storage_settings(volume).build()
        });
        let settings =
            SpaceSettings::builder().app_type(self.app_type.aws()).set_space_storage_settings(disk);
        let settings = match (self.resources(), self.app_type) {
            (None, _) => settings,
            (Some(spec), AppSort::CodeEditor) => settings.code_editor_app_settings(
                SpaceCodeEditorAppSettings::builder().default_resource_spec(spec).build(),
            ),
            (Some(spec), _) => settings.jupyter_lab_app_settings(
                SpaceJupyterLabAppSettings::builder().default_resource_spec(spec).build(),
            ),
        };
        let sharing = if self.shared { SharingType::Shared } else { SharingType::Private };
        let owner = OwnershipSettings::builder().owner_user_profile_name(self.owner.as_str());
        let asked = cx.client().sagemaker.create_space().domain_id(self.domain.as_str());
        let asked = asked.space_name(self.name.as_str()).space_settings(settings.build());
        let asked = asked.ownership_settings(owner.build());
        let shared = SpaceSharingSettings::builder().sharing_type(sharing).build();
        Ok(asked.space_sharing_settings(shared).send().await?.space_arn)
    }

    async fn app(&self, cx: &Call<SageMaker>) -> Result<Option<String>> {
        let (space, user) = self.owners();
        let asked = cx.client().sagemaker.create_app().domain_id(self.domain.as_str()).set_space_name(space);
        let asked = asked.set_user_profile_name(user).app_type(self.app_type.aws());
        let asked = asked.app_name(self.name.as_str()).set_resource_spec(self.resources());
        Ok(asked.send().await?.app_arn)
    }
}

/// Whether an ARN of an image is of one of its versions, which end with a number.
fn is_version(arn: &str) -> bool {
    arn.contains(":image-version/") || last_part(arn).bytes().all(|byte| byte.is_ascii_digit())
}
