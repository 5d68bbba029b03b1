"""Runs ministack, and has it check IAM, dry runs and Function URLs as AWS does where ministack 1.5.33 does otherwise.

Actions and resources are those of AWS's Service Authorization Reference. With HAND_ON_TO in the environment, the address
of another local AWS, ministack only checks: what is allowed, that one serves.
"""

import asyncio
import http.client
import json
import os
import re
import sys
import urllib.parse

import cbor2
from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import bedrock, bedrock_agent, dynamodb_streams, lambda_svc

# Functions call AWS here.
os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{os.environ.get('GATEWAY_PORT', '4566')}"

# Lambda: ministack tells few of its operations apart. AWS's model, which it uses for other services, knows them all.
iam_actions._BOTOCORE_SERVICE_MAP["lambda"] = ["lambda"]
iam_actions._lambda_action = lambda *_: None
# What it calls otherwise than AWS, or what AWS has no action of its own for.
ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "lambda:InvokeAsync": "lambda:InvokeFunction",
    "lambda:InvokeWithResponseStream": "lambda:InvokeFunction",
    "lambda:GetLayerVersionByArn": "lambda:GetLayerVersion",
    "bedrock:Converse": "bedrock:InvokeModel",
    "bedrock:ConverseStream": "bedrock:InvokeModelWithResponseStream",
    "bedrock:StartAsyncInvoke": "bedrock:InvokeModel",
}

# Services that ministack does not know: the name they are signed for, and how it is to read their requests.
HAND_ON_TO = os.environ.get("HAND_ON_TO")
OWN = {"iam", "s3", "sts"}
UNKNOWN = {
    "application-autoscaling": [],
    "sagemaker": ["sagemaker-runtime", "sagemaker-featurestore-runtime"],
}
for service, models in UNKNOWN.items() if HAND_ON_TO else []:
    iam_actions.SERVICE_TO_IAM_NAMESPACE[service] = service
    iam_actions._BOTOCORE_SERVICE_MAP[service] = models

detect_service = app.detect_service
bedrock_request = bedrock.handle_request
bedrock_agent_request = bedrock_agent.handle_request
extract_iam_action = iam_actions.extract_iam_action
extract_resource_arn = iam_actions.extract_resource_arn
dynamodb_transaction_checks = iam_actions.dynamodb_transaction_checks
request_tag_context = iam_actions.request_tag_context
function_url_event = lambda_svc._build_function_url_event
access_denied_response = iam_actions.access_denied_response


