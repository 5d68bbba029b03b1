//! Written by `cargo xtask gen-models`: every service, sorted by name.

use super::Service;

/// `accessanalyzer`
pub static ACCESSANALYZER: Service =
    Service::new("accessanalyzer", include_bytes!("../../models/accessanalyzer.json.lzma"), include_bytes!("../../models/accessanalyzer.index.gz"));
/// `account`
pub static ACCOUNT: Service =
    Service::new("account", include_bytes!("../../models/account.json.lzma"), include_bytes!("../../models/account.index.gz"));
/// `account-access`
pub static ACCOUNT_ACCESS: Service =
    Service::new("account-access", include_bytes!("../../models/account-access.json.lzma"), include_bytes!("../../models/account-access.index.gz"));
/// `acm`
pub static ACM: Service =
    Service::new("acm", include_bytes!("../../models/acm.json.lzma"), include_bytes!("../../models/acm.index.gz"));
/// `acm-pca`
pub static ACM_PCA: Service =
    Service::new("acm-pca", include_bytes!("../../models/acm-pca.json.lzma"), include_bytes!("../../models/acm-pca.index.gz"));
/// `agent-registry`
pub static AGENT_REGISTRY: Service =
    Service::new("agent-registry", include_bytes!("../../models/agent-registry.json.lzma"), include_bytes!("../../models/agent-registry.index.gz"));
/// `agent-registry-control`
pub static AGENT_REGISTRY_CONTROL: Service =
    Service::new("agent-registry-control", include_bytes!("../../models/agent-registry-control.json.lzma"), include_bytes!("../../models/agent-registry-control.index.gz"));
/// `aiops`
pub static AIOPS: Service =
    Service::new("aiops", include_bytes!("../../models/aiops.json.lzma"), include_bytes!("../../models/aiops.index.gz"));
/// `amp`
pub static AMP: Service =
    Service::new("amp", include_bytes!("../../models/amp.json.lzma"), include_bytes!("../../models/amp.index.gz"));
/// `amplify`
pub static AMPLIFY: Service =
    Service::new("amplify", include_bytes!("../../models/amplify.json.lzma"), include_bytes!("../../models/amplify.index.gz"));
/// `amplifybackend`
pub static AMPLIFYBACKEND: Service =
    Service::new("amplifybackend", include_bytes!("../../models/amplifybackend.json.lzma"), include_bytes!("../../models/amplifybackend.index.gz"));
/// `amplifyuibuilder`
pub static AMPLIFYUIBUILDER: Service =
    Service::new("amplifyuibuilder", include_bytes!("../../models/amplifyuibuilder.json.lzma"), include_bytes!("../../models/amplifyuibuilder.index.gz"));
/// `apigateway`
pub static APIGATEWAY: Service =
    Service::new("apigateway", include_bytes!("../../models/apigateway.json.lzma"), include_bytes!("../../models/apigateway.index.gz"));
/// `apigatewaymanagementapi`
pub static APIGATEWAYMANAGEMENTAPI: Service =
    Service::new("apigatewaymanagementapi", include_bytes!("../../models/apigatewaymanagementapi.json.lzma"), include_bytes!("../../models/apigatewaymanagementapi.index.gz"));
/// `apigatewayv2`
pub static APIGATEWAYV2: Service =
    Service::new("apigatewayv2", include_bytes!("../../models/apigatewayv2.json.lzma"), include_bytes!("../../models/apigatewayv2.index.gz"));
/// `appconfig`
pub static APPCONFIG: Service =
    Service::new("appconfig", include_bytes!("../../models/appconfig.json.lzma"), include_bytes!("../../models/appconfig.index.gz"));
/// `appconfigdata`
pub static APPCONFIGDATA: Service =
    Service::new("appconfigdata", include_bytes!("../../models/appconfigdata.json.lzma"), include_bytes!("../../models/appconfigdata.index.gz"));
/// `appfabric`
pub static APPFABRIC: Service =
    Service::new("appfabric", include_bytes!("../../models/appfabric.json.lzma"), include_bytes!("../../models/appfabric.index.gz"));
/// `appflow`
pub static APPFLOW: Service =
    Service::new("appflow", include_bytes!("../../models/appflow.json.lzma"), include_bytes!("../../models/appflow.index.gz"));
/// `appintegrations`
pub static APPINTEGRATIONS: Service =
    Service::new("appintegrations", include_bytes!("../../models/appintegrations.json.lzma"), include_bytes!("../../models/appintegrations.index.gz"));
/// `application-autoscaling`
pub static APPLICATION_AUTOSCALING: Service =
    Service::new("application-autoscaling", include_bytes!("../../models/application-autoscaling.json.lzma"), include_bytes!("../../models/application-autoscaling.index.gz"));
/// `application-insights`
pub static APPLICATION_INSIGHTS: Service =
    Service::new("application-insights", include_bytes!("../../models/application-insights.json.lzma"), include_bytes!("../../models/application-insights.index.gz"));
/// `application-signals`
pub static APPLICATION_SIGNALS: Service =
    Service::new("application-signals", include_bytes!("../../models/application-signals.json.lzma"), include_bytes!("../../models/application-signals.index.gz"));
/// `applicationcostprofiler`
pub static APPLICATIONCOSTPROFILER: Service =
    Service::new("applicationcostprofiler", include_bytes!("../../models/applicationcostprofiler.json.lzma"), include_bytes!("../../models/applicationcostprofiler.index.gz"));
/// `appmesh`
pub static APPMESH: Service =
    Service::new("appmesh", include_bytes!("../../models/appmesh.json.lzma"), include_bytes!("../../models/appmesh.index.gz"));
/// `apprunner`
pub static APPRUNNER: Service =
    Service::new("apprunner", include_bytes!("../../models/apprunner.json.lzma"), include_bytes!("../../models/apprunner.index.gz"));
/// `appstream`
pub static APPSTREAM: Service =
    Service::new("appstream", include_bytes!("../../models/appstream.json.lzma"), include_bytes!("../../models/appstream.index.gz"));
/// `appsync`
pub static APPSYNC: Service =
    Service::new("appsync", include_bytes!("../../models/appsync.json.lzma"), include_bytes!("../../models/appsync.index.gz"));
/// `arc-region-switch`
pub static ARC_REGION_SWITCH: Service =
    Service::new("arc-region-switch", include_bytes!("../../models/arc-region-switch.json.lzma"), include_bytes!("../../models/arc-region-switch.index.gz"));
/// `arc-zonal-shift`
pub static ARC_ZONAL_SHIFT: Service =
    Service::new("arc-zonal-shift", include_bytes!("../../models/arc-zonal-shift.json.lzma"), include_bytes!("../../models/arc-zonal-shift.index.gz"));
/// `artifact`
pub static ARTIFACT: Service =
    Service::new("artifact", include_bytes!("../../models/artifact.json.lzma"), include_bytes!("../../models/artifact.index.gz"));
/// `athena`
pub static ATHENA: Service =
    Service::new("athena", include_bytes!("../../models/athena.json.lzma"), include_bytes!("../../models/athena.index.gz"));
/// `auditmanager`
pub static AUDITMANAGER: Service =
    Service::new("auditmanager", include_bytes!("../../models/auditmanager.json.lzma"), include_bytes!("../../models/auditmanager.index.gz"));
/// `autoscaling`
pub static AUTOSCALING: Service =
    Service::new("autoscaling", include_bytes!("../../models/autoscaling.json.lzma"), include_bytes!("../../models/autoscaling.index.gz"));
/// `autoscaling-plans`
pub static AUTOSCALING_PLANS: Service =
    Service::new("autoscaling-plans", include_bytes!("../../models/autoscaling-plans.json.lzma"), include_bytes!("../../models/autoscaling-plans.index.gz"));
/// `b2bi`
pub static B2BI: Service =
    Service::new("b2bi", include_bytes!("../../models/b2bi.json.lzma"), include_bytes!("../../models/b2bi.index.gz"));
/// `backup`
pub static BACKUP: Service =
    Service::new("backup", include_bytes!("../../models/backup.json.lzma"), include_bytes!("../../models/backup.index.gz"));
/// `backup-gateway`
pub static BACKUP_GATEWAY: Service =
    Service::new("backup-gateway", include_bytes!("../../models/backup-gateway.json.lzma"), include_bytes!("../../models/backup-gateway.index.gz"));
/// `backupsearch`
pub static BACKUPSEARCH: Service =
    Service::new("backupsearch", include_bytes!("../../models/backupsearch.json.lzma"), include_bytes!("../../models/backupsearch.index.gz"));
/// `batch`
pub static BATCH: Service =
    Service::new("batch", include_bytes!("../../models/batch.json.lzma"), include_bytes!("../../models/batch.index.gz"));
/// `bcm-dashboards`
pub static BCM_DASHBOARDS: Service =
    Service::new("bcm-dashboards", include_bytes!("../../models/bcm-dashboards.json.lzma"), include_bytes!("../../models/bcm-dashboards.index.gz"));
/// `bcm-data-exports`
pub static BCM_DATA_EXPORTS: Service =
    Service::new("bcm-data-exports", include_bytes!("../../models/bcm-data-exports.json.lzma"), include_bytes!("../../models/bcm-data-exports.index.gz"));
/// `bcm-pricing-calculator`
pub static BCM_PRICING_CALCULATOR: Service =
    Service::new("bcm-pricing-calculator", include_bytes!("../../models/bcm-pricing-calculator.json.lzma"), include_bytes!("../../models/bcm-pricing-calculator.index.gz"));
/// `bcm-recommended-actions`
pub static BCM_RECOMMENDED_ACTIONS: Service =
    Service::new("bcm-recommended-actions", include_bytes!("../../models/bcm-recommended-actions.json.lzma"), include_bytes!("../../models/bcm-recommended-actions.index.gz"));
/// `bedrock`
pub static BEDROCK: Service =
    Service::new("bedrock", include_bytes!("../../models/bedrock.json.lzma"), include_bytes!("../../models/bedrock.index.gz"));
/// `bedrock-agent`
pub static BEDROCK_AGENT: Service =
    Service::new("bedrock-agent", include_bytes!("../../models/bedrock-agent.json.lzma"), include_bytes!("../../models/bedrock-agent.index.gz"));
/// `bedrock-agent-runtime`
pub static BEDROCK_AGENT_RUNTIME: Service =
    Service::new("bedrock-agent-runtime", include_bytes!("../../models/bedrock-agent-runtime.json.lzma"), include_bytes!("../../models/bedrock-agent-runtime.index.gz"));
/// `bedrock-agentcore`
pub static BEDROCK_AGENTCORE: Service =
    Service::new("bedrock-agentcore", include_bytes!("../../models/bedrock-agentcore.json.lzma"), include_bytes!("../../models/bedrock-agentcore.index.gz"));
/// `bedrock-agentcore-control`
pub static BEDROCK_AGENTCORE_CONTROL: Service =
    Service::new("bedrock-agentcore-control", include_bytes!("../../models/bedrock-agentcore-control.json.lzma"), include_bytes!("../../models/bedrock-agentcore-control.index.gz"));
/// `bedrock-data-automation`
pub static BEDROCK_DATA_AUTOMATION: Service =
    Service::new("bedrock-data-automation", include_bytes!("../../models/bedrock-data-automation.json.lzma"), include_bytes!("../../models/bedrock-data-automation.index.gz"));
/// `bedrock-data-automation-runtime`
pub static BEDROCK_DATA_AUTOMATION_RUNTIME: Service =
    Service::new("bedrock-data-automation-runtime", include_bytes!("../../models/bedrock-data-automation-runtime.json.lzma"), include_bytes!("../../models/bedrock-data-automation-runtime.index.gz"));
/// `bedrock-runtime`
pub static BEDROCK_RUNTIME: Service =
    Service::new("bedrock-runtime", include_bytes!("../../models/bedrock-runtime.json.lzma"), include_bytes!("../../models/bedrock-runtime.index.gz"));
/// `billing`
pub static BILLING: Service =
    Service::new("billing", include_bytes!("../../models/billing.json.lzma"), include_bytes!("../../models/billing.index.gz"));
/// `billingconductor`
pub static BILLINGCONDUCTOR: Service =
    Service::new("billingconductor", include_bytes!("../../models/billingconductor.json.lzma"), include_bytes!("../../models/billingconductor.index.gz"));
/// `braket`
pub static BRAKET: Service =
    Service::new("braket", include_bytes!("../../models/braket.json.lzma"), include_bytes!("../../models/braket.index.gz"));
/// `budgets`
pub static BUDGETS: Service =
    Service::new("budgets", include_bytes!("../../models/budgets.json.lzma"), include_bytes!("../../models/budgets.index.gz"));
/// `ce`
pub static CE: Service =
    Service::new("ce", include_bytes!("../../models/ce.json.lzma"), include_bytes!("../../models/ce.index.gz"));
/// `chatbot`
pub static CHATBOT: Service =
    Service::new("chatbot", include_bytes!("../../models/chatbot.json.lzma"), include_bytes!("../../models/chatbot.index.gz"));
/// `chime`
pub static CHIME: Service =
    Service::new("chime", include_bytes!("../../models/chime.json.lzma"), include_bytes!("../../models/chime.index.gz"));
/// `chime-sdk-identity`
pub static CHIME_SDK_IDENTITY: Service =
    Service::new("chime-sdk-identity", include_bytes!("../../models/chime-sdk-identity.json.lzma"), include_bytes!("../../models/chime-sdk-identity.index.gz"));
/// `chime-sdk-media-pipelines`
pub static CHIME_SDK_MEDIA_PIPELINES: Service =
    Service::new("chime-sdk-media-pipelines", include_bytes!("../../models/chime-sdk-media-pipelines.json.lzma"), include_bytes!("../../models/chime-sdk-media-pipelines.index.gz"));
