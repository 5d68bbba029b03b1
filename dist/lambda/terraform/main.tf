# An awsmcp server as a Lambda function behind a Function URL. docs/guides/lambda.md says how to use it.
#
# Everyone who may invoke the function has the rights of its role, through the tools that are on. Who may is the matter of
# IAM: nobody but principals of this account whose policies allow lambda:InvokeFunctionUrl and lambda:InvokeFunction on it.

data "aws_partition" "current" {}

locals {
  name = coalesce(var.name, "awsmcp-${var.server}")
  # Written for the partition aws; an ARN is the only place where a partition stands.
  read_only = replace(
    file("${path.module}/policies/${var.server}.json"),
    "\"arn:aws:",
    "\"arn:${data.aws_partition.current.partition}:",
  )
}

resource "aws_lambda_function" "server" {
  function_name    = local.name
  description      = "awsmcp-${var.server}, an MCP server"
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  architectures    = [var.architecture]
  memory_size      = var.memory
  timeout          = var.timeout
  role             = aws_iam_role.server.arn
  tags             = var.tags

  environment {
    variables = merge(
      {
        AWSMCP_ALLOW            = join(",", sort(var.allow))
        AWSMCP_ALLOW_ARN        = join(",", var.allow_arns)
        AWSMCP_AUDIT_LOG        = "-"
        AWSMCP_LAMBDA_STREAMING = tostring(var.streaming)
      },
      var.environment,
    )
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.server.name
  }

  depends_on = [aws_iam_role_policy.log]
}

resource "aws_lambda_function_url" "server" {
  function_name      = aws_lambda_function.server.function_name
  authorization_type = "AWS_IAM"
  invoke_mode        = var.streaming ? "RESPONSE_STREAM" : "BUFFERED"
}

resource "aws_cloudwatch_log_group" "server" {
  name              = "/aws/lambda/${local.name}"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_iam_role" "server" {
  name_prefix = "${substr(local.name, 0, 37)}-"
  tags        = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "tools" {
  name   = "tools"
  role   = aws_iam_role.server.id
  policy = coalesce(var.policy, local.read_only)
}

resource "aws_iam_role_policy" "log" {
  name = "log"
  role = aws_iam_role.server.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.server.arn}:*"
    }]
  })
}