def detect(method, path, headers, query):
    signed = re.search(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/", headers.get("authorization", ""))
    if HAND_ON_TO and signed and signed[1] in UNKNOWN:
        return signed[1]
    return detect_service(method, path, headers, query)


async def hand_on(method, path, headers, body, query):
    def ask():
        upstream = http.client.HTTPConnection(HAND_ON_TO, timeout=60)
        target = urllib.parse.quote(path, safe="/%:@!$&'()*+,;=~-._")
        if query:
            target += "?" + urllib.parse.urlencode(query, doseq=True)
        kept = {k: v for k, v in headers.items() if k.lower() not in {"content-length", "content-encoding", "host"}}
        upstream.request(method, target, body, kept)
        reply = upstream.getresponse()
        replied = {k: v for k, v in reply.getheaders() if k.lower() not in {"content-length", "transfer-encoding"}}
        return reply.status, replied, reply.read()

    return await asyncio.to_thread(ask)


def action(service, method, path, headers, body, query):
    if service == "monitoring" and "/operation/" in path:
        # ministack lets every request in CBOR pass.
        return "cloudwatch:" + path.rsplit("/", 1)[-1]
    found = extract_iam_action(service, method, path, headers, body, query)
    return ACTIONS.get(found, found)


def resource(service, method, path, headers, body, query, region, account):
    found = extract_resource_arn(service, method, path, headers, readable(service, body), query, region, account)
    operation = (headers.get("x-amz-target") or path).replace("/", ".").rsplit(".", 1)[-1]
    if service == "logs":
        return logs(operation, fields(body), found, f"arn:aws:logs:{region}:{account}:log-group:")
    if service == "monitoring":
        return metrics(operation, fields(body), found, region, account)
    if service in {"dynamodb", "dynamodbstreams"} and found == "*":
        input = fields(body)
        # An iterator says whose it is.
        source = dynamodb_streams._decode_iterator(input.get("ShardIterator") or "") or {}
        return next((arn for arn in [*map(input.get, ARN_FIELDS), source.get("arn")] if arn), found)
    if service == "sagemaker":
        return sagemaker(operation, fields(body), path, f"arn:aws:sagemaker:{region}:{account}:")
    if service == "lambda" and (execution := re.search(r"/durable-executions/(.+?)(?:/history)?$", path)):
        return urllib.parse.unquote(execution[1])
    if service == "lambda" and (layer := re.search(r"/layers/([^/]+)/versions(?:/(\d+))?", path)):
        name, version = layer.groups()
        if version is None and method == "GET":
            return "*"
        return f"arn:aws:lambda:{region}:{account}:layer:{name}" + (f":{version}" if version else "")
    if service.startswith("bedrock"):
        return bedrock_resource(urllib.parse.unquote(path), fields(body), f"arn:aws:bedrock:{region}:{account}:") or found
    return found


def bedrock_resource(path, input, own):
    """What ministack takes for anything, or for the agent instead of its alias."""
    if guardrail := re.match(r"/guardrail/([^/]+)/version/", path):
        return f"{own}guardrail/{guardrail[1]}"
    if agent := re.match(r"/agents/([^/]+)/agentAliases/([^/]+)/sessions/", path):
        return f"{own}agent-alias/{agent[1]}/{agent[2]}"
    if flow := re.match(r"/flows/([^/]+)/aliases/([^/]+)$", path):
        return f"{own}flow/{flow[1]}/alias/{flow[2]}"
    if path == "/async-invoke" and (model := input.get("modelId")):
        return model if model.startswith("arn:") else f"{own.rsplit(':', 2)[0]}::foundation-model/{model}"
    return None


def logs(operation, input, found, start):
    """A log group always comes with the stream that is asked for, or with none."""
    if operation in {"TagResource", "UntagResource", "ListTagsForResource"}:
        return found
    many = (input.get("logGroupNames") or []) + (input.get("logGroupIdentifiers") or [])
    group = input.get("logGroupName") or input.get("logGroupIdentifier") or next(iter(many), None)
    if group is None:
        return f"{start}:log-stream:" if operation == "DescribeLogGroups" else found
    group = group.split(":log-group:")[-1].removesuffix(":*")
    return f"{start}{group}:log-stream:{input.get('logStreamName') or ''}"


def metrics(operation, input, found, region, account):
    if "Dashboard" in operation and operation != "ListDashboards":
        name = input.get("DashboardName") or next(iter(input.get("DashboardNames") or []), "")
        return f"arn:aws:cloudwatch::{account}:dashboard/{name}"
    if operation in {"TagResource", "UntagResource", "ListTagsForResource"}:
        return input.get("ResourceARN") or found
    alarms = f"arn:aws:cloudwatch:{region}:{account}:alarm:"
    if operation == "DescribeAlarms":
        return f"{alarms}*"
    if "Alarm" in operation and operation != "DescribeAlarmsForMetric":
        return alarms + (input.get("AlarmName") or next(iter(input.get("AlarmNames") or []), "*"))
    return found


def sagemaker(operation, input, path, start):
    """Most requests name one thing, in the field that is called as the operation: DescribeModel has ModelName."""
    if invoked := re.match(r"/endpoints/([^/]+)/", path):
        return f"{start}endpoint/{invoked[1].lower()}"
    if group := re.match(r"/FeatureGroup/([^/]+)", path):
        return f"{start}feature-group/{group[1].lower()}"
    named = re.match(r"(?:Create|Describe|Update|Delete|Start|Stop|Retry|Send)(.+)", operation)
    noun = named[1] if named else ""
    if operation in {"BatchDeleteClusterNodes", "ListClusterNodes", "UpdateClusterSoftware", "DescribeClusterNode", "BatchReplaceClusterNodes"}:
        noun = "Cluster"
    name = input.get(noun + "Arn") or input.get(noun + "Name")
    if not name:
        return next((value for key, value in input.items() if key.endswith("Arn") and isinstance(value, str)), "*")
    kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", noun).lower()
    return name if name.startswith("arn:") else f"{start}{kind}/{name.lower()}"


# What a DynamoDB request names other than by the name of its table.
ARN_FIELDS = ["ResourceArn", "TableArn", "StreamArn", "BackupArn", "ExportArn", "ImportArn"]


def checks(found, body, region, account):
    """What a request is checked for instead of its own action.

    PartiQL: each statement has the action of its verb, on the table or the index that it names.
    A restored table needs its source and its target.
    """
    table_arn = f"arn:aws:dynamodb:{region}:{account}:table/"
    if found in {"dynamodb:RestoreTableFromBackup", "dynamodb:RestoreTableToPointInTime"}:
        input = fields(body)
        source = input.get("BackupArn") or input.get("SourceTableArn") or table_arn + (input.get("SourceTableName") or "")
        return [(found, source), (found, table_arn + (input.get("TargetTableName") or ""))]
    if found == "dynamodb:ImportTable":
        return [(found, table_arn + ((fields(body).get("TableCreationParameters") or {}).get("TableName") or ""))]
    if found == "dynamodb:ExecuteStatement":
        statements = [fields(body)]
    elif found in {"dynamodb:BatchExecuteStatement", "dynamodb:ExecuteTransaction"}:
        statements = fields(body).get("Statements") or fields(body).get("TransactStatements") or []
    else:
        return dynamodb_transaction_checks(found, body, region, account)
    wanted = []
    for statement in statements:
        text = statement.get("Statement") or ""
        verb = re.search(r"\b(SELECT|INSERT|UPDATE|DELETE)\b", text, re.IGNORECASE)
        table = re.search(r'\b(?:FROM|INTO|UPDATE)\s+"?([\w.-]+?)"?(?:\."?([\w-]+)"?)?(?:\s|$)', text, re.IGNORECASE)
        if verb and table:
            name, index = table.groups()
            wanted.append((f"dynamodb:PartiQL{verb[1].title()}", table_arn + name + (f"/index/{index}" if index else "")))
    return wanted


def refusal(service, action, principal_arn, request_id, **more):
    """AWS names the resource, answers JSON services' refusals with 400, and tells query clients their own code."""
    headers, arn = more.get("headers") or {}, more.get("resource_arn", "*")
    own = service in {"dynamodb", "dynamodbstreams", "lambda", "monitoring", *UNKNOWN} and not more.get("error_code") and not more.get("message")
    if own and arn != "*":
        more["message"] = iam_actions.identity_denial_message(
            action, principal_arn, arn, more.get("explicit_deny", False)
        )
    status, replied, body = access_denied_response(service, action, principal_arn, request_id, **more)
    if own and headers.get("x-amz-target"):
        status = 400
    if own and headers.get("x-amzn-query-mode"):
        replied["x-amzn-query-error"] = "AccessDenied;Sender"
    return status, replied, body


def tags(service, found, body, params):
    return request_tag_context(service, found, readable(service, body), params)


def readable(service, body):
    """ministack looks for names and tags into JSON only."""
    return json.dumps(fields(body), default=str).encode() if service == "monitoring" else body


def fields(body):
    """The input, of JSON or CBOR."""
    for read in (json.loads, cbor2.loads):
        try:
            found = read(body)
        except (ValueError, EOFError, UnicodeDecodeError, cbor2.CBORDecodeError):
            continue
        return found if isinstance(found, dict) else {}
    return {}


if HAND_ON_TO:
    app.detect_service = detect
    app.SERVICE_HANDLERS.update({service: hand_on for service in {*app.SERVICE_HANDLERS, *UNKNOWN} - OWN})
carry_out = app.SERVICE_HANDLERS["ec2"]


async def unless_dry(method, path, headers, body, query):
    """What asks for a dry run is carried out here. AWS refuses it, once it knows that it would be let through."""
    asked = {**query, **urllib.parse.parse_qs(body.decode(errors="replace") if isinstance(body, bytes) else body or "")}
    if asked.get("DryRun") != ["true"]:
        return await carry_out(method, path, headers, body, query)
    error = "<Code>DryRunOperation</Code><Message>Request would have succeeded, but DryRun flag is set.</Message>"
    reply = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>dry-run</RequestID></Response>"
    return 412, {"Content-Type": "text/xml"}, reply.encode()


async def bedrock_handle(method, path, headers, body, query):
    """AWS takes the sort of a profile as `type`."""
    return await bedrock_request(method, path, headers, body, {**query, "typeEquals": query.get("type")})


async def bedrock_agent_handle(method, path, headers, body, query):
    """AWS takes a path with and without the slash at its end; SDKs differ in it."""
    answer = await bedrock_agent_request(method, path, headers, body, query)
    if answer[0] == 400 and b"No route for" in answer[2]:
        return await bedrock_agent_request(method, f"{path}/", headers, body, query)
    return answer


def url_event(url, account, region, method, path, headers, body, query, **more):
    """AWS tells a function behind a URL with AWS_IAM who has signed the request."""
    event = function_url_event(url, account, region, method, path, headers, body, query, **more)
    if not more.get("anonymous"):
        arn = iam_evaluator.request_caller_arn(headers, query)
        key = app.extract_access_key_id(headers, query)
        iam = {"accessKey": key, "accountId": account, "callerId": key, "cognitoIdentity": None, "principalOrgId": None}
        event["requestContext"]["authorizer"] = {"iam": {**iam, "userArn": arn, "userId": key}}
    return event


app.SERVICE_HANDLERS["ec2"] = unless_dry
lambda_svc._build_function_url_event = url_event
bedrock.handle_request = bedrock_handle
bedrock_agent.handle_request = bedrock_agent_handle
iam_actions.extract_iam_action = action
iam_actions.extract_resource_arn = resource
iam_actions.dynamodb_transaction_checks = checks
iam_actions.request_tag_context = tags
iam_actions.access_denied_response = refusal

if __name__ == "__main__":
    sys.exit(app.main())
