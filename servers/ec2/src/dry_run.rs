//! EC2's own dry runs: a request that says whether it would be let through.

use std::fmt::Debug;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use awsmcp_mcp::{Error, Result};

/// Waits for the answer to a request with `DryRun`, which is an error in any case: `DryRunOperation` where the request
/// would succeed.
///
/// # Errors
/// Why it would not.
pub(crate) async fn would<T, E, R>(
    sent: impl Future<Output = std::result::Result<T, SdkError<E, R>>>,
) -> Result<()>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: Debug + 'static,
{
    match sent.await {
        Err(error) if error.code() == Some("DryRunOperation") => Ok(()),
        Err(error) => Err(error.into()),
        // AWS never does that.
        Ok(_) => {
            Err(Error::internal("the endpoint does not know dry runs and may have carried out the request")
                .with_next("look what there is now before anything else is called"))
        }
    }
}