/// `chime-sdk-meetings`
pub static CHIME_SDK_MEETINGS: Service =
    Service::new("chime-sdk-meetings", include_bytes!("../../models/chime-sdk-meetings.json.lzma"), include_bytes!("../../models/chime-sdk-meetings.index.gz"));
/// `chime-sdk-messaging`
pub static CHIME_SDK_MESSAGING: Service =
    Service::new("chime-sdk-messaging", include_bytes!("../../models/chime-sdk-messaging.json.lzma"), include_bytes!("../../models/chime-sdk-messaging.index.gz"));
/// `chime-sdk-voice`
pub static CHIME_SDK_VOICE: Service =
    Service::new("chime-sdk-voice", include_bytes!("../../models/chime-sdk-voice.json.lzma"), include_bytes!("../../models/chime-sdk-voice.index.gz"));
/// `cleanrooms`
pub static CLEANROOMS: Service =
    Service::new("cleanrooms", include_bytes!("../../models/cleanrooms.json.lzma"), include_bytes!("../../models/cleanrooms.index.gz"));
/// `cleanroomsml`
pub static CLEANROOMSML: Service =
    Service::new("cleanroomsml", include_bytes!("../../models/cleanroomsml.json.lzma"), include_bytes!("../../models/cleanroomsml.index.gz"));
/// `cloud9`
pub static CLOUD9: Service =
    Service::new("cloud9", include_bytes!("../../models/cloud9.json.lzma"), include_bytes!("../../models/cloud9.index.gz"));
/// `cloudcontrol`
pub static CLOUDCONTROL: Service =
    Service::new("cloudcontrol", include_bytes!("../../models/cloudcontrol.json.lzma"), include_bytes!("../../models/cloudcontrol.index.gz"));
/// `clouddirectory`
pub static CLOUDDIRECTORY: Service =
    Service::new("clouddirectory", include_bytes!("../../models/clouddirectory.json.lzma"), include_bytes!("../../models/clouddirectory.index.gz"));
/// `cloudformation`
pub static CLOUDFORMATION: Service =
    Service::new("cloudformation", include_bytes!("../../models/cloudformation.json.lzma"), include_bytes!("../../models/cloudformation.index.gz"));
/// `cloudfront`
pub static CLOUDFRONT: Service =
    Service::new("cloudfront", include_bytes!("../../models/cloudfront.json.lzma"), include_bytes!("../../models/cloudfront.index.gz"));
/// `cloudfront-keyvaluestore`
pub static CLOUDFRONT_KEYVALUESTORE: Service =
    Service::new("cloudfront-keyvaluestore", include_bytes!("../../models/cloudfront-keyvaluestore.json.lzma"), include_bytes!("../../models/cloudfront-keyvaluestore.index.gz"));
/// `cloudhsm`
pub static CLOUDHSM: Service =
    Service::new("cloudhsm", include_bytes!("../../models/cloudhsm.json.lzma"), include_bytes!("../../models/cloudhsm.index.gz"));
/// `cloudhsmv2`
pub static CLOUDHSMV2: Service =
    Service::new("cloudhsmv2", include_bytes!("../../models/cloudhsmv2.json.lzma"), include_bytes!("../../models/cloudhsmv2.index.gz"));
/// `cloudsearch`
pub static CLOUDSEARCH: Service =
    Service::new("cloudsearch", include_bytes!("../../models/cloudsearch.json.lzma"), include_bytes!("../../models/cloudsearch.index.gz"));
/// `cloudsearchdomain`
pub static CLOUDSEARCHDOMAIN: Service =
    Service::new("cloudsearchdomain", include_bytes!("../../models/cloudsearchdomain.json.lzma"), include_bytes!("../../models/cloudsearchdomain.index.gz"));
/// `cloudtrail`
pub static CLOUDTRAIL: Service =
    Service::new("cloudtrail", include_bytes!("../../models/cloudtrail.json.lzma"), include_bytes!("../../models/cloudtrail.index.gz"));
/// `cloudtrail-data`
pub static CLOUDTRAIL_DATA: Service =
    Service::new("cloudtrail-data", include_bytes!("../../models/cloudtrail-data.json.lzma"), include_bytes!("../../models/cloudtrail-data.index.gz"));
/// `cloudwatch`
pub static CLOUDWATCH: Service =
    Service::new("cloudwatch", include_bytes!("../../models/cloudwatch.json.lzma"), include_bytes!("../../models/cloudwatch.index.gz"));
/// `cloudwatchomni`
pub static CLOUDWATCHOMNI: Service =
    Service::new("cloudwatchomni", include_bytes!("../../models/cloudwatchomni.json.lzma"), include_bytes!("../../models/cloudwatchomni.index.gz"));
/// `codeartifact`
pub static CODEARTIFACT: Service =
    Service::new("codeartifact", include_bytes!("../../models/codeartifact.json.lzma"), include_bytes!("../../models/codeartifact.index.gz"));
/// `codebuild`
pub static CODEBUILD: Service =
    Service::new("codebuild", include_bytes!("../../models/codebuild.json.lzma"), include_bytes!("../../models/codebuild.index.gz"));
/// `codecatalyst`
pub static CODECATALYST: Service =
    Service::new("codecatalyst", include_bytes!("../../models/codecatalyst.json.lzma"), include_bytes!("../../models/codecatalyst.index.gz"));
/// `codecommit`
pub static CODECOMMIT: Service =
    Service::new("codecommit", include_bytes!("../../models/codecommit.json.lzma"), include_bytes!("../../models/codecommit.index.gz"));
/// `codeconnections`
pub static CODECONNECTIONS: Service =
    Service::new("codeconnections", include_bytes!("../../models/codeconnections.json.lzma"), include_bytes!("../../models/codeconnections.index.gz"));
/// `codedeploy`
pub static CODEDEPLOY: Service =
    Service::new("codedeploy", include_bytes!("../../models/codedeploy.json.lzma"), include_bytes!("../../models/codedeploy.index.gz"));
/// `codeguru-reviewer`
pub static CODEGURU_REVIEWER: Service =
    Service::new("codeguru-reviewer", include_bytes!("../../models/codeguru-reviewer.json.lzma"), include_bytes!("../../models/codeguru-reviewer.index.gz"));
/// `codeguru-security`
pub static CODEGURU_SECURITY: Service =
    Service::new("codeguru-security", include_bytes!("../../models/codeguru-security.json.lzma"), include_bytes!("../../models/codeguru-security.index.gz"));
/// `codeguruprofiler`
pub static CODEGURUPROFILER: Service =
    Service::new("codeguruprofiler", include_bytes!("../../models/codeguruprofiler.json.lzma"), include_bytes!("../../models/codeguruprofiler.index.gz"));
/// `codepipeline`
pub static CODEPIPELINE: Service =
    Service::new("codepipeline", include_bytes!("../../models/codepipeline.json.lzma"), include_bytes!("../../models/codepipeline.index.gz"));
/// `codestar-connections`
pub static CODESTAR_CONNECTIONS: Service =
    Service::new("codestar-connections", include_bytes!("../../models/codestar-connections.json.lzma"), include_bytes!("../../models/codestar-connections.index.gz"));
/// `codestar-notifications`
pub static CODESTAR_NOTIFICATIONS: Service =
    Service::new("codestar-notifications", include_bytes!("../../models/codestar-notifications.json.lzma"), include_bytes!("../../models/codestar-notifications.index.gz"));
/// `cognito-identity`
pub static COGNITO_IDENTITY: Service =
    Service::new("cognito-identity", include_bytes!("../../models/cognito-identity.json.lzma"), include_bytes!("../../models/cognito-identity.index.gz"));
/// `cognito-idp`
pub static COGNITO_IDP: Service =
    Service::new("cognito-idp", include_bytes!("../../models/cognito-idp.json.lzma"), include_bytes!("../../models/cognito-idp.index.gz"));
/// `cognito-sync`
pub static COGNITO_SYNC: Service =
    Service::new("cognito-sync", include_bytes!("../../models/cognito-sync.json.lzma"), include_bytes!("../../models/cognito-sync.index.gz"));
/// `comprehend`
pub static COMPREHEND: Service =
    Service::new("comprehend", include_bytes!("../../models/comprehend.json.lzma"), include_bytes!("../../models/comprehend.index.gz"));
/// `comprehendmedical`
pub static COMPREHENDMEDICAL: Service =
    Service::new("comprehendmedical", include_bytes!("../../models/comprehendmedical.json.lzma"), include_bytes!("../../models/comprehendmedical.index.gz"));
/// `compute-optimizer`
pub static COMPUTE_OPTIMIZER: Service =
    Service::new("compute-optimizer", include_bytes!("../../models/compute-optimizer.json.lzma"), include_bytes!("../../models/compute-optimizer.index.gz"));
/// `compute-optimizer-automation`
pub static COMPUTE_OPTIMIZER_AUTOMATION: Service =
    Service::new("compute-optimizer-automation", include_bytes!("../../models/compute-optimizer-automation.json.lzma"), include_bytes!("../../models/compute-optimizer-automation.index.gz"));
/// `config`
pub static CONFIG: Service =
    Service::new("config", include_bytes!("../../models/config.json.lzma"), include_bytes!("../../models/config.index.gz"));
/// `connect`
pub static CONNECT: Service =
    Service::new("connect", include_bytes!("../../models/connect.json.lzma"), include_bytes!("../../models/connect.index.gz"));
/// `connect-contact-lens`
pub static CONNECT_CONTACT_LENS: Service =
    Service::new("connect-contact-lens", include_bytes!("../../models/connect-contact-lens.json.lzma"), include_bytes!("../../models/connect-contact-lens.index.gz"));
/// `connectcampaigns`
pub static CONNECTCAMPAIGNS: Service =
    Service::new("connectcampaigns", include_bytes!("../../models/connectcampaigns.json.lzma"), include_bytes!("../../models/connectcampaigns.index.gz"));
/// `connectcampaignsv2`
pub static CONNECTCAMPAIGNSV2: Service =
    Service::new("connectcampaignsv2", include_bytes!("../../models/connectcampaignsv2.json.lzma"), include_bytes!("../../models/connectcampaignsv2.index.gz"));
/// `connectcases`
pub static CONNECTCASES: Service =
    Service::new("connectcases", include_bytes!("../../models/connectcases.json.lzma"), include_bytes!("../../models/connectcases.index.gz"));
/// `connecthealth`
pub static CONNECTHEALTH: Service =
    Service::new("connecthealth", include_bytes!("../../models/connecthealth.json.lzma"), include_bytes!("../../models/connecthealth.index.gz"));
/// `connectparticipant`
pub static CONNECTPARTICIPANT: Service =
    Service::new("connectparticipant", include_bytes!("../../models/connectparticipant.json.lzma"), include_bytes!("../../models/connectparticipant.index.gz"));
/// `controlcatalog`
pub static CONTROLCATALOG: Service =
    Service::new("controlcatalog", include_bytes!("../../models/controlcatalog.json.lzma"), include_bytes!("../../models/controlcatalog.index.gz"));
/// `controltower`
pub static CONTROLTOWER: Service =
    Service::new("controltower", include_bytes!("../../models/controltower.json.lzma"), include_bytes!("../../models/controltower.index.gz"));
/// `cost-optimization-hub`
pub static COST_OPTIMIZATION_HUB: Service =
    Service::new("cost-optimization-hub", include_bytes!("../../models/cost-optimization-hub.json.lzma"), include_bytes!("../../models/cost-optimization-hub.index.gz"));
/// `cur`
pub static CUR: Service =
    Service::new("cur", include_bytes!("../../models/cur.json.lzma"), include_bytes!("../../models/cur.index.gz"));
/// `customer-profiles`
pub static CUSTOMER_PROFILES: Service =
    Service::new("customer-profiles", include_bytes!("../../models/customer-profiles.json.lzma"), include_bytes!("../../models/customer-profiles.index.gz"));
/// `databrew`
pub static DATABREW: Service =
    Service::new("databrew", include_bytes!("../../models/databrew.json.lzma"), include_bytes!("../../models/databrew.index.gz"));
/// `dataexchange`
pub static DATAEXCHANGE: Service =
    Service::new("dataexchange", include_bytes!("../../models/dataexchange.json.lzma"), include_bytes!("../../models/dataexchange.index.gz"));
/// `datapipeline`
pub static DATAPIPELINE: Service =
    Service::new("datapipeline", include_bytes!("../../models/datapipeline.json.lzma"), include_bytes!("../../models/datapipeline.index.gz"));
/// `datasync`
pub static DATASYNC: Service =
    Service::new("datasync", include_bytes!("../../models/datasync.json.lzma"), include_bytes!("../../models/datasync.index.gz"));
/// `datazone`
pub static DATAZONE: Service =
    Service::new("datazone", include_bytes!("../../models/datazone.json.lzma"), include_bytes!("../../models/datazone.index.gz"));
/// `dax`
pub static DAX: Service =
    Service::new("dax", include_bytes!("../../models/dax.json.lzma"), include_bytes!("../../models/dax.index.gz"));
/// `deadline`
pub static DEADLINE: Service =
    Service::new("deadline", include_bytes!("../../models/deadline.json.lzma"), include_bytes!("../../models/deadline.index.gz"));
/// `detective`
pub static DETECTIVE: Service =
    Service::new("detective", include_bytes!("../../models/detective.json.lzma"), include_bytes!("../../models/detective.index.gz"));
/// `devicefarm`
pub static DEVICEFARM: Service =
    Service::new("devicefarm", include_bytes!("../../models/devicefarm.json.lzma"), include_bytes!("../../models/devicefarm.index.gz"));
/// `devops-agent`
pub static DEVOPS_AGENT: Service =
    Service::new("devops-agent", include_bytes!("../../models/devops-agent.json.lzma"), include_bytes!("../../models/devops-agent.index.gz"));
