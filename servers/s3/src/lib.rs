//! MCP server for Amazon S3.
