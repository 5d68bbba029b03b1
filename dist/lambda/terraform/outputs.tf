output "url" {
  description = "Where MCP is served; requests are signed with SigV4 for the service lambda."
  value       = "${aws_lambda_function_url.server.function_url}mcp"
}

output "function_arn" {
  description = "The function, for policies that let somebody invoke it and for targets of AgentCore Gateway."
  value       = aws_lambda_function.server.arn
}

output "role_arn" {
  description = "The role, whose rights everyone has who may invoke the function."
  value       = aws_iam_role.server.arn
}

output "invoke_policy" {
  description = "The policy of a principal that may invoke the function, JSON."
  value = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"]
      Resource = aws_lambda_function.server.arn
    }]
  })
}
