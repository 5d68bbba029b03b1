//! What people call things, by AWS's words for them.

use super::stem::{of_text, stem};

/// Words that mean the same in a question, each line read from its first word to the others.
const SAME: &[(&str, &str)] = &[
    ("list", "describe get"),
    ("show", "describe get list"),
    ("read", "get receive"),
    ("which", "list describe get"),
    ("what", "get describe list"),
    ("when", "get describe"),
    ("why", "describe get"),
    ("find", "search list lookup describe"),
    ("fail", "event history describe"),
    ("make", "create put"),
    ("new", "create"),
    ("add", "create put register associate attach tag"),
    ("launch", "run create start"),
    ("store", "put"),
    ("save", "put"),
    ("remove", "delete detach deregister untag"),
    ("destroy", "delete terminate"),
    ("drop", "delete"),
    ("empty", "purge"),
    ("kill", "terminate stop"),
    ("change", "update modify put set"),
    ("edit", "update modify"),
    ("rename", "update modify"),
    ("resize", "modify update"),
    ("size", "modify attributes capacity"),
    ("set", "put update"),
    ("trigger", "start invoke"),
    ("execute", "start run"),
    ("run", "start execute send"),
    ("submit", "start create"),
    ("restart", "reboot update"),
    ("pause", "suspend stop disable"),
    ("halt", "stop"),
    ("upload", "put"),
    ("download", "get"),
    ("tail", "filter live"),
    ("open", "authorize ingress create"),
    ("port", "ingress security"),
    ("block", "update create"),
    ("scan", "scan"),
    ("spend", "cost usage"),
    ("spent", "cost usage"),
    ("bill", "cost usage"),
    ("price", "pricing products"),
    ("outage", "health events"),
    ("quota", "service"),
    ("limit", "quota limits"),
    ("message", "message messages"),
    ("wait", "attributes"),
    ("notification", "publish message"),
    ("subscribe", "subscriptions"),
    ("container", "ecs task ecr"),
    ("kubernetes", "eks cluster"),
    ("database", "db rds"),
    ("vm", "instance"),
    ("machine", "instance"),
    ("server", "instance"),
    ("disk", "volume"),
    ("image", "image ami"),
    ("ip", "address"),
    ("elastic", "address"),
    ("certificate", "acm"),
    ("tls", "certificate acm"),
    ("ssl", "certificate acm"),
    ("dns", "route53 resource record sets hosted"),
    ("domain", "domain"),
    ("record", "record"),
    ("encrypt", "kms"),
    ("encryption", "kms key"),
    ("permission", "policy"),
    ("allow", "authorize permission policy simulate"),
    ("may", "simulate"),
    ("service control", "policy"),
    ("balancer", "elbv2 balancers"),
    ("unhealthy", "health"),
    ("lately", "activities history"),
    ("workflow", "stepfunctions state machine"),
    ("bus", "events"),
    ("cron", "schedule scheduler rule"),
    ("sql", "statement query"),
    ("sentiment", "comprehend"),
    ("speech", "synthesize polly"),
    ("email", "sesv2 ses"),
    ("mail", "email sesv2"),
    ("firewall", "waf acl"),
    ("waf", "acl wafv2"),
    ("compliant", "compliance"),
    ("cache", "elasticache"),
    ("kafka", "msk"),
    ("search", "opensearch"),
    ("case", "case support"),
    ("user", "user"),
    ("resource", "resource"),
];

/// What whole phrases mean.
const PHRASES: &[(&str, &str)] = &[
    ("who changed", "cloudtrail lookup events"),
    ("who did", "cloudtrail lookup events"),
    ("who deleted", "cloudtrail lookup events"),
    ("who created", "cloudtrail lookup events"),
    ("who opened", "cloudtrail lookup events"),
    ("who am i", "caller identity"),
    ("who is subscribed", "list subscriptions"),
    ("how many messages", "attributes queue"),
    ("service control policy", "organizations policy"),
    ("http api", "apigatewayv2"),
    ("rest api", "rest apigateway"),
    ("public access block", "public access block"),
    ("console output", "console output"),
    ("load balancer", "elbv2 load balancers"),
    ("target group", "elbv2 targets"),
    ("text to speech", "synthesize speech"),
    ("point in time", "point time"),
    ("used", "last used"),
    ("what does", "resources"),
    ("run a command", "send command"),
    ("state machine", "stepfunctions"),
];

