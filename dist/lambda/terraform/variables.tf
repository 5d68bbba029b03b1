variable "server" {
  description = "Which server: s3, dynamodb, lambda, sagemaker, bedrock, cloudwatch or ec2."
  type        = string

  validation {
    condition     = contains(["bedrock", "cloudwatch", "dynamodb", "ec2", "lambda", "s3", "sagemaker"], var.server)
    error_message = "The servers are bedrock, cloudwatch, dynamodb, ec2, lambda, s3 and sagemaker."
  }
}

variable "package" {
  description = "Path of the server's Lambda archive for the architecture: a zip that holds `bootstrap`."
  type        = string
}

variable "name" {
  description = "Name of the function, of its log group and of its role; awsmcp-<server> if not given."
  type        = string
  default     = null
}

variable "architecture" {
  description = "The architecture that the archive is for: arm64 or x86_64."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architectures are arm64 and x86_64."
  }
}

variable "memory" {
  description = "Memory in MB. Lambda gives processor time in proportion."
  type        = number
  default     = 256
}

variable "timeout" {
  description = "The longest an invocation may take, in seconds."
  type        = number
  default     = 60
}

variable "streaming" {
  description = "Whether answers are streamed, so that clients see progress."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "How long the log is kept."
  type        = number
  default     = 30
}

variable "allow" {
  description = "Risks that calls may take besides reading: write, destroy, invoke, reveal. The role must allow it too: see policy."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.allow, ["write", "destroy", "invoke", "reveal"])) == 0
    error_message = "The risks are write, destroy, invoke and reveal."
  }
}

variable "allow_arns" {
  description = "The only resources that calls may touch, ARNs with wildcards; empty for any."
  type        = list(string)
  default     = []
}

variable "policy" {
  description = "The role's policy, JSON, such as `awsmcp-<server> iam-policy` prints with your settings; if not given, what the tools need that only read."
  type        = string
  default     = null
}

variable "environment" {
  description = "Further settings of the server, by their variables: AWSMCP_TOOLSETS, AWSMCP_SEAL_KEY."
  type        = map(string)
  default     = {}
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}
