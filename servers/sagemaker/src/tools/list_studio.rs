use aws_sdk_sagemaker::types::{AppDetails, DomainDetails, SpaceDetails, UserProfileDetails};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SageMaker, arns, names::PlainName, scope};

/// Lists Studio's domains, or the users, spaces or apps of one or all. `stop_running` ends an app.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListStudio {
    /// Default domains.
    #[serde(default)]
    show: Show,
    /// Its id, such as d-abc123.
    domain: Option<PlainName>,
    /// Anywhere in the name of users and spaces; of apps the user profile's name.
    name: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Show {
    #[default]
    Domains,
    Users,
    Spaces,
    Apps,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Row {
    Domain {
        domain: String,
        name: Option<String>,
        status: Option<String>,
        created: Option<String>,
        url: Option<String>,
    },
    User {
        domain: String,
        user: String,
        status: Option<String>,
        created: Option<String>,
    },
    Space {
        domain: String,
        space: String,
        owner: Option<String>,
        app_type: Option<String>,
        storage_gb: Option<i32>,
        status: Option<String>,
        modified: Option<String>,
    },
    App {
        domain: String,
        owner: String,
        app_type: Option<String>,
        name: String,
        status: Option<String>,
        instance_type: Option<String>,
        created: Option<String>,
    },
}

impl Tool for ListStudio {
    type Service = SageMaker;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_studio", "List Studio")
        .when("not show")
        .on("*", &["sagemaker:ListDomains"])
        .when("show=domains")
        .on("*", &["sagemaker:ListDomains"])
        .when("show=users")
        .on("*", &["sagemaker:ListUserProfiles"])
        .when("show=spaces")
        .on("*", &["sagemaker:ListSpaces"])
        .when("show=apps")
        .on("*", &["sagemaker:ListApps"])
        .names_no_resource()
        .regional()
        .optional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        if self.show == Show::Domains && (self.domain.is_some() || self.name.is_some()) {
            return Err(Error::invalid("`domain` and `name` are of users, spaces and apps")
                .with_next(r#"a good one is {"show":"apps","domain":"d-abc123"}"#));
        }
        let client = &cx.client().sagemaker;
        let most = cx.page_size().min(100);
        let domain = self.domain.as_ref().map(ToString::to_string);
        match self.show {
            Show::Domains => {
                let out = client.list_domains().max_results(most).set_next_token(cx.token()).send().await?;
                let all = out.domains.unwrap_or_default().into_iter();
                let all =
                    all.filter(|one| scope::allows(cx, "sagemaker:ListDomains", one.domain_arn.as_deref()));
                Ok(cx.page(all.map(of_domain), out.next_token))
            }
            Show::Users => {
                let request = client.list_user_profiles().set_domain_id_equals(domain);
                let request = request.set_user_profile_name_contains(self.name).max_results(most);
                let out = request.set_next_token(cx.token()).send().await?;
                let all = out.user_profiles.unwrap_or_default().into_iter().map(of_user);
                Ok(cx.page(allowed(cx, all.collect()).await, out.next_token))
            }
            Show::Spaces => {
                let request = client.list_spaces().set_domain_id_equals(domain);
                let request = request.set_space_name_contains(self.name).max_results(most);
                let out = request.set_next_token(cx.token()).send().await?;
                let all = out.spaces.unwrap_or_default().into_iter().map(of_space);
                Ok(cx.page(allowed(cx, all.collect()).await, out.next_token))
            }
            Show::Apps => {
                let request = client.list_apps().set_domain_id_equals(domain);
                let request = request.set_user_profile_name_equals(self.name).max_results(most);
                let out = request.set_next_token(cx.token()).send().await?;
                let all = out.apps.unwrap_or_default().into_iter().map(of_app);
                Ok(cx.page(allowed(cx, all.collect()).await, out.next_token))
            }
        }
    }
}

/// The rows that the operator's list lets be seen: AWS lists them without their ARNs.
async fn allowed(cx: &Call<SageMaker>, rows: Vec<Row>) -> Vec<Row> {
    let mut seen = Vec::new();
    for row in rows {
        let may = match &row {
            Row::Domain { .. } => Ok(()),
            Row::User { domain, user, .. } => {
                let named = [("answer.domain", domain.as_str()), ("answer.owner", user)];
                scope::may(cx, "sagemaker:ListUserProfiles", arns::STUDIO_USER, &named).await
            }
            Row::Space { domain, space, .. } => {
                let named = [("answer.domain", domain.as_str()), ("answer.owner", space)];
                scope::may(cx, "sagemaker:ListSpaces", arns::STUDIO_SPACE, &named).await
            }
            Row::App { domain, owner, app_type, name, .. } => {
                let kind = app_type.as_deref().unwrap_or_default();
                let named = [
                    ("answer.domain", domain.as_str()),
                    ("answer.owner", owner),
                    ("answer.kind", kind),
                    ("answer.app", name),
                ];
                scope::may(cx, "sagemaker:ListApps", arns::RUNNING_APP, &named).await
            }
        };
        if may.is_ok() {
            seen.push(row);
        }
    }
    seen
}

fn of_domain(domain: DomainDetails) -> Row {
    Row::Domain {
        domain: domain.domain_id.unwrap_or_default(),
        name: domain.domain_name,
        status: domain.status.map(|status| status.to_string()),
        created: domain.creation_time.as_ref().map(utc_second),
        url: domain.url,
    }
}

fn of_user(user: UserProfileDetails) -> Row {
    Row::User {
        domain: user.domain_id.unwrap_or_default(),
        user: user.user_profile_name.unwrap_or_default(),
        status: user.status.map(|status| status.to_string()),
        created: user.creation_time.as_ref().map(utc_second),
    }
}

fn of_space(space: SpaceDetails) -> Row {
    let settings = space.space_settings_summary;
    let storage = settings.as_ref().and_then(|settings| settings.space_storage_settings.as_ref());
    Row::Space {
        storage_gb: storage
            .and_then(|storage| storage.ebs_storage_settings.as_ref())
            .and_then(|volume| volume.ebs_volume_size_in_gb),
        app_type: settings.and_then(|settings| settings.app_type).map(|sort| sort.to_string()),
        domain: space.domain_id.unwrap_or_default(),
        space: space.space_name.unwrap_or_default(),
        owner: space.ownership_settings_summary.and_then(|owner| owner.owner_user_profile_name),
        status: space.status.map(|status| status.to_string()),
        modified: space.last_modified_time.as_ref().map(utc_second),
    }
}

fn of_app(app: AppDetails) -> Row {
    Row::App {
        domain: app.domain_id.unwrap_or_default(),
        owner: app.user_profile_name.or(app.space_name).unwrap_or_default(),
        app_type: app.app_type.map(|sort| sort.to_string()),
        name: app.app_name.unwrap_or_default(),
        status: app.status.map(|status| status.to_string()),
        instance_type: app
            .resource_spec
            .and_then(|spec| spec.instance_type)
            .map(|instance| instance.to_string()),
        created: app.creation_time.as_ref().map(utc_second),
    }
}