/// `devops-guru`
pub static DEVOPS_GURU: Service =
    Service::new("devops-guru", include_bytes!("../../models/devops-guru.json.lzma"), include_bytes!("../../models/devops-guru.index.gz"));
/// `directconnect`
pub static DIRECTCONNECT: Service =
    Service::new("directconnect", include_bytes!("../../models/directconnect.json.lzma"), include_bytes!("../../models/directconnect.index.gz"));
/// `discovery`
pub static DISCOVERY: Service =
    Service::new("discovery", include_bytes!("../../models/discovery.json.lzma"), include_bytes!("../../models/discovery.index.gz"));
/// `dlm`
pub static DLM: Service =
    Service::new("dlm", include_bytes!("../../models/dlm.json.lzma"), include_bytes!("../../models/dlm.index.gz"));
/// `dms`
pub static DMS: Service =
    Service::new("dms", include_bytes!("../../models/dms.json.lzma"), include_bytes!("../../models/dms.index.gz"));
/// `docdb`
pub static DOCDB: Service =
    Service::new("docdb", include_bytes!("../../models/docdb.json.lzma"), include_bytes!("../../models/docdb.index.gz"));
/// `docdb-elastic`
pub static DOCDB_ELASTIC: Service =
    Service::new("docdb-elastic", include_bytes!("../../models/docdb-elastic.json.lzma"), include_bytes!("../../models/docdb-elastic.index.gz"));
/// `drs`
pub static DRS: Service =
    Service::new("drs", include_bytes!("../../models/drs.json.lzma"), include_bytes!("../../models/drs.index.gz"));
/// `ds`
pub static DS: Service =
    Service::new("ds", include_bytes!("../../models/ds.json.lzma"), include_bytes!("../../models/ds.index.gz"));
/// `ds-data`
pub static DS_DATA: Service =
    Service::new("ds-data", include_bytes!("../../models/ds-data.json.lzma"), include_bytes!("../../models/ds-data.index.gz"));
/// `dsql`
pub static DSQL: Service =
    Service::new("dsql", include_bytes!("../../models/dsql.json.lzma"), include_bytes!("../../models/dsql.index.gz"));
/// `dynamodb`
pub static DYNAMODB: Service =
    Service::new("dynamodb", include_bytes!("../../models/dynamodb.json.lzma"), include_bytes!("../../models/dynamodb.index.gz"));
/// `dynamodbstreams`
pub static DYNAMODBSTREAMS: Service =
    Service::new("dynamodbstreams", include_bytes!("../../models/dynamodbstreams.json.lzma"), include_bytes!("../../models/dynamodbstreams.index.gz"));
/// `ebs`
pub static EBS: Service =
    Service::new("ebs", include_bytes!("../../models/ebs.json.lzma"), include_bytes!("../../models/ebs.index.gz"));
/// `ec2`
pub static EC2: Service =
    Service::new("ec2", include_bytes!("../../models/ec2.json.lzma"), include_bytes!("../../models/ec2.index.gz"));
/// `ec2-instance-connect`
pub static EC2_INSTANCE_CONNECT: Service =
    Service::new("ec2-instance-connect", include_bytes!("../../models/ec2-instance-connect.json.lzma"), include_bytes!("../../models/ec2-instance-connect.index.gz"));
/// `ecr`
pub static ECR: Service =
    Service::new("ecr", include_bytes!("../../models/ecr.json.lzma"), include_bytes!("../../models/ecr.index.gz"));
/// `ecr-public`
pub static ECR_PUBLIC: Service =
    Service::new("ecr-public", include_bytes!("../../models/ecr-public.json.lzma"), include_bytes!("../../models/ecr-public.index.gz"));
/// `ecs`
pub static ECS: Service =
    Service::new("ecs", include_bytes!("../../models/ecs.json.lzma"), include_bytes!("../../models/ecs.index.gz"));
/// `efs`
pub static EFS: Service =
    Service::new("efs", include_bytes!("../../models/efs.json.lzma"), include_bytes!("../../models/efs.index.gz"));
/// `eks`
pub static EKS: Service =
    Service::new("eks", include_bytes!("../../models/eks.json.lzma"), include_bytes!("../../models/eks.index.gz"));
/// `eks-auth`
pub static EKS_AUTH: Service =
    Service::new("eks-auth", include_bytes!("../../models/eks-auth.json.lzma"), include_bytes!("../../models/eks-auth.index.gz"));
/// `elasticache`
pub static ELASTICACHE: Service =
    Service::new("elasticache", include_bytes!("../../models/elasticache.json.lzma"), include_bytes!("../../models/elasticache.index.gz"));
/// `elasticbeanstalk`
pub static ELASTICBEANSTALK: Service =
    Service::new("elasticbeanstalk", include_bytes!("../../models/elasticbeanstalk.json.lzma"), include_bytes!("../../models/elasticbeanstalk.index.gz"));
/// `elb`
pub static ELB: Service =
    Service::new("elb", include_bytes!("../../models/elb.json.lzma"), include_bytes!("../../models/elb.index.gz"));
/// `elbv2`
pub static ELBV2: Service =
    Service::new("elbv2", include_bytes!("../../models/elbv2.json.lzma"), include_bytes!("../../models/elbv2.index.gz"));
/// `elementalinference`
pub static ELEMENTALINFERENCE: Service =
    Service::new("elementalinference", include_bytes!("../../models/elementalinference.json.lzma"), include_bytes!("../../models/elementalinference.index.gz"));
/// `emr`
pub static EMR: Service =
    Service::new("emr", include_bytes!("../../models/emr.json.lzma"), include_bytes!("../../models/emr.index.gz"));
/// `emr-containers`
pub static EMR_CONTAINERS: Service =
    Service::new("emr-containers", include_bytes!("../../models/emr-containers.json.lzma"), include_bytes!("../../models/emr-containers.index.gz"));
/// `emr-serverless`
pub static EMR_SERVERLESS: Service =
    Service::new("emr-serverless", include_bytes!("../../models/emr-serverless.json.lzma"), include_bytes!("../../models/emr-serverless.index.gz"));
/// `entityresolution`
pub static ENTITYRESOLUTION: Service =
    Service::new("entityresolution", include_bytes!("../../models/entityresolution.json.lzma"), include_bytes!("../../models/entityresolution.index.gz"));
/// `es`
pub static ES: Service =
    Service::new("es", include_bytes!("../../models/es.json.lzma"), include_bytes!("../../models/es.index.gz"));
/// `eventbridgev2`
pub static EVENTBRIDGEV2: Service =
    Service::new("eventbridgev2", include_bytes!("../../models/eventbridgev2.json.lzma"), include_bytes!("../../models/eventbridgev2.index.gz"));
/// `events`
pub static EVENTS: Service =
    Service::new("events", include_bytes!("../../models/events.json.lzma"), include_bytes!("../../models/events.index.gz"));
/// `evs`
pub static EVS: Service =
    Service::new("evs", include_bytes!("../../models/evs.json.lzma"), include_bytes!("../../models/evs.index.gz"));
/// `finspace`
pub static FINSPACE: Service =
    Service::new("finspace", include_bytes!("../../models/finspace.json.lzma"), include_bytes!("../../models/finspace.index.gz"));
/// `finspace-data`
pub static FINSPACE_DATA: Service =
    Service::new("finspace-data", include_bytes!("../../models/finspace-data.json.lzma"), include_bytes!("../../models/finspace-data.index.gz"));
/// `firehose`
pub static FIREHOSE: Service =
    Service::new("firehose", include_bytes!("../../models/firehose.json.lzma"), include_bytes!("../../models/firehose.index.gz"));
/// `fis`
pub static FIS: Service =
    Service::new("fis", include_bytes!("../../models/fis.json.lzma"), include_bytes!("../../models/fis.index.gz"));
/// `fms`
pub static FMS: Service =
    Service::new("fms", include_bytes!("../../models/fms.json.lzma"), include_bytes!("../../models/fms.index.gz"));
/// `forecast`
pub static FORECAST: Service =
    Service::new("forecast", include_bytes!("../../models/forecast.json.lzma"), include_bytes!("../../models/forecast.index.gz"));
/// `forecastquery`
pub static FORECASTQUERY: Service =
    Service::new("forecastquery", include_bytes!("../../models/forecastquery.json.lzma"), include_bytes!("../../models/forecastquery.index.gz"));
/// `frauddetector`
pub static FRAUDDETECTOR: Service =
    Service::new("frauddetector", include_bytes!("../../models/frauddetector.json.lzma"), include_bytes!("../../models/frauddetector.index.gz"));
/// `freetier`
pub static FREETIER: Service =
    Service::new("freetier", include_bytes!("../../models/freetier.json.lzma"), include_bytes!("../../models/freetier.index.gz"));
/// `fsx`
pub static FSX: Service =
    Service::new("fsx", include_bytes!("../../models/fsx.json.lzma"), include_bytes!("../../models/fsx.index.gz"));
/// `gamelift`
pub static GAMELIFT: Service =
    Service::new("gamelift", include_bytes!("../../models/gamelift.json.lzma"), include_bytes!("../../models/gamelift.index.gz"));
/// `gameliftstreams`
pub static GAMELIFTSTREAMS: Service =
    Service::new("gameliftstreams", include_bytes!("../../models/gameliftstreams.json.lzma"), include_bytes!("../../models/gameliftstreams.index.gz"));
/// `geo-maps`
pub static GEO_MAPS: Service =
    Service::new("geo-maps", include_bytes!("../../models/geo-maps.json.lzma"), include_bytes!("../../models/geo-maps.index.gz"));
/// `geo-places`
pub static GEO_PLACES: Service =
    Service::new("geo-places", include_bytes!("../../models/geo-places.json.lzma"), include_bytes!("../../models/geo-places.index.gz"));
/// `geo-routes`
pub static GEO_ROUTES: Service =
    Service::new("geo-routes", include_bytes!("../../models/geo-routes.json.lzma"), include_bytes!("../../models/geo-routes.index.gz"));
/// `glacier`
pub static GLACIER: Service =
    Service::new("glacier", include_bytes!("../../models/glacier.json.lzma"), include_bytes!("../../models/glacier.index.gz"));
/// `globalaccelerator`
pub static GLOBALACCELERATOR: Service =
    Service::new("globalaccelerator", include_bytes!("../../models/globalaccelerator.json.lzma"), include_bytes!("../../models/globalaccelerator.index.gz"));
/// `glue`
pub static GLUE: Service =
    Service::new("glue", include_bytes!("../../models/glue.json.lzma"), include_bytes!("../../models/glue.index.gz"));
/// `grafana`
pub static GRAFANA: Service =
    Service::new("grafana", include_bytes!("../../models/grafana.json.lzma"), include_bytes!("../../models/grafana.index.gz"));
/// `greengrass`
pub static GREENGRASS: Service =
    Service::new("greengrass", include_bytes!("../../models/greengrass.json.lzma"), include_bytes!("../../models/greengrass.index.gz"));
/// `greengrassv2`
pub static GREENGRASSV2: Service =
    Service::new("greengrassv2", include_bytes!("../../models/greengrassv2.json.lzma"), include_bytes!("../../models/greengrassv2.index.gz"));
/// `groundstation`
pub static GROUNDSTATION: Service =
    Service::new("groundstation", include_bytes!("../../models/groundstation.json.lzma"), include_bytes!("../../models/groundstation.index.gz"));
/// `guardduty`
pub static GUARDDUTY: Service =
    Service::new("guardduty", include_bytes!("../../models/guardduty.json.lzma"), include_bytes!("../../models/guardduty.index.gz"));
/// `health`
pub static HEALTH: Service =
    Service::new("health", include_bytes!("../../models/health.json.lzma"), include_bytes!("../../models/health.index.gz"));
/// `healthlake`
pub static HEALTHLAKE: Service =
    Service::new("healthlake", include_bytes!("../../models/healthlake.json.lzma"), include_bytes!("../../models/healthlake.index.gz"));
/// `iam`
pub static IAM: Service =
    Service::new("iam", include_bytes!("../../models/iam.json.lzma"), include_bytes!("../../models/iam.index.gz"));
/// `iam-toolbox`
pub static IAM_TOOLBOX: Service =
    Service::new("iam-toolbox", include_bytes!("../../models/iam-toolbox.json.lzma"), include_bytes!("../../models/iam-toolbox.index.gz"));
/// `identitystore`
pub static IDENTITYSTORE: Service =
    Service::new("identitystore", include_bytes!("../../models/identitystore.json.lzma"), include_bytes!("../../models/identitystore.index.gz"));
/// `imagebuilder`
pub static IMAGEBUILDER: Service =
    Service::new("imagebuilder", include_bytes!("../../models/imagebuilder.json.lzma"), include_bytes!("../../models/imagebuilder.index.gz"));
/// `importexport`
pub static IMPORTEXPORT: Service =
    Service::new("importexport", include_bytes!("../../models/importexport.json.lzma"), include_bytes!("../../models/importexport.index.gz"));
/// `inspector`
pub static INSPECTOR: Service =
    Service::new("inspector", include_bytes!("../../models/inspector.json.lzma"), include_bytes!("../../models/inspector.index.gz"));
/// `inspector-scan`
pub static INSPECTOR_SCAN: Service =
    Service::new("inspector-scan", include_bytes!("../../models/inspector-scan.json.lzma"), include_bytes!("../../models/inspector-scan.index.gz"));
/// `inspector2`
pub static INSPECTOR2: Service =
    Service::new("inspector2", include_bytes!("../../models/inspector2.json.lzma"), include_bytes!("../../models/inspector2.index.gz"));
/// `interconnect`
pub static INTERCONNECT: Service =
    Service::new("interconnect", include_bytes!("../../models/interconnect.json.lzma"), include_bytes!("../../models/interconnect.index.gz"));
