"""Prints what botocore's clients make of a local AWS's answers, a line of JSON for each operation.

Run by the test `answers_are_those_of_botocore`, with the Python of the local AWS and an environment that leads to it.

Every operation that only looks and whose input may be empty is called twice; what answers alike both times is printed as
[service, operation, answer], in our form: bytes are Base64, times RFC 3339.
"""

import base64
import concurrent.futures
import datetime
import json
import os
import re
import sys

import botocore.config
import botocore.session
from botocore.exceptions import BotoCoreError, ClientError
from botocore.response import StreamingBody

LOOKS = re.compile(r"^(List|Describe|Get|Search|Lookup|Query|Scan|Batch(Get|Describe))")

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]})

# Something to look at, in services of every protocol.
MADE = [
    ("sqs", "CreateQueue", {"QueueName": "answers"}),
    ("sns", "CreateTopic", {"Name": "answers"}),
    ("s3", "CreateBucket", {"Bucket": "answers-bucket"}),
    ("iam", "CreateRole", {"RoleName": "answers", "AssumeRolePolicyDocument": TRUST}),
    ("iam", "CreateUser", {"UserName": "answers"}),
    ("ec2", "CreateVpc", {"CidrBlock": "10.9.0.0/16"}),
    ("ec2", "CreateKeyPair", {"KeyName": "answers"}),
    ("logs", "CreateLogGroup", {"logGroupName": "/answers"}),
    ("ssm", "PutParameter", {"Name": "/answers", "Value": "v", "Type": "String"}),
    ("secretsmanager", "CreateSecret", {"Name": "answers", "SecretString": "s"}),
    ("kms", "CreateKey", {}),
    ("events", "PutRule", {"Name": "answers", "ScheduleExpression": "rate(1 day)"}),
    ("kinesis", "CreateStream", {"StreamName": "answers", "ShardCount": 1}),
    ("dynamodb", "CreateTable", {
        "TableName": "answers", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    }),
    ("route53", "CreateHostedZone", {"Name": "answers.example", "CallerReference": "1"}),
    ("cloudwatch", "PutMetricAlarm", {
        "AlarmName": "answers", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "MetricName": "m",
        "Namespace": "n", "Period": 60, "Statistic": "Sum", "Threshold": 1.5,
    }),
    ("ecr", "CreateRepository", {"repositoryName": "answers"}),
    ("ecs", "CreateCluster", {"clusterName": "answers"}),
]


def plain(value):
    """A value of botocore in our form."""
    if isinstance(value, dict):
        return {key: plain(it) for key, it in value.items() if key != "ResponseMetadata"}
    if isinstance(value, (list, tuple)):
        return [plain(it) for it in value]
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, StreamingBody):
        return base64.b64encode(value.read()).decode()
    return value


def main():
    session = botocore.session.get_session()
    config = botocore.config.Config(retries={"max_attempts": 0}, connect_timeout=2, read_timeout=5, parameter_validation=True)

    def client(service):
        return session.create_client(service, region_name="us-east-1", endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=config)

    def call(made, operation, given):
        return plain(made._make_api_call(operation, given))

    for service, operation, given in MADE:
        try:
            call(client(service), operation, given)
        except (BotoCoreError, ClientError) as error:
            print(f"{service} {operation}: {error}", file=sys.stderr)

    def of_service(service):
        made = client(service)
        lines = []
        failed = 0
        for operation in made.meta.service_model.operation_names:
            model = made.meta.service_model.operation_model(operation)
            if not LOOKS.match(operation) or (model.input_shape and model.input_shape.required_members):
                continue
            # A service that the local AWS does not serve at all is left soon.
            if failed >= 3 and not lines:
                break
            try:
                once, twice = call(made, operation, {}), call(made, operation, {})
            except Exception:  # Whatever it is, there is no answer to compare.
                failed += 1
                continue
            if once == twice:
                lines.append(json.dumps([service, operation, once]))
        return lines

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for lines in pool.map(of_service, session.get_available_services()):
            for line in lines:
                print(line)


main()
