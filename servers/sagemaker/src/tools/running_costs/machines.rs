//! Machines that people work on: notebooks, apps, MLflow's servers, clusters.

use aws_sdk_sagemaker::types::{AppStatus, AppType, IsTrackingServerActive, NotebookInstanceStatus};
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Error, Kind as ErrorKind, Result};
use futures::{StreamExt, TryStreamExt, stream};

use super::{AT_ONCE, MOST, Row, cut, row};
use crate::{SageMaker, arns, costs::Use, scope};

pub(super) async fn notebooks(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let (mut rows, mut token) = (Vec::new(), None);
    while rows.len() < MOST {
        let out = cx
            .client()
            .sagemaker
            .list_notebook_instances()
            .status_equals(NotebookInstanceStatus::InService)
            .max_results(100)
            .set_next_token(token)
            .send()
            .await?;
        for notebook in out.notebook_instances.unwrap_or_default() {
            let runs = notebook.notebook_instance_status == Some(NotebookInstanceStatus::InService);
            if !runs
                || !scope::allows(
                    cx,
                    "sagemaker:ListNotebookInstances",
                    notebook.notebook_instance_arn.as_deref(),
                )
            {
                continue;
            }
            // The last change is its last start.
            let since = notebook.last_modified_time.as_ref().map(DateTime::secs);
            let instance = notebook.instance_type.map(|instance| instance.to_string());
            let name = notebook.notebook_instance_name.unwrap_or_default();
            let row = row("notebook", name, Some("InService".to_owned()), since);
            rows.push(row.on(instance, Some(1), since).paid(Use::Notebook));
        }
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    cut(cx, "notebooks", token.is_some());
    Ok(rows)
}

pub(super) async fn apps(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let (mut rows, mut token) = (Vec::new(), None);
    while rows.len() < MOST {
        let out = cx.client().sagemaker.list_apps().max_results(100).set_next_token(token).send().await?;
        for app in out.apps.unwrap_or_default() {
            let instance =
                app.resource_spec.and_then(|spec| spec.instance_type).map(|instance| instance.to_string());
            // `system` is Studio's own, which costs nothing, but for Canvas: its workspace bills until somebody logs out.
            let is_canvas = app.app_type == Some(AppType::Canvas);
            let bills = app.status == Some(AppStatus::InService)
                && (is_canvas || instance.as_deref().is_some_and(|instance| instance != "system"));
            if !bills {
                continue;
            }
            let instance = instance.filter(|_| !is_canvas);
            let since = app.creation_time.as_ref().map(DateTime::secs);
            let kind = app.app_type.map(|kind| kind.to_string()).unwrap_or_default();
            let owner = app.user_profile_name.or(app.space_name).unwrap_or_default();
            let (domain, app) = (app.domain_id.unwrap_or_default(), app.app_name.unwrap_or_default());
            let named = [
                ("answer.domain", domain.as_str()),
                ("answer.owner", &owner),
                ("answer.kind", &kind),
                ("answer.app", &app),
            ];
            if scope::may(cx, "sagemaker:ListApps", arns::RUNNING_APP, &named).await.is_err() {
                continue;
            }
            let status = Some("InService".to_owned());
            let mut row = row("app", format!("{owner}/{app}"), status, since).on(instance, Some(1), since);
            let ends = if is_canvas { "; logging out of Canvas ends it too" } else { "" };
            row.remark = Some(format!("{kind} of {domain}{ends}"));
            row.paid_for = Use::of_app(&kind);
            rows.push(row);
        }
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    cut(cx, "apps", token.is_some());
    Ok(rows)
}

/// MLflow's tracking servers, which bill from when they were started.
pub(super) async fn trackers(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let (mut rows, mut token) = (Vec::new(), None);
    while rows.len() < MOST {
        let request = cx.client().sagemaker.list_mlflow_tracking_servers().max_results(100);
        let out = request.set_next_token(token).send().await?;
        for server in out.tracking_server_summaries.unwrap_or_default() {
            let arn = server.tracking_server_arn.as_deref();
            if server.is_active != Some(IsTrackingServerActive::Active)
                || !scope::allows(cx, "sagemaker:ListMlflowTrackingServers", arn)
            {
                continue;
            }
            let status = server.tracking_server_status.map(|status| status.to_string());
            let since = server.last_modified_time.as_ref().map(DateTime::secs);
            let mut row =
                row("MLflow server", server.tracking_server_name.unwrap_or_default(), status, since);
            row.remark = Some("bills by its size and the hour; set_mlflow stops it".to_owned());
            rows.push(row);
        }
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    cut(cx, "MLflow servers", token.is_some());
    Ok(rows)
}

pub(super) async fn clusters(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let (mut names, mut token) = (Vec::new(), None);
    while names.len() < MOST {
        let out = cx.client().sagemaker.list_clusters().max_results(100).set_next_token(token).send().await?;
        let found = out.cluster_summaries.unwrap_or_default().into_iter();
        names.extend(
            found
                .filter(|cluster| {
                    scope::allows(cx, "sagemaker:DescribeCluster", cluster.cluster_arn.as_deref())
                })
                .filter_map(|cluster| Some((cluster.cluster_name?, cluster.creation_time))),
        );
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    cut(cx, "clusters", token.is_some());
    let rows: Vec<Vec<Row>> = stream::iter(names.into_iter().map(|(name, created)| async move {
        let found = match cx
            .client()
            .sagemaker
            .describe_cluster()
            .cluster_name(&name)
            .send()
            .await
            .map_err(Error::from)
        {
            Ok(found) => found,
            // It went since it was listed.
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let status = found.cluster_status.map(|status| status.to_string());
        let since = created.as_ref().map(DateTime::secs);
        let groups = found.instance_groups.unwrap_or_default().into_iter();
        let groups =
            groups.map(|group| (group.instance_group_name, group.instance_type, group.current_count));
        // Those that AWS looks after itself.
        let restricted = found.restricted_instance_groups.unwrap_or_default().into_iter();
        let restricted =
            restricted.map(|group| (group.instance_group_name, group.instance_type, group.current_count));
        let running = groups.chain(restricted).filter(|(.., count)| count.unwrap_or_default() > 0);
        let rows = running.map(|(group, instance, count)| {
            let instance = instance.map(|instance| instance.to_string());
            row("cluster", format!("{name}/{}", group.unwrap_or_default()), status.clone(), since)
                .on(instance, count.map(i64::from), since)
                .paid(Use::Cluster)
        });
        Ok::<_, Error>(rows.collect())
    }))
    .buffered(AT_ONCE)
    .try_collect()
    .await?;
    Ok(rows.concat())
}