/// `internetmonitor`
pub static INTERNETMONITOR: Service =
    Service::new("internetmonitor", include_bytes!("../../models/internetmonitor.json.lzma"), include_bytes!("../../models/internetmonitor.index.gz"));
/// `invoicing`
pub static INVOICING: Service =
    Service::new("invoicing", include_bytes!("../../models/invoicing.json.lzma"), include_bytes!("../../models/invoicing.index.gz"));
/// `iot`
pub static IOT: Service =
    Service::new("iot", include_bytes!("../../models/iot.json.lzma"), include_bytes!("../../models/iot.index.gz"));
/// `iot-data`
pub static IOT_DATA: Service =
    Service::new("iot-data", include_bytes!("../../models/iot-data.json.lzma"), include_bytes!("../../models/iot-data.index.gz"));
/// `iot-jobs-data`
pub static IOT_JOBS_DATA: Service =
    Service::new("iot-jobs-data", include_bytes!("../../models/iot-jobs-data.json.lzma"), include_bytes!("../../models/iot-jobs-data.index.gz"));
/// `iot-managed-integrations`
pub static IOT_MANAGED_INTEGRATIONS: Service =
    Service::new("iot-managed-integrations", include_bytes!("../../models/iot-managed-integrations.json.lzma"), include_bytes!("../../models/iot-managed-integrations.index.gz"));
/// `iotdeviceadvisor`
pub static IOTDEVICEADVISOR: Service =
    Service::new("iotdeviceadvisor", include_bytes!("../../models/iotdeviceadvisor.json.lzma"), include_bytes!("../../models/iotdeviceadvisor.index.gz"));
/// `iotfleetwise`
pub static IOTFLEETWISE: Service =
    Service::new("iotfleetwise", include_bytes!("../../models/iotfleetwise.json.lzma"), include_bytes!("../../models/iotfleetwise.index.gz"));
/// `iotsecuretunneling`
pub static IOTSECURETUNNELING: Service =
    Service::new("iotsecuretunneling", include_bytes!("../../models/iotsecuretunneling.json.lzma"), include_bytes!("../../models/iotsecuretunneling.index.gz"));
/// `iotsitewise`
pub static IOTSITEWISE: Service =
    Service::new("iotsitewise", include_bytes!("../../models/iotsitewise.json.lzma"), include_bytes!("../../models/iotsitewise.index.gz"));
/// `iotthingsgraph`
pub static IOTTHINGSGRAPH: Service =
    Service::new("iotthingsgraph", include_bytes!("../../models/iotthingsgraph.json.lzma"), include_bytes!("../../models/iotthingsgraph.index.gz"));
/// `iottwinmaker`
pub static IOTTWINMAKER: Service =
    Service::new("iottwinmaker", include_bytes!("../../models/iottwinmaker.json.lzma"), include_bytes!("../../models/iottwinmaker.index.gz"));
/// `iotwireless`
pub static IOTWIRELESS: Service =
    Service::new("iotwireless", include_bytes!("../../models/iotwireless.json.lzma"), include_bytes!("../../models/iotwireless.index.gz"));
/// `ivs`
pub static IVS: Service =
    Service::new("ivs", include_bytes!("../../models/ivs.json.lzma"), include_bytes!("../../models/ivs.index.gz"));
/// `ivs-realtime`
pub static IVS_REALTIME: Service =
    Service::new("ivs-realtime", include_bytes!("../../models/ivs-realtime.json.lzma"), include_bytes!("../../models/ivs-realtime.index.gz"));
/// `ivschat`
pub static IVSCHAT: Service =
    Service::new("ivschat", include_bytes!("../../models/ivschat.json.lzma"), include_bytes!("../../models/ivschat.index.gz"));
/// `kafka`
pub static KAFKA: Service =
    Service::new("kafka", include_bytes!("../../models/kafka.json.lzma"), include_bytes!("../../models/kafka.index.gz"));
/// `kafkaconnect`
pub static KAFKACONNECT: Service =
    Service::new("kafkaconnect", include_bytes!("../../models/kafkaconnect.json.lzma"), include_bytes!("../../models/kafkaconnect.index.gz"));
/// `kendra`
pub static KENDRA: Service =
    Service::new("kendra", include_bytes!("../../models/kendra.json.lzma"), include_bytes!("../../models/kendra.index.gz"));
/// `kendra-ranking`
pub static KENDRA_RANKING: Service =
    Service::new("kendra-ranking", include_bytes!("../../models/kendra-ranking.json.lzma"), include_bytes!("../../models/kendra-ranking.index.gz"));
/// `keyspaces`
pub static KEYSPACES: Service =
    Service::new("keyspaces", include_bytes!("../../models/keyspaces.json.lzma"), include_bytes!("../../models/keyspaces.index.gz"));
/// `keyspacesstreams`
pub static KEYSPACESSTREAMS: Service =
    Service::new("keyspacesstreams", include_bytes!("../../models/keyspacesstreams.json.lzma"), include_bytes!("../../models/keyspacesstreams.index.gz"));
/// `kinesis`
pub static KINESIS: Service =
    Service::new("kinesis", include_bytes!("../../models/kinesis.json.lzma"), include_bytes!("../../models/kinesis.index.gz"));
/// `kinesis-video-archived-media`
pub static KINESIS_VIDEO_ARCHIVED_MEDIA: Service =
    Service::new("kinesis-video-archived-media", include_bytes!("../../models/kinesis-video-archived-media.json.lzma"), include_bytes!("../../models/kinesis-video-archived-media.index.gz"));
/// `kinesis-video-media`
pub static KINESIS_VIDEO_MEDIA: Service =
    Service::new("kinesis-video-media", include_bytes!("../../models/kinesis-video-media.json.lzma"), include_bytes!("../../models/kinesis-video-media.index.gz"));
/// `kinesis-video-signaling`
pub static KINESIS_VIDEO_SIGNALING: Service =
    Service::new("kinesis-video-signaling", include_bytes!("../../models/kinesis-video-signaling.json.lzma"), include_bytes!("../../models/kinesis-video-signaling.index.gz"));
/// `kinesis-video-webrtc-storage`
pub static KINESIS_VIDEO_WEBRTC_STORAGE: Service =
    Service::new("kinesis-video-webrtc-storage", include_bytes!("../../models/kinesis-video-webrtc-storage.json.lzma"), include_bytes!("../../models/kinesis-video-webrtc-storage.index.gz"));
/// `kinesisanalytics`
pub static KINESISANALYTICS: Service =
    Service::new("kinesisanalytics", include_bytes!("../../models/kinesisanalytics.json.lzma"), include_bytes!("../../models/kinesisanalytics.index.gz"));
/// `kinesisanalyticsv2`
pub static KINESISANALYTICSV2: Service =
    Service::new("kinesisanalyticsv2", include_bytes!("../../models/kinesisanalyticsv2.json.lzma"), include_bytes!("../../models/kinesisanalyticsv2.index.gz"));
/// `kinesisvideo`
pub static KINESISVIDEO: Service =
    Service::new("kinesisvideo", include_bytes!("../../models/kinesisvideo.json.lzma"), include_bytes!("../../models/kinesisvideo.index.gz"));
/// `kms`
pub static KMS: Service =
    Service::new("kms", include_bytes!("../../models/kms.json.lzma"), include_bytes!("../../models/kms.index.gz"));
/// `lakeformation`
pub static LAKEFORMATION: Service =
    Service::new("lakeformation", include_bytes!("../../models/lakeformation.json.lzma"), include_bytes!("../../models/lakeformation.index.gz"));
/// `lambda`
pub static LAMBDA: Service =
    Service::new("lambda", include_bytes!("../../models/lambda.json.lzma"), include_bytes!("../../models/lambda.index.gz"));
/// `lambda-core`
pub static LAMBDA_CORE: Service =
    Service::new("lambda-core", include_bytes!("../../models/lambda-core.json.lzma"), include_bytes!("../../models/lambda-core.index.gz"));
/// `lambda-microvms`
pub static LAMBDA_MICROVMS: Service =
    Service::new("lambda-microvms", include_bytes!("../../models/lambda-microvms.json.lzma"), include_bytes!("../../models/lambda-microvms.index.gz"));
/// `launch-wizard`
pub static LAUNCH_WIZARD: Service =
    Service::new("launch-wizard", include_bytes!("../../models/launch-wizard.json.lzma"), include_bytes!("../../models/launch-wizard.index.gz"));
/// `lex-models`
pub static LEX_MODELS: Service =
    Service::new("lex-models", include_bytes!("../../models/lex-models.json.lzma"), include_bytes!("../../models/lex-models.index.gz"));
/// `lex-runtime`
pub static LEX_RUNTIME: Service =
    Service::new("lex-runtime", include_bytes!("../../models/lex-runtime.json.lzma"), include_bytes!("../../models/lex-runtime.index.gz"));
/// `lexv2-models`
pub static LEXV2_MODELS: Service =
    Service::new("lexv2-models", include_bytes!("../../models/lexv2-models.json.lzma"), include_bytes!("../../models/lexv2-models.index.gz"));
/// `lexv2-runtime`
pub static LEXV2_RUNTIME: Service =
    Service::new("lexv2-runtime", include_bytes!("../../models/lexv2-runtime.json.lzma"), include_bytes!("../../models/lexv2-runtime.index.gz"));
/// `license-manager`
pub static LICENSE_MANAGER: Service =
    Service::new("license-manager", include_bytes!("../../models/license-manager.json.lzma"), include_bytes!("../../models/license-manager.index.gz"));
/// `license-manager-linux-subscriptions`
pub static LICENSE_MANAGER_LINUX_SUBSCRIPTIONS: Service =
    Service::new("license-manager-linux-subscriptions", include_bytes!("../../models/license-manager-linux-subscriptions.json.lzma"), include_bytes!("../../models/license-manager-linux-subscriptions.index.gz"));
/// `license-manager-user-subscriptions`
pub static LICENSE_MANAGER_USER_SUBSCRIPTIONS: Service =
    Service::new("license-manager-user-subscriptions", include_bytes!("../../models/license-manager-user-subscriptions.json.lzma"), include_bytes!("../../models/license-manager-user-subscriptions.index.gz"));
/// `lightsail`
pub static LIGHTSAIL: Service =
    Service::new("lightsail", include_bytes!("../../models/lightsail.json.lzma"), include_bytes!("../../models/lightsail.index.gz"));
/// `location`
pub static LOCATION: Service =
    Service::new("location", include_bytes!("../../models/location.json.lzma"), include_bytes!("../../models/location.index.gz"));
/// `logs`
pub static LOGS: Service =
    Service::new("logs", include_bytes!("../../models/logs.json.lzma"), include_bytes!("../../models/logs.index.gz"));
/// `lookoutequipment`
pub static LOOKOUTEQUIPMENT: Service =
    Service::new("lookoutequipment", include_bytes!("../../models/lookoutequipment.json.lzma"), include_bytes!("../../models/lookoutequipment.index.gz"));
/// `m2`
pub static M2: Service =
    Service::new("m2", include_bytes!("../../models/m2.json.lzma"), include_bytes!("../../models/m2.index.gz"));
/// `machinelearning`
pub static MACHINELEARNING: Service =
    Service::new("machinelearning", include_bytes!("../../models/machinelearning.json.lzma"), include_bytes!("../../models/machinelearning.index.gz"));
/// `macie2`
pub static MACIE2: Service =
    Service::new("macie2", include_bytes!("../../models/macie2.json.lzma"), include_bytes!("../../models/macie2.index.gz"));
/// `mailmanager`
pub static MAILMANAGER: Service =
    Service::new("mailmanager", include_bytes!("../../models/mailmanager.json.lzma"), include_bytes!("../../models/mailmanager.index.gz"));
/// `managedblockchain`
pub static MANAGEDBLOCKCHAIN: Service =
    Service::new("managedblockchain", include_bytes!("../../models/managedblockchain.json.lzma"), include_bytes!("../../models/managedblockchain.index.gz"));
/// `managedblockchain-query`
pub static MANAGEDBLOCKCHAIN_QUERY: Service =
    Service::new("managedblockchain-query", include_bytes!("../../models/managedblockchain-query.json.lzma"), include_bytes!("../../models/managedblockchain-query.index.gz"));
/// `marketplace-agreement`
pub static MARKETPLACE_AGREEMENT: Service =
    Service::new("marketplace-agreement", include_bytes!("../../models/marketplace-agreement.json.lzma"), include_bytes!("../../models/marketplace-agreement.index.gz"));
/// `marketplace-catalog`
pub static MARKETPLACE_CATALOG: Service =
    Service::new("marketplace-catalog", include_bytes!("../../models/marketplace-catalog.json.lzma"), include_bytes!("../../models/marketplace-catalog.index.gz"));
/// `marketplace-deployment`
pub static MARKETPLACE_DEPLOYMENT: Service =
    Service::new("marketplace-deployment", include_bytes!("../../models/marketplace-deployment.json.lzma"), include_bytes!("../../models/marketplace-deployment.index.gz"));
/// `marketplace-discovery`
pub static MARKETPLACE_DISCOVERY: Service =
    Service::new("marketplace-discovery", include_bytes!("../../models/marketplace-discovery.json.lzma"), include_bytes!("../../models/marketplace-discovery.index.gz"));
/// `marketplace-entitlement`
pub static MARKETPLACE_ENTITLEMENT: Service =
    Service::new("marketplace-entitlement", include_bytes!("../../models/marketplace-entitlement.json.lzma"), include_bytes!("../../models/marketplace-entitlement.index.gz"));
/// `marketplace-reporting`
pub static MARKETPLACE_REPORTING: Service =
    Service::new("marketplace-reporting", include_bytes!("../../models/marketplace-reporting.json.lzma"), include_bytes!("../../models/marketplace-reporting.index.gz"));
