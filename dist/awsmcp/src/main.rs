//! The program that holds every server.

use awsmcp_host::{Program, run_all};

fn main() -> std::process::ExitCode {
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    let programs = [
        Program::new(awsmcp_s3::server, VERSION),
        Program::new(awsmcp_dynamodb::server, VERSION),
        Program::new(awsmcp_lambda::server, VERSION),
        Program::new(awsmcp_sagemaker::server, VERSION),
        Program::new(awsmcp_bedrock::server, VERSION),
        Program::new(awsmcp_cloudwatch::server, VERSION),
        Program::new(awsmcp_ec2::server, VERSION),
        Program::new(awsmcp_aws::server, VERSION),
    ];
    run_all(&programs, VERSION)
}