/// Words for services that neither their names nor their operations have.
const SERVICES: &[(&str, &str)] = &[
    ("acm", "certificate tls ssl manager"),
    ("amp", "prometheus"),
    ("apigateway", "api gateway rest"),
    ("apigatewayv2", "api gateway http websocket"),
    ("application-autoscaling", "application auto scaling"),
    ("appsync", "graphql"),
    ("autoscaling", "auto scaling group"),
    ("backup", "backup vault"),
    ("ce", "cost explorer billing spend"),
    ("cloudformation", "stack template"),
    ("cloudfront", "cdn distribution"),
    ("cloudtrail", "audit trail api activity"),
    ("cloudwatch", "metrics alarms monitoring"),
    ("codebuild", "build"),
    ("codedeploy", "deploy"),
    ("codepipeline", "pipeline"),
    ("cognito-idp", "cognito user pool"),
    ("cognito-identity", "cognito identity pool"),
    ("config", "configuration compliance rule recorder"),
    ("cur", "cost usage report"),
    ("dms", "database migration"),
    ("ds", "directory active"),
    ("dynamodb", "table nosql item"),
    ("ec2", "instance vpc vm network"),
    ("ecr", "container registry repository image docker"),
    ("ecs", "container cluster task service"),
    ("efs", "elastic file system nfs"),
    ("eks", "kubernetes cluster k8s"),
    ("elasticache", "redis memcached cache"),
    ("elb", "classic load balancer"),
    ("elbv2", "load balancer alb nlb target"),
    ("emr", "hadoop spark"),
    ("es", "elasticsearch"),
    ("events", "eventbridge bus rule"),
    ("firehose", "delivery stream"),
    ("glue", "catalog etl crawler"),
    ("guardduty", "threat finding"),
    ("health", "outage incident event"),
    ("iam", "user role policy group permission access"),
    ("inspector2", "inspector vulnerability"),
    ("kafka", "msk broker"),
    ("kinesis", "stream shard record"),
    ("kms", "key encrypt decrypt"),
    ("lambda", "function serverless"),
    ("logs", "cloudwatch log group stream"),
    ("mq", "broker activemq rabbitmq"),
    ("opensearch", "search domain elasticsearch"),
    ("organizations", "organization account ou scp"),
    ("polly", "speech voice"),
    ("pricing", "price list"),
    ("rds", "database db aurora postgres mysql"),
    ("redshift", "warehouse cluster"),
    ("redshift-data", "redshift sql"),
    ("rekognition", "image face label"),
    ("resourcegroupstaggingapi", "tag resource"),
    ("route53", "dns hosted zone record"),
    ("route53domains", "domain registrar"),
    ("s3", "bucket object storage"),
    ("s3control", "s3 access point batch"),
    ("scheduler", "eventbridge schedule cron"),
    ("secretsmanager", "secret password"),
    ("securityhub", "security hub finding"),
    ("service-quotas", "quota limit"),
    ("ses", "email mail"),
    ("sesv2", "email mail"),
    ("sns", "topic subscription notification"),
    ("sqs", "queue message"),
    ("ssm", "systems manager parameter command patch"),
    ("sso-admin", "identity center permission set"),
    ("stepfunctions", "step function state machine workflow execution"),
    ("sts", "token role caller"),
    ("support", "case trusted advisor"),
    ("textract", "document text ocr"),
    ("transfer", "sftp ftp"),
    ("wafv2", "waf web firewall"),
    ("xray", "trace"),
];

/// The services that most questions are about.
const COMMON: [&str; 44] = [
    "acm",
    "apigateway",
    "athena",
    "autoscaling",
    "backup",
    "ce",
    "cloudformation",
    "cloudfront",
    "cloudtrail",
    "cloudwatch",
    "codebuild",
    "codepipeline",
    "cognito-idp",
    "config",
    "dynamodb",
    "ec2",
    "ecr",
    "ecs",
    "efs",
    "eks",
    "elasticache",
    "elbv2",
    "events",
    "glue",
    "guardduty",
    "iam",
    "kinesis",
    "kms",
    "lambda",
    "logs",
    "opensearch",
    "organizations",
    "rds",
    "redshift",
    "route53",
    "s3",
    "secretsmanager",
    "sesv2",
    "sns",
    "sqs",
    "ssm",
    "stepfunctions",
    "sts",
    "wafv2",
];

/// How much likelier a service is meant than any other.
pub(super) fn common(service: &str) -> f64 {
    if COMMON.contains(&service) { 1.25 } else { 1.0 }
}

/// The words that stand for a service.
pub(super) fn of_service(name: &str) -> Vec<String> {
    let mut words = of_text(name);
    if name.contains('-') || name.chars().any(|letter| letter.is_ascii_digit()) {
        words.push(name.replace('-', ""));
    }
    let known = SERVICES.iter().find(|(service, _)| *service == name);
    words.extend(known.map(|(_, also)| of_text(also)).unwrap_or_default());
    words.sort();
    words.dedup();
    words
}

/// What a question is about: each of its words, with the words that mean the same.
pub(super) fn meant(words: &str) -> Vec<(String, Vec<String>)> {
    let lower = words.to_lowercase();
    let mut ideas: Vec<(String, Vec<String>)> = Vec::new();
    for own in of_text(words) {
        if ideas.iter().any(|(idea, _)| *idea == own) {
            continue;
        }
        let same = SAME.iter().filter(|(word, _)| stem(word) == own);
        let others = same.flat_map(|(_, others)| of_text(others)).filter(|other| *other != own).collect();
        ideas.push((own, others));
    }
    for (phrase, means) in PHRASES {
        if lower.contains(phrase) {
            for own in of_text(means) {
                if !ideas.iter().any(|(idea, _)| *idea == own) {
                    ideas.push((own, Vec::new()));
                }
            }
        }
    }
    ideas
}