/// `marketplacecommerceanalytics`
pub static MARKETPLACECOMMERCEANALYTICS: Service =
    Service::new("marketplacecommerceanalytics", include_bytes!("../../models/marketplacecommerceanalytics.json.lzma"), include_bytes!("../../models/marketplacecommerceanalytics.index.gz"));
/// `mediaconnect`
pub static MEDIACONNECT: Service =
    Service::new("mediaconnect", include_bytes!("../../models/mediaconnect.json.lzma"), include_bytes!("../../models/mediaconnect.index.gz"));
/// `mediaconvert`
pub static MEDIACONVERT: Service =
    Service::new("mediaconvert", include_bytes!("../../models/mediaconvert.json.lzma"), include_bytes!("../../models/mediaconvert.index.gz"));
/// `medialive`
pub static MEDIALIVE: Service =
    Service::new("medialive", include_bytes!("../../models/medialive.json.lzma"), include_bytes!("../../models/medialive.index.gz"));
/// `mediapackage`
pub static MEDIAPACKAGE: Service =
    Service::new("mediapackage", include_bytes!("../../models/mediapackage.json.lzma"), include_bytes!("../../models/mediapackage.index.gz"));
/// `mediapackage-vod`
pub static MEDIAPACKAGE_VOD: Service =
    Service::new("mediapackage-vod", include_bytes!("../../models/mediapackage-vod.json.lzma"), include_bytes!("../../models/mediapackage-vod.index.gz"));
/// `mediapackagev2`
pub static MEDIAPACKAGEV2: Service =
    Service::new("mediapackagev2", include_bytes!("../../models/mediapackagev2.json.lzma"), include_bytes!("../../models/mediapackagev2.index.gz"));
/// `mediastore`
pub static MEDIASTORE: Service =
    Service::new("mediastore", include_bytes!("../../models/mediastore.json.lzma"), include_bytes!("../../models/mediastore.index.gz"));
/// `mediastore-data`
pub static MEDIASTORE_DATA: Service =
    Service::new("mediastore-data", include_bytes!("../../models/mediastore-data.json.lzma"), include_bytes!("../../models/mediastore-data.index.gz"));
/// `mediatailor`
pub static MEDIATAILOR: Service =
    Service::new("mediatailor", include_bytes!("../../models/mediatailor.json.lzma"), include_bytes!("../../models/mediatailor.index.gz"));
/// `medical-imaging`
pub static MEDICAL_IMAGING: Service =
    Service::new("medical-imaging", include_bytes!("../../models/medical-imaging.json.lzma"), include_bytes!("../../models/medical-imaging.index.gz"));
/// `memorydb`
pub static MEMORYDB: Service =
    Service::new("memorydb", include_bytes!("../../models/memorydb.json.lzma"), include_bytes!("../../models/memorydb.index.gz"));
/// `meteringmarketplace`
pub static METERINGMARKETPLACE: Service =
    Service::new("meteringmarketplace", include_bytes!("../../models/meteringmarketplace.json.lzma"), include_bytes!("../../models/meteringmarketplace.index.gz"));
/// `mgh`
pub static MGH: Service =
    Service::new("mgh", include_bytes!("../../models/mgh.json.lzma"), include_bytes!("../../models/mgh.index.gz"));
/// `mgn`
pub static MGN: Service =
    Service::new("mgn", include_bytes!("../../models/mgn.json.lzma"), include_bytes!("../../models/mgn.index.gz"));
/// `migration-hub-refactor-spaces`
pub static MIGRATION_HUB_REFACTOR_SPACES: Service =
    Service::new("migration-hub-refactor-spaces", include_bytes!("../../models/migration-hub-refactor-spaces.json.lzma"), include_bytes!("../../models/migration-hub-refactor-spaces.index.gz"));
/// `migrationhub-config`
pub static MIGRATIONHUB_CONFIG: Service =
    Service::new("migrationhub-config", include_bytes!("../../models/migrationhub-config.json.lzma"), include_bytes!("../../models/migrationhub-config.index.gz"));
/// `migrationhuborchestrator`
pub static MIGRATIONHUBORCHESTRATOR: Service =
    Service::new("migrationhuborchestrator", include_bytes!("../../models/migrationhuborchestrator.json.lzma"), include_bytes!("../../models/migrationhuborchestrator.index.gz"));
/// `migrationhubstrategy`
pub static MIGRATIONHUBSTRATEGY: Service =
    Service::new("migrationhubstrategy", include_bytes!("../../models/migrationhubstrategy.json.lzma"), include_bytes!("../../models/migrationhubstrategy.index.gz"));
/// `mpa`
pub static MPA: Service =
    Service::new("mpa", include_bytes!("../../models/mpa.json.lzma"), include_bytes!("../../models/mpa.index.gz"));
/// `mq`
pub static MQ: Service =
    Service::new("mq", include_bytes!("../../models/mq.json.lzma"), include_bytes!("../../models/mq.index.gz"));
/// `mturk`
pub static MTURK: Service =
    Service::new("mturk", include_bytes!("../../models/mturk.json.lzma"), include_bytes!("../../models/mturk.index.gz"));
/// `mwaa`
pub static MWAA: Service =
    Service::new("mwaa", include_bytes!("../../models/mwaa.json.lzma"), include_bytes!("../../models/mwaa.index.gz"));
/// `mwaa-serverless`
pub static MWAA_SERVERLESS: Service =
    Service::new("mwaa-serverless", include_bytes!("../../models/mwaa-serverless.json.lzma"), include_bytes!("../../models/mwaa-serverless.index.gz"));
/// `neptune`
pub static NEPTUNE: Service =
    Service::new("neptune", include_bytes!("../../models/neptune.json.lzma"), include_bytes!("../../models/neptune.index.gz"));
/// `neptune-graph`
pub static NEPTUNE_GRAPH: Service =
    Service::new("neptune-graph", include_bytes!("../../models/neptune-graph.json.lzma"), include_bytes!("../../models/neptune-graph.index.gz"));
/// `neptunedata`
pub static NEPTUNEDATA: Service =
    Service::new("neptunedata", include_bytes!("../../models/neptunedata.json.lzma"), include_bytes!("../../models/neptunedata.index.gz"));
/// `network-firewall`
pub static NETWORK_FIREWALL: Service =
    Service::new("network-firewall", include_bytes!("../../models/network-firewall.json.lzma"), include_bytes!("../../models/network-firewall.index.gz"));
/// `network-security-manager`
pub static NETWORK_SECURITY_MANAGER: Service =
    Service::new("network-security-manager", include_bytes!("../../models/network-security-manager.json.lzma"), include_bytes!("../../models/network-security-manager.index.gz"));
/// `networkflowmonitor`
pub static NETWORKFLOWMONITOR: Service =
    Service::new("networkflowmonitor", include_bytes!("../../models/networkflowmonitor.json.lzma"), include_bytes!("../../models/networkflowmonitor.index.gz"));
/// `networkmanager`
pub static NETWORKMANAGER: Service =
    Service::new("networkmanager", include_bytes!("../../models/networkmanager.json.lzma"), include_bytes!("../../models/networkmanager.index.gz"));
/// `networkmonitor`
pub static NETWORKMONITOR: Service =
    Service::new("networkmonitor", include_bytes!("../../models/networkmonitor.json.lzma"), include_bytes!("../../models/networkmonitor.index.gz"));
/// `notifications`
pub static NOTIFICATIONS: Service =
    Service::new("notifications", include_bytes!("../../models/notifications.json.lzma"), include_bytes!("../../models/notifications.index.gz"));
/// `notificationscontacts`
pub static NOTIFICATIONSCONTACTS: Service =
    Service::new("notificationscontacts", include_bytes!("../../models/notificationscontacts.json.lzma"), include_bytes!("../../models/notificationscontacts.index.gz"));
/// `nova-act`
pub static NOVA_ACT: Service =
    Service::new("nova-act", include_bytes!("../../models/nova-act.json.lzma"), include_bytes!("../../models/nova-act.index.gz"));
/// `oam`
pub static OAM: Service =
    Service::new("oam", include_bytes!("../../models/oam.json.lzma"), include_bytes!("../../models/oam.index.gz"));
/// `observabilityadmin`
pub static OBSERVABILITYADMIN: Service =
    Service::new("observabilityadmin", include_bytes!("../../models/observabilityadmin.json.lzma"), include_bytes!("../../models/observabilityadmin.index.gz"));
/// `odb`
pub static ODB: Service =
    Service::new("odb", include_bytes!("../../models/odb.json.lzma"), include_bytes!("../../models/odb.index.gz"));
/// `omics`
pub static OMICS: Service =
    Service::new("omics", include_bytes!("../../models/omics.json.lzma"), include_bytes!("../../models/omics.index.gz"));
/// `opensearch`
pub static OPENSEARCH: Service =
    Service::new("opensearch", include_bytes!("../../models/opensearch.json.lzma"), include_bytes!("../../models/opensearch.index.gz"));
/// `opensearchserverless`
pub static OPENSEARCHSERVERLESS: Service =
    Service::new("opensearchserverless", include_bytes!("../../models/opensearchserverless.json.lzma"), include_bytes!("../../models/opensearchserverless.index.gz"));
/// `organizations`
pub static ORGANIZATIONS: Service =
    Service::new("organizations", include_bytes!("../../models/organizations.json.lzma"), include_bytes!("../../models/organizations.index.gz"));
/// `osis`
pub static OSIS: Service =
    Service::new("osis", include_bytes!("../../models/osis.json.lzma"), include_bytes!("../../models/osis.index.gz"));
/// `outposts`
pub static OUTPOSTS: Service =
    Service::new("outposts", include_bytes!("../../models/outposts.json.lzma"), include_bytes!("../../models/outposts.index.gz"));
/// `partnercentral-account`
pub static PARTNERCENTRAL_ACCOUNT: Service =
    Service::new("partnercentral-account", include_bytes!("../../models/partnercentral-account.json.lzma"), include_bytes!("../../models/partnercentral-account.index.gz"));
/// `partnercentral-benefits`
pub static PARTNERCENTRAL_BENEFITS: Service =
    Service::new("partnercentral-benefits", include_bytes!("../../models/partnercentral-benefits.json.lzma"), include_bytes!("../../models/partnercentral-benefits.index.gz"));
/// `partnercentral-channel`
pub static PARTNERCENTRAL_CHANNEL: Service =
    Service::new("partnercentral-channel", include_bytes!("../../models/partnercentral-channel.json.lzma"), include_bytes!("../../models/partnercentral-channel.index.gz"));
/// `partnercentral-revenue-measurement`
pub static PARTNERCENTRAL_REVENUE_MEASUREMENT: Service =
    Service::new("partnercentral-revenue-measurement", include_bytes!("../../models/partnercentral-revenue-measurement.json.lzma"), include_bytes!("../../models/partnercentral-revenue-measurement.index.gz"));
/// `partnercentral-selling`
pub static PARTNERCENTRAL_SELLING: Service =
    Service::new("partnercentral-selling", include_bytes!("../../models/partnercentral-selling.json.lzma"), include_bytes!("../../models/partnercentral-selling.index.gz"));
/// `payment-cryptography`
pub static PAYMENT_CRYPTOGRAPHY: Service =
    Service::new("payment-cryptography", include_bytes!("../../models/payment-cryptography.json.lzma"), include_bytes!("../../models/payment-cryptography.index.gz"));
/// `payment-cryptography-data`
pub static PAYMENT_CRYPTOGRAPHY_DATA: Service =
    Service::new("payment-cryptography-data", include_bytes!("../../models/payment-cryptography-data.json.lzma"), include_bytes!("../../models/payment-cryptography-data.index.gz"));
/// `pca-connector-ad`
pub static PCA_CONNECTOR_AD: Service =
    Service::new("pca-connector-ad", include_bytes!("../../models/pca-connector-ad.json.lzma"), include_bytes!("../../models/pca-connector-ad.index.gz"));
/// `pca-connector-scep`
pub static PCA_CONNECTOR_SCEP: Service =
    Service::new("pca-connector-scep", include_bytes!("../../models/pca-connector-scep.json.lzma"), include_bytes!("../../models/pca-connector-scep.index.gz"));
/// `pcs`
pub static PCS: Service =
    Service::new("pcs", include_bytes!("../../models/pcs.json.lzma"), include_bytes!("../../models/pcs.index.gz"));
/// `personalize`
pub static PERSONALIZE: Service =
    Service::new("personalize", include_bytes!("../../models/personalize.json.lzma"), include_bytes!("../../models/personalize.index.gz"));
/// `personalize-events`
pub static PERSONALIZE_EVENTS: Service =
    Service::new("personalize-events", include_bytes!("../../models/personalize-events.json.lzma"), include_bytes!("../../models/personalize-events.index.gz"));
/// `personalize-runtime`
pub static PERSONALIZE_RUNTIME: Service =
    Service::new("personalize-runtime", include_bytes!("../../models/personalize-runtime.json.lzma"), include_bytes!("../../models/personalize-runtime.index.gz"));
/// `pi`
pub static PI: Service =
    Service::new("pi", include_bytes!("../../models/pi.json.lzma"), include_bytes!("../../models/pi.index.gz"));
/// `pinpoint`
pub static PINPOINT: Service =
    Service::new("pinpoint", include_bytes!("../../models/pinpoint.json.lzma"), include_bytes!("../../models/pinpoint.index.gz"));
/// `pinpoint-email`
pub static PINPOINT_EMAIL: Service =
    Service::new("pinpoint-email", include_bytes!("../../models/pinpoint-email.json.lzma"), include_bytes!("../../models/pinpoint-email.index.gz"));
/// `pinpoint-sms-voice`
pub static PINPOINT_SMS_VOICE: Service =
    Service::new("pinpoint-sms-voice", include_bytes!("../../models/pinpoint-sms-voice.json.lzma"), include_bytes!("../../models/pinpoint-sms-voice.index.gz"));
/// `pinpoint-sms-voice-v2`
pub static PINPOINT_SMS_VOICE_V2: Service =
    Service::new("pinpoint-sms-voice-v2", include_bytes!("../../models/pinpoint-sms-voice-v2.json.lzma"), include_bytes!("../../models/pinpoint-sms-voice-v2.index.gz"));
/// `pipes`
pub static PIPES: Service =
    Service::new("pipes", include_bytes!("../../models/pipes.json.lzma"), include_bytes!("../../models/pipes.index.gz"));
/// `polly`
pub static POLLY: Service =
    Service::new("polly", include_bytes!("../../models/polly.json.lzma"), include_bytes!("../../models/polly.index.gz"));
/// `pricing`
pub static PRICING: Service =
    Service::new("pricing", include_bytes!("../../models/pricing.json.lzma"), include_bytes!("../../models/pricing.index.gz"));
/// `pricing-plan-manager`
pub static PRICING_PLAN_MANAGER: Service =
    Service::new("pricing-plan-manager", include_bytes!("../../models/pricing-plan-manager.json.lzma"), include_bytes!("../../models/pricing-plan-manager.index.gz"));
/// `proton`
pub static PROTON: Service =
    Service::new("proton", include_bytes!("../../models/proton.json.lzma"), include_bytes!("../../models/proton.index.gz"));
/// `qapps`
pub static QAPPS: Service =
    Service::new("qapps", include_bytes!("../../models/qapps.json.lzma"), include_bytes!("../../models/qapps.index.gz"));
/// `qbusiness`
pub static QBUSINESS: Service =
    Service::new("qbusiness", include_bytes!("../../models/qbusiness.json.lzma"), include_bytes!("../../models/qbusiness.index.gz"));
/// `qconnect`
pub static QCONNECT: Service =
    Service::new("qconnect", include_bytes!("../../models/qconnect.json.lzma"), include_bytes!("../../models/qconnect.index.gz"));
/// `quicksight`
pub static QUICKSIGHT: Service =
    Service::new("quicksight", include_bytes!("../../models/quicksight.json.lzma"), include_bytes!("../../models/quicksight.index.gz"));
/// `ram`
pub static RAM: Service =
    Service::new("ram", include_bytes!("../../models/ram.json.lzma"), include_bytes!("../../models/ram.index.gz"));
/// `rbin`
pub static RBIN: Service =
    Service::new("rbin", include_bytes!("../../models/rbin.json.lzma"), include_bytes!("../../models/rbin.index.gz"));
/// `rds`
pub static RDS: Service =
    Service::new("rds", include_bytes!("../../models/rds.json.lzma"), include_bytes!("../../models/rds.index.gz"));
/// `rds-data`
pub static RDS_DATA: Service =
    Service::new("rds-data", include_bytes!("../../models/rds-data.json.lzma"), include_bytes!("../../models/rds-data.index.gz"));
/// `redshift`
pub static REDSHIFT: Service =
    Service::new("redshift", include_bytes!("../../models/redshift.json.lzma"), include_bytes!("../../models/redshift.index.gz"));
/// `redshift-data`
pub static REDSHIFT_DATA: Service =
    Service::new("redshift-data", include_bytes!("../../models/redshift-data.json.lzma"), include_bytes!("../../models/redshift-data.index.gz"));
/// `redshift-serverless`
pub static REDSHIFT_SERVERLESS: Service =
    Service::new("redshift-serverless", include_bytes!("../../models/redshift-serverless.json.lzma"), include_bytes!("../../models/redshift-serverless.index.gz"));
/// `rekognition`
pub static REKOGNITION: Service =
    Service::new("rekognition", include_bytes!("../../models/rekognition.json.lzma"), include_bytes!("../../models/rekognition.index.gz"));
/// `repostspace`
pub static REPOSTSPACE: Service =
    Service::new("repostspace", include_bytes!("../../models/repostspace.json.lzma"), include_bytes!("../../models/repostspace.index.gz"));
/// `resiliencehub`
pub static RESILIENCEHUB: Service =
    Service::new("resiliencehub", include_bytes!("../../models/resiliencehub.json.lzma"), include_bytes!("../../models/resiliencehub.index.gz"));
/// `resiliencehubv2`
pub static RESILIENCEHUBV2: Service =
    Service::new("resiliencehubv2", include_bytes!("../../models/resiliencehubv2.json.lzma"), include_bytes!("../../models/resiliencehubv2.index.gz"));
/// `resource-explorer-2`
pub static RESOURCE_EXPLORER_2: Service =
    Service::new("resource-explorer-2", include_bytes!("../../models/resource-explorer-2.json.lzma"), include_bytes!("../../models/resource-explorer-2.index.gz"));
/// `resource-groups`
pub static RESOURCE_GROUPS: Service =
    Service::new("resource-groups", include_bytes!("../../models/resource-groups.json.lzma"), include_bytes!("../../models/resource-groups.index.gz"));
/// `resourcegroupstaggingapi`
pub static RESOURCEGROUPSTAGGINGAPI: Service =
    Service::new("resourcegroupstaggingapi", include_bytes!("../../models/resourcegroupstaggingapi.json.lzma"), include_bytes!("../../models/resourcegroupstaggingapi.index.gz"));
/// `rolesanywhere`
pub static ROLESANYWHERE: Service =
    Service::new("rolesanywhere", include_bytes!("../../models/rolesanywhere.json.lzma"), include_bytes!("../../models/rolesanywhere.index.gz"));
/// `route53`
pub static ROUTE53: Service =
    Service::new("route53", include_bytes!("../../models/route53.json.lzma"), include_bytes!("../../models/route53.index.gz"));
/// `route53-recovery-cluster`
pub static ROUTE53_RECOVERY_CLUSTER: Service =
    Service::new("route53-recovery-cluster", include_bytes!("../../models/route53-recovery-cluster.json.lzma"), include_bytes!("../../models/route53-recovery-cluster.index.gz"));
/// `route53-recovery-control-config`
pub static ROUTE53_RECOVERY_CONTROL_CONFIG: Service =
    Service::new("route53-recovery-control-config", include_bytes!("../../models/route53-recovery-control-config.json.lzma"), include_bytes!("../../models/route53-recovery-control-config.index.gz"));
/// `route53-recovery-readiness`
pub static ROUTE53_RECOVERY_READINESS: Service =
    Service::new("route53-recovery-readiness", include_bytes!("../../models/route53-recovery-readiness.json.lzma"), include_bytes!("../../models/route53-recovery-readiness.index.gz"));
/// `route53domains`
pub static ROUTE53DOMAINS: Service =
    Service::new("route53domains", include_bytes!("../../models/route53domains.json.lzma"), include_bytes!("../../models/route53domains.index.gz"));
/// `route53globalresolver`
pub static ROUTE53GLOBALRESOLVER: Service =
    Service::new("route53globalresolver", include_bytes!("../../models/route53globalresolver.json.lzma"), include_bytes!("../../models/route53globalresolver.index.gz"));
/// `route53profiles`
pub static ROUTE53PROFILES: Service =
    Service::new("route53profiles", include_bytes!("../../models/route53profiles.json.lzma"), include_bytes!("../../models/route53profiles.index.gz"));
/// `route53resolver`
pub static ROUTE53RESOLVER: Service =
    Service::new("route53resolver", include_bytes!("../../models/route53resolver.json.lzma"), include_bytes!("../../models/route53resolver.index.gz"));
/// `rtbfabric`
pub static RTBFABRIC: Service =
    Service::new("rtbfabric", include_bytes!("../../models/rtbfabric.json.lzma"), include_bytes!("../../models/rtbfabric.index.gz"));
/// `rum`
pub static RUM: Service =
    Service::new("rum", include_bytes!("../../models/rum.json.lzma"), include_bytes!("../../models/rum.index.gz"));
/// `s3`
pub static S3: Service =
    Service::new("s3", include_bytes!("../../models/s3.json.lzma"), include_bytes!("../../models/s3.index.gz"));
/// `s3control`
pub static S3CONTROL: Service =
    Service::new("s3control", include_bytes!("../../models/s3control.json.lzma"), include_bytes!("../../models/s3control.index.gz"));
/// `s3files`
pub static S3FILES: Service =
    Service::new("s3files", include_bytes!("../../models/s3files.json.lzma"), include_bytes!("../../models/s3files.index.gz"));
/// `s3outposts`
pub static S3OUTPOSTS: Service =
    Service::new("s3outposts", include_bytes!("../../models/s3outposts.json.lzma"), include_bytes!("../../models/s3outposts.index.gz"));
/// `s3tables`
pub static S3TABLES: Service =
    Service::new("s3tables", include_bytes!("../../models/s3tables.json.lzma"), include_bytes!("../../models/s3tables.index.gz"));
/// `s3vectors`
pub static S3VECTORS: Service =
    Service::new("s3vectors", include_bytes!("../../models/s3vectors.json.lzma"), include_bytes!("../../models/s3vectors.index.gz"));
/// `sagemaker`
pub static SAGEMAKER: Service =
    Service::new("sagemaker", include_bytes!("../../models/sagemaker.json.lzma"), include_bytes!("../../models/sagemaker.index.gz"));
/// `sagemaker-a2i-runtime`
pub static SAGEMAKER_A2I_RUNTIME: Service =
    Service::new("sagemaker-a2i-runtime", include_bytes!("../../models/sagemaker-a2i-runtime.json.lzma"), include_bytes!("../../models/sagemaker-a2i-runtime.index.gz"));
/// `sagemaker-edge`
pub static SAGEMAKER_EDGE: Service =
    Service::new("sagemaker-edge", include_bytes!("../../models/sagemaker-edge.json.lzma"), include_bytes!("../../models/sagemaker-edge.index.gz"));
/// `sagemaker-featurestore-runtime`
pub static SAGEMAKER_FEATURESTORE_RUNTIME: Service =
    Service::new("sagemaker-featurestore-runtime", include_bytes!("../../models/sagemaker-featurestore-runtime.json.lzma"), include_bytes!("../../models/sagemaker-featurestore-runtime.index.gz"));
/// `sagemaker-geospatial`
pub static SAGEMAKER_GEOSPATIAL: Service =
    Service::new("sagemaker-geospatial", include_bytes!("../../models/sagemaker-geospatial.json.lzma"), include_bytes!("../../models/sagemaker-geospatial.index.gz"));
/// `sagemaker-metrics`
pub static SAGEMAKER_METRICS: Service =
    Service::new("sagemaker-metrics", include_bytes!("../../models/sagemaker-metrics.json.lzma"), include_bytes!("../../models/sagemaker-metrics.index.gz"));
/// `sagemaker-runtime`
pub static SAGEMAKER_RUNTIME: Service =
    Service::new("sagemaker-runtime", include_bytes!("../../models/sagemaker-runtime.json.lzma"), include_bytes!("../../models/sagemaker-runtime.index.gz"));
/// `sagemakerjobruntime`
pub static SAGEMAKERJOBRUNTIME: Service =
    Service::new("sagemakerjobruntime", include_bytes!("../../models/sagemakerjobruntime.json.lzma"), include_bytes!("../../models/sagemakerjobruntime.index.gz"));
/// `savingsplans`
pub static SAVINGSPLANS: Service =
    Service::new("savingsplans", include_bytes!("../../models/savingsplans.json.lzma"), include_bytes!("../../models/savingsplans.index.gz"));
/// `scheduler`
pub static SCHEDULER: Service =
    Service::new("scheduler", include_bytes!("../../models/scheduler.json.lzma"), include_bytes!("../../models/scheduler.index.gz"));
/// `schemas`
pub static SCHEMAS: Service =
    Service::new("schemas", include_bytes!("../../models/schemas.json.lzma"), include_bytes!("../../models/schemas.index.gz"));
/// `sdb`
pub static SDB: Service =
    Service::new("sdb", include_bytes!("../../models/sdb.json.lzma"), include_bytes!("../../models/sdb.index.gz"));
/// `secretsmanager`
pub static SECRETSMANAGER: Service =
    Service::new("secretsmanager", include_bytes!("../../models/secretsmanager.json.lzma"), include_bytes!("../../models/secretsmanager.index.gz"));
/// `security-ir`
pub static SECURITY_IR: Service =
    Service::new("security-ir", include_bytes!("../../models/security-ir.json.lzma"), include_bytes!("../../models/security-ir.index.gz"));
/// `securityagent`
pub static SECURITYAGENT: Service =
    Service::new("securityagent", include_bytes!("../../models/securityagent.json.lzma"), include_bytes!("../../models/securityagent.index.gz"));
/// `securityhub`
pub static SECURITYHUB: Service =
    Service::new("securityhub", include_bytes!("../../models/securityhub.json.lzma"), include_bytes!("../../models/securityhub.index.gz"));
/// `securitylake`
pub static SECURITYLAKE: Service =
    Service::new("securitylake", include_bytes!("../../models/securitylake.json.lzma"), include_bytes!("../../models/securitylake.index.gz"));
/// `serverlessrepo`
pub static SERVERLESSREPO: Service =
    Service::new("serverlessrepo", include_bytes!("../../models/serverlessrepo.json.lzma"), include_bytes!("../../models/serverlessrepo.index.gz"));
/// `service-quotas`
pub static SERVICE_QUOTAS: Service =
    Service::new("service-quotas", include_bytes!("../../models/service-quotas.json.lzma"), include_bytes!("../../models/service-quotas.index.gz"));
/// `servicecatalog`
pub static SERVICECATALOG: Service =
    Service::new("servicecatalog", include_bytes!("../../models/servicecatalog.json.lzma"), include_bytes!("../../models/servicecatalog.index.gz"));
/// `servicecatalog-appregistry`
pub static SERVICECATALOG_APPREGISTRY: Service =
    Service::new("servicecatalog-appregistry", include_bytes!("../../models/servicecatalog-appregistry.json.lzma"), include_bytes!("../../models/servicecatalog-appregistry.index.gz"));
/// `servicediscovery`
pub static SERVICEDISCOVERY: Service =
    Service::new("servicediscovery", include_bytes!("../../models/servicediscovery.json.lzma"), include_bytes!("../../models/servicediscovery.index.gz"));
/// `ses`
pub static SES: Service =
    Service::new("ses", include_bytes!("../../models/ses.json.lzma"), include_bytes!("../../models/ses.index.gz"));
/// `sesv2`
pub static SESV2: Service =
    Service::new("sesv2", include_bytes!("../../models/sesv2.json.lzma"), include_bytes!("../../models/sesv2.index.gz"));
/// `shield`
pub static SHIELD: Service =
    Service::new("shield", include_bytes!("../../models/shield.json.lzma"), include_bytes!("../../models/shield.index.gz"));
/// `signer`
pub static SIGNER: Service =
    Service::new("signer", include_bytes!("../../models/signer.json.lzma"), include_bytes!("../../models/signer.index.gz"));
/// `signer-data`
pub static SIGNER_DATA: Service =
    Service::new("signer-data", include_bytes!("../../models/signer-data.json.lzma"), include_bytes!("../../models/signer-data.index.gz"));
/// `signin`
pub static SIGNIN: Service =
    Service::new("signin", include_bytes!("../../models/signin.json.lzma"), include_bytes!("../../models/signin.index.gz"));
/// `simpledbv2`
pub static SIMPLEDBV2: Service =
    Service::new("simpledbv2", include_bytes!("../../models/simpledbv2.json.lzma"), include_bytes!("../../models/simpledbv2.index.gz"));
/// `sms-voice`
pub static SMS_VOICE: Service =
    Service::new("sms-voice", include_bytes!("../../models/sms-voice.json.lzma"), include_bytes!("../../models/sms-voice.index.gz"));
/// `snow-device-management`
pub static SNOW_DEVICE_MANAGEMENT: Service =
    Service::new("snow-device-management", include_bytes!("../../models/snow-device-management.json.lzma"), include_bytes!("../../models/snow-device-management.index.gz"));
/// `snowball`
pub static SNOWBALL: Service =
    Service::new("snowball", include_bytes!("../../models/snowball.json.lzma"), include_bytes!("../../models/snowball.index.gz"));
/// `sns`
pub static SNS: Service =
    Service::new("sns", include_bytes!("../../models/sns.json.lzma"), include_bytes!("../../models/sns.index.gz"));
/// `socialmessaging`
pub static SOCIALMESSAGING: Service =
    Service::new("socialmessaging", include_bytes!("../../models/socialmessaging.json.lzma"), include_bytes!("../../models/socialmessaging.index.gz"));
/// `sqs`
pub static SQS: Service =
    Service::new("sqs", include_bytes!("../../models/sqs.json.lzma"), include_bytes!("../../models/sqs.index.gz"));
/// `ssm`
pub static SSM: Service =
    Service::new("ssm", include_bytes!("../../models/ssm.json.lzma"), include_bytes!("../../models/ssm.index.gz"));
/// `ssm-contacts`
pub static SSM_CONTACTS: Service =
    Service::new("ssm-contacts", include_bytes!("../../models/ssm-contacts.json.lzma"), include_bytes!("../../models/ssm-contacts.index.gz"));
/// `ssm-guiconnect`
pub static SSM_GUICONNECT: Service =
    Service::new("ssm-guiconnect", include_bytes!("../../models/ssm-guiconnect.json.lzma"), include_bytes!("../../models/ssm-guiconnect.index.gz"));
/// `ssm-incidents`
pub static SSM_INCIDENTS: Service =
    Service::new("ssm-incidents", include_bytes!("../../models/ssm-incidents.json.lzma"), include_bytes!("../../models/ssm-incidents.index.gz"));
/// `ssm-quicksetup`
pub static SSM_QUICKSETUP: Service =
    Service::new("ssm-quicksetup", include_bytes!("../../models/ssm-quicksetup.json.lzma"), include_bytes!("../../models/ssm-quicksetup.index.gz"));
/// `ssm-sap`
pub static SSM_SAP: Service =
    Service::new("ssm-sap", include_bytes!("../../models/ssm-sap.json.lzma"), include_bytes!("../../models/ssm-sap.index.gz"));
/// `sso`
pub static SSO: Service =
    Service::new("sso", include_bytes!("../../models/sso.json.lzma"), include_bytes!("../../models/sso.index.gz"));
/// `sso-admin`
pub static SSO_ADMIN: Service =
    Service::new("sso-admin", include_bytes!("../../models/sso-admin.json.lzma"), include_bytes!("../../models/sso-admin.index.gz"));
/// `sso-oidc`
pub static SSO_OIDC: Service =
    Service::new("sso-oidc", include_bytes!("../../models/sso-oidc.json.lzma"), include_bytes!("../../models/sso-oidc.index.gz"));
/// `stepfunctions`
pub static STEPFUNCTIONS: Service =
    Service::new("stepfunctions", include_bytes!("../../models/stepfunctions.json.lzma"), include_bytes!("../../models/stepfunctions.index.gz"));
/// `storagegateway`
pub static STORAGEGATEWAY: Service =
    Service::new("storagegateway", include_bytes!("../../models/storagegateway.json.lzma"), include_bytes!("../../models/storagegateway.index.gz"));
/// `sts`
pub static STS: Service =
    Service::new("sts", include_bytes!("../../models/sts.json.lzma"), include_bytes!("../../models/sts.index.gz"));
/// `supplychain`
pub static SUPPLYCHAIN: Service =
    Service::new("supplychain", include_bytes!("../../models/supplychain.json.lzma"), include_bytes!("../../models/supplychain.index.gz"));
/// `support`
pub static SUPPORT: Service =
    Service::new("support", include_bytes!("../../models/support.json.lzma"), include_bytes!("../../models/support.index.gz"));
/// `support-app`
pub static SUPPORT_APP: Service =
    Service::new("support-app", include_bytes!("../../models/support-app.json.lzma"), include_bytes!("../../models/support-app.index.gz"));
/// `supportauthz`
pub static SUPPORTAUTHZ: Service =
    Service::new("supportauthz", include_bytes!("../../models/supportauthz.json.lzma"), include_bytes!("../../models/supportauthz.index.gz"));
/// `sustainability`
pub static SUSTAINABILITY: Service =
    Service::new("sustainability", include_bytes!("../../models/sustainability.json.lzma"), include_bytes!("../../models/sustainability.index.gz"));
/// `swf`
pub static SWF: Service =
    Service::new("swf", include_bytes!("../../models/swf.json.lzma"), include_bytes!("../../models/swf.index.gz"));
/// `synthetics`
pub static SYNTHETICS: Service =
    Service::new("synthetics", include_bytes!("../../models/synthetics.json.lzma"), include_bytes!("../../models/synthetics.index.gz"));
/// `taxsettings`
pub static TAXSETTINGS: Service =
    Service::new("taxsettings", include_bytes!("../../models/taxsettings.json.lzma"), include_bytes!("../../models/taxsettings.index.gz"));
/// `textract`
pub static TEXTRACT: Service =
    Service::new("textract", include_bytes!("../../models/textract.json.lzma"), include_bytes!("../../models/textract.index.gz"));
/// `timestream-influxdb`
pub static TIMESTREAM_INFLUXDB: Service =
    Service::new("timestream-influxdb", include_bytes!("../../models/timestream-influxdb.json.lzma"), include_bytes!("../../models/timestream-influxdb.index.gz"));
/// `timestream-query`
pub static TIMESTREAM_QUERY: Service =
    Service::new("timestream-query", include_bytes!("../../models/timestream-query.json.lzma"), include_bytes!("../../models/timestream-query.index.gz"));
/// `timestream-write`
pub static TIMESTREAM_WRITE: Service =
    Service::new("timestream-write", include_bytes!("../../models/timestream-write.json.lzma"), include_bytes!("../../models/timestream-write.index.gz"));
/// `tnb`
pub static TNB: Service =
    Service::new("tnb", include_bytes!("../../models/tnb.json.lzma"), include_bytes!("../../models/tnb.index.gz"));
/// `transcribe`
pub static TRANSCRIBE: Service =
    Service::new("transcribe", include_bytes!("../../models/transcribe.json.lzma"), include_bytes!("../../models/transcribe.index.gz"));
/// `transfer`
pub static TRANSFER: Service =
    Service::new("transfer", include_bytes!("../../models/transfer.json.lzma"), include_bytes!("../../models/transfer.index.gz"));
/// `translate`
pub static TRANSLATE: Service =
    Service::new("translate", include_bytes!("../../models/translate.json.lzma"), include_bytes!("../../models/translate.index.gz"));
/// `trustedadvisor`
pub static TRUSTEDADVISOR: Service =
    Service::new("trustedadvisor", include_bytes!("../../models/trustedadvisor.json.lzma"), include_bytes!("../../models/trustedadvisor.index.gz"));
/// `uxc`
pub static UXC: Service =
    Service::new("uxc", include_bytes!("../../models/uxc.json.lzma"), include_bytes!("../../models/uxc.index.gz"));
/// `verifiedpermissions`
pub static VERIFIEDPERMISSIONS: Service =
    Service::new("verifiedpermissions", include_bytes!("../../models/verifiedpermissions.json.lzma"), include_bytes!("../../models/verifiedpermissions.index.gz"));
/// `voice-id`
pub static VOICE_ID: Service =
    Service::new("voice-id", include_bytes!("../../models/voice-id.json.lzma"), include_bytes!("../../models/voice-id.index.gz"));
/// `vpc-lattice`
pub static VPC_LATTICE: Service =
    Service::new("vpc-lattice", include_bytes!("../../models/vpc-lattice.json.lzma"), include_bytes!("../../models/vpc-lattice.index.gz"));
/// `waf`
pub static WAF: Service =
    Service::new("waf", include_bytes!("../../models/waf.json.lzma"), include_bytes!("../../models/waf.index.gz"));
/// `waf-regional`
pub static WAF_REGIONAL: Service =
    Service::new("waf-regional", include_bytes!("../../models/waf-regional.json.lzma"), include_bytes!("../../models/waf-regional.index.gz"));
/// `wafv2`
pub static WAFV2: Service =
    Service::new("wafv2", include_bytes!("../../models/wafv2.json.lzma"), include_bytes!("../../models/wafv2.index.gz"));
/// `wellarchitected`
pub static WELLARCHITECTED: Service =
    Service::new("wellarchitected", include_bytes!("../../models/wellarchitected.json.lzma"), include_bytes!("../../models/wellarchitected.index.gz"));
/// `wickr`
pub static WICKR: Service =
    Service::new("wickr", include_bytes!("../../models/wickr.json.lzma"), include_bytes!("../../models/wickr.index.gz"));
/// `wisdom`
pub static WISDOM: Service =
    Service::new("wisdom", include_bytes!("../../models/wisdom.json.lzma"), include_bytes!("../../models/wisdom.index.gz"));
/// `workdocs`
pub static WORKDOCS: Service =
    Service::new("workdocs", include_bytes!("../../models/workdocs.json.lzma"), include_bytes!("../../models/workdocs.index.gz"));
/// `workmail`
pub static WORKMAIL: Service =
    Service::new("workmail", include_bytes!("../../models/workmail.json.lzma"), include_bytes!("../../models/workmail.index.gz"));
/// `workmailmessageflow`
pub static WORKMAILMESSAGEFLOW: Service =
    Service::new("workmailmessageflow", include_bytes!("../../models/workmailmessageflow.json.lzma"), include_bytes!("../../models/workmailmessageflow.index.gz"));
/// `workspaces`
pub static WORKSPACES: Service =
    Service::new("workspaces", include_bytes!("../../models/workspaces.json.lzma"), include_bytes!("../../models/workspaces.index.gz"));
/// `workspaces-instances`
pub static WORKSPACES_INSTANCES: Service =
    Service::new("workspaces-instances", include_bytes!("../../models/workspaces-instances.json.lzma"), include_bytes!("../../models/workspaces-instances.index.gz"));
/// `workspaces-thin-client`
pub static WORKSPACES_THIN_CLIENT: Service =
    Service::new("workspaces-thin-client", include_bytes!("../../models/workspaces-thin-client.json.lzma"), include_bytes!("../../models/workspaces-thin-client.index.gz"));
/// `workspaces-web`
pub static WORKSPACES_WEB: Service =
    Service::new("workspaces-web", include_bytes!("../../models/workspaces-web.json.lzma"), include_bytes!("../../models/workspaces-web.index.gz"));
/// `xray`
pub static XRAY: Service =
    Service::new("xray", include_bytes!("../../models/xray.json.lzma"), include_bytes!("../../models/xray.index.gz"));

/// Every service of AWS, sorted by name.
pub static ALL: &[&Service] = &[
    &ACCESSANALYZER,
    &ACCOUNT,
    &ACCOUNT_ACCESS,
    &ACM,
    &ACM_PCA,
    &AGENT_REGISTRY,
    &AGENT_REGISTRY_CONTROL,
    &AIOPS,
    &AMP,
    &AMPLIFY,
    &AMPLIFYBACKEND,
    &AMPLIFYUIBUILDER,
    &APIGATEWAY,
    &APIGATEWAYMANAGEMENTAPI,
    &APIGATEWAYV2,
    &APPCONFIG,
    &APPCONFIGDATA,
    &APPFABRIC,
    &APPFLOW,
    &APPINTEGRATIONS,
    &APPLICATION_AUTOSCALING,
    &APPLICATION_INSIGHTS,
    &APPLICATION_SIGNALS,
    &APPLICATIONCOSTPROFILER,
    &APPMESH,
    &APPRUNNER,
    &APPSTREAM,
    &APPSYNC,
    &ARC_REGION_SWITCH,
    &ARC_ZONAL_SHIFT,
    &ARTIFACT,
    &ATHENA,
    &AUDITMANAGER,
    &AUTOSCALING,
    &AUTOSCALING_PLANS,
    &B2BI,
    &BACKUP,
    &BACKUP_GATEWAY,
    &BACKUPSEARCH,
    &BATCH,
    &BCM_DASHBOARDS,
    &BCM_DATA_EXPORTS,
    &BCM_PRICING_CALCULATOR,
    &BCM_RECOMMENDED_ACTIONS,
    &BEDROCK,
    &BEDROCK_AGENT,
    &BEDROCK_AGENT_RUNTIME,
    &BEDROCK_AGENTCORE,
    &BEDROCK_AGENTCORE_CONTROL,
    &BEDROCK_DATA_AUTOMATION,
    &BEDROCK_DATA_AUTOMATION_RUNTIME,
    &BEDROCK_RUNTIME,
    &BILLING,
    &BILLINGCONDUCTOR,
    &BRAKET,
    &BUDGETS,
    &CE,
    &CHATBOT,
    &CHIME,
    &CHIME_SDK_IDENTITY,
    &CHIME_SDK_MEDIA_PIPELINES,
    &CHIME_SDK_MEETINGS,
    &CHIME_SDK_MESSAGING,
    &CHIME_SDK_VOICE,
    &CLEANROOMS,
    &CLEANROOMSML,
    &CLOUD9,
    &CLOUDCONTROL,
    &CLOUDDIRECTORY,
    &CLOUDFORMATION,
    &CLOUDFRONT,
    &CLOUDFRONT_KEYVALUESTORE,
    &CLOUDHSM,
    &CLOUDHSMV2,
    &CLOUDSEARCH,
    &CLOUDSEARCHDOMAIN,
    &CLOUDTRAIL,
    &CLOUDTRAIL_DATA,
    &CLOUDWATCH,
    &CLOUDWATCHOMNI,
    &CODEARTIFACT,
    &CODEBUILD,
    &CODECATALYST,
    &CODECOMMIT,
    &CODECONNECTIONS,
    &CODEDEPLOY,
    &CODEGURU_REVIEWER,
    &CODEGURU_SECURITY,
    &CODEGURUPROFILER,
    &CODEPIPELINE,
    &CODESTAR_CONNECTIONS,
    &CODESTAR_NOTIFICATIONS,
    &COGNITO_IDENTITY,
    &COGNITO_IDP,
    &COGNITO_SYNC,
    &COMPREHEND,
    &COMPREHENDMEDICAL,
    &COMPUTE_OPTIMIZER,
    &COMPUTE_OPTIMIZER_AUTOMATION,
    &CONFIG,
    &CONNECT,
    &CONNECT_CONTACT_LENS,
    &CONNECTCAMPAIGNS,
    &CONNECTCAMPAIGNSV2,
    &CONNECTCASES,
    &CONNECTHEALTH,
    &CONNECTPARTICIPANT,
    &CONTROLCATALOG,
    &CONTROLTOWER,
    &COST_OPTIMIZATION_HUB,
    &CUR,
    &CUSTOMER_PROFILES,
    &DATABREW,
    &DATAEXCHANGE,
    &DATAPIPELINE,
    &DATASYNC,
    &DATAZONE,
    &DAX,
    &DEADLINE,
    &DETECTIVE,
    &DEVICEFARM,
    &DEVOPS_AGENT,
    &DEVOPS_GURU,
    &DIRECTCONNECT,
    &DISCOVERY,
    &DLM,
    &DMS,
    &DOCDB,
    &DOCDB_ELASTIC,
    &DRS,
    &DS,
    &DS_DATA,
    &DSQL,
    &DYNAMODB,
    &DYNAMODBSTREAMS,
    &EBS,
    &EC2,
    &EC2_INSTANCE_CONNECT,
    &ECR,
    &ECR_PUBLIC,
    &ECS,
    &EFS,
    &EKS,
    &EKS_AUTH,
    &ELASTICACHE,
    &ELASTICBEANSTALK,
    &ELB,
    &ELBV2,
    &ELEMENTALINFERENCE,
    &EMR,
    &EMR_CONTAINERS,
    &EMR_SERVERLESS,
    &ENTITYRESOLUTION,
    &ES,
    &EVENTBRIDGEV2,
    &EVENTS,
    &EVS,
    &FINSPACE,
    &FINSPACE_DATA,
    &FIREHOSE,
    &FIS,
    &FMS,
    &FORECAST,
    &FORECASTQUERY,
    &FRAUDDETECTOR,
    &FREETIER,
    &FSX,
    &GAMELIFT,
    &GAMELIFTSTREAMS,
    &GEO_MAPS,
    &GEO_PLACES,
    &GEO_ROUTES,
    &GLACIER,
    &GLOBALACCELERATOR,
    &GLUE,
    &GRAFANA,
    &GREENGRASS,
    &GREENGRASSV2,
    &GROUNDSTATION,
    &GUARDDUTY,
    &HEALTH,
    &HEALTHLAKE,
    &IAM,
    &IAM_TOOLBOX,
    &IDENTITYSTORE,
    &IMAGEBUILDER,
    &IMPORTEXPORT,
    &INSPECTOR,
    &INSPECTOR_SCAN,
    &INSPECTOR2,
    &INTERCONNECT,
    &INTERNETMONITOR,
    &INVOICING,
    &IOT,
    &IOT_DATA,
    &IOT_JOBS_DATA,
    &IOT_MANAGED_INTEGRATIONS,
    &IOTDEVICEADVISOR,
    &IOTFLEETWISE,
    &IOTSECURETUNNELING,
    &IOTSITEWISE,
    &IOTTHINGSGRAPH,
    &IOTTWINMAKER,
    &IOTWIRELESS,
    &IVS,
    &IVS_REALTIME,
    &IVSCHAT,
    &KAFKA,
    &KAFKACONNECT,
    &KENDRA,
    &KENDRA_RANKING,
    &KEYSPACES,
    &KEYSPACESSTREAMS,
    &KINESIS,
    &KINESIS_VIDEO_ARCHIVED_MEDIA,
    &KINESIS_VIDEO_MEDIA,
    &KINESIS_VIDEO_SIGNALING,
    &KINESIS_VIDEO_WEBRTC_STORAGE,
    &KINESISANALYTICS,
    &KINESISANALYTICSV2,
    &KINESISVIDEO,
    &KMS,
    &LAKEFORMATION,
    &LAMBDA,
    &LAMBDA_CORE,
    &LAMBDA_MICROVMS,
    &LAUNCH_WIZARD,
    &LEX_MODELS,
    &LEX_RUNTIME,
    &LEXV2_MODELS,
    &LEXV2_RUNTIME,
    &LICENSE_MANAGER,
    &LICENSE_MANAGER_LINUX_SUBSCRIPTIONS,
    &LICENSE_MANAGER_USER_SUBSCRIPTIONS,
    &LIGHTSAIL,
    &LOCATION,
    &LOGS,
    &LOOKOUTEQUIPMENT,
    &M2,
    &MACHINELEARNING,
    &MACIE2,
    &MAILMANAGER,
    &MANAGEDBLOCKCHAIN,
    &MANAGEDBLOCKCHAIN_QUERY,
    &MARKETPLACE_AGREEMENT,
    &MARKETPLACE_CATALOG,
    &MARKETPLACE_DEPLOYMENT,
    &MARKETPLACE_DISCOVERY,
    &MARKETPLACE_ENTITLEMENT,
    &MARKETPLACE_REPORTING,
    &MARKETPLACECOMMERCEANALYTICS,
    &MEDIACONNECT,
    &MEDIACONVERT,
    &MEDIALIVE,
    &MEDIAPACKAGE,
    &MEDIAPACKAGE_VOD,
    &MEDIAPACKAGEV2,
    &MEDIASTORE,
    &MEDIASTORE_DATA,
    &MEDIATAILOR,
    &MEDICAL_IMAGING,
    &MEMORYDB,
    &METERINGMARKETPLACE,
    &MGH,
    &MGN,
    &MIGRATION_HUB_REFACTOR_SPACES,
    &MIGRATIONHUB_CONFIG,
    &MIGRATIONHUBORCHESTRATOR,
    &MIGRATIONHUBSTRATEGY,
    &MPA,
    &MQ,
    &MTURK,
    &MWAA,
    &MWAA_SERVERLESS,
    &NEPTUNE,
    &NEPTUNE_GRAPH,
    &NEPTUNEDATA,
    &NETWORK_FIREWALL,
    &NETWORK_SECURITY_MANAGER,
    &NETWORKFLOWMONITOR,
    &NETWORKMANAGER,
    &NETWORKMONITOR,
    &NOTIFICATIONS,
    &NOTIFICATIONSCONTACTS,
    &NOVA_ACT,
    &OAM,
    &OBSERVABILITYADMIN,
    &ODB,
    &OMICS,
    &OPENSEARCH,
    &OPENSEARCHSERVERLESS,
    &ORGANIZATIONS,
    &OSIS,
    &OUTPOSTS,
    &PARTNERCENTRAL_ACCOUNT,
    &PARTNERCENTRAL_BENEFITS,
    &PARTNERCENTRAL_CHANNEL,
    &PARTNERCENTRAL_REVENUE_MEASUREMENT,
    &PARTNERCENTRAL_SELLING,
    &PAYMENT_CRYPTOGRAPHY,
    &PAYMENT_CRYPTOGRAPHY_DATA,
    &PCA_CONNECTOR_AD,
    &PCA_CONNECTOR_SCEP,
    &PCS,
    &PERSONALIZE,
    &PERSONALIZE_EVENTS,
    &PERSONALIZE_RUNTIME,
    &PI,
    &PINPOINT,
    &PINPOINT_EMAIL,
    &PINPOINT_SMS_VOICE,
    &PINPOINT_SMS_VOICE_V2,
    &PIPES,
    &POLLY,
    &PRICING,
    &PRICING_PLAN_MANAGER,
    &PROTON,
    &QAPPS,
    &QBUSINESS,
    &QCONNECT,
    &QUICKSIGHT,
    &RAM,
    &RBIN,
    &RDS,
    &RDS_DATA,
    &REDSHIFT,
    &REDSHIFT_DATA,
    &REDSHIFT_SERVERLESS,
    &REKOGNITION,
    &REPOSTSPACE,
    &RESILIENCEHUB,
    &RESILIENCEHUBV2,
    &RESOURCE_EXPLORER_2,
    &RESOURCE_GROUPS,
    &RESOURCEGROUPSTAGGINGAPI,
    &ROLESANYWHERE,
    &ROUTE53,
    &ROUTE53_RECOVERY_CLUSTER,
    &ROUTE53_RECOVERY_CONTROL_CONFIG,
    &ROUTE53_RECOVERY_READINESS,
    &ROUTE53DOMAINS,
    &ROUTE53GLOBALRESOLVER,
    &ROUTE53PROFILES,
    &ROUTE53RESOLVER,
    &RTBFABRIC,
    &RUM,
    &S3,
    &S3CONTROL,
    &S3FILES,
    &S3OUTPOSTS,
    &S3TABLES,
    &S3VECTORS,
    &SAGEMAKER,
    &SAGEMAKER_A2I_RUNTIME,
    &SAGEMAKER_EDGE,
    &SAGEMAKER_FEATURESTORE_RUNTIME,
    &SAGEMAKER_GEOSPATIAL,
    &SAGEMAKER_METRICS,
    &SAGEMAKER_RUNTIME,
    &SAGEMAKERJOBRUNTIME,
    &SAVINGSPLANS,
    &SCHEDULER,
    &SCHEMAS,
    &SDB,
    &SECRETSMANAGER,
    &SECURITY_IR,
    &SECURITYAGENT,
    &SECURITYHUB,
    &SECURITYLAKE,
    &SERVERLESSREPO,
    &SERVICE_QUOTAS,
    &SERVICECATALOG,
    &SERVICECATALOG_APPREGISTRY,
    &SERVICEDISCOVERY,
    &SES,
    &SESV2,
    &SHIELD,
    &SIGNER,
    &SIGNER_DATA,
    &SIGNIN,
    &SIMPLEDBV2,
    &SMS_VOICE,
    &SNOW_DEVICE_MANAGEMENT,
    &SNOWBALL,
    &SNS,
    &SOCIALMESSAGING,
    &SQS,
    &SSM,
    &SSM_CONTACTS,
    &SSM_GUICONNECT,
    &SSM_INCIDENTS,
    &SSM_QUICKSETUP,
    &SSM_SAP,
    &SSO,
    &SSO_ADMIN,
    &SSO_OIDC,
    &STEPFUNCTIONS,
    &STORAGEGATEWAY,
    &STS,
    &SUPPLYCHAIN,
    &SUPPORT,
    &SUPPORT_APP,
    &SUPPORTAUTHZ,
    &SUSTAINABILITY,
    &SWF,
    &SYNTHETICS,
    &TAXSETTINGS,
    &TEXTRACT,
    &TIMESTREAM_INFLUXDB,
    &TIMESTREAM_QUERY,
    &TIMESTREAM_WRITE,
    &TNB,
    &TRANSCRIBE,
    &TRANSFER,
    &TRANSLATE,
    &TRUSTEDADVISOR,
    &UXC,
    &VERIFIEDPERMISSIONS,
    &VOICE_ID,
    &VPC_LATTICE,
    &WAF,
    &WAF_REGIONAL,
    &WAFV2,
    &WELLARCHITECTED,
    &WICKR,
    &WISDOM,
    &WORKDOCS,
    &WORKMAIL,
    &WORKMAILMESSAGEFLOW,
    &WORKSPACES,
    &WORKSPACES_INSTANCES,
    &WORKSPACES_THIN_CLIENT,
    &WORKSPACES_WEB,
    &XRAY,
];
