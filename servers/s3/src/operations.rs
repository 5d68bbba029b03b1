//! The services whose every operation can be called.

use awsmcp_api::{S3CONTROL, S3FILES, S3OUTPOSTS, S3TABLES, S3VECTORS, Service};
use awsmcp_operations::Operations;

use crate::S3;

/// Amazon S3 with its control plane, tables, vectors and files.
static SERVICES: [&Service; 6] = [&awsmcp_api::S3, &S3CONTROL, &S3TABLES, &S3VECTORS, &S3FILES, &S3OUTPOSTS];

impl Operations for S3 {
    fn services() -> &'static [&'static Service] {
        &SERVICES
    }
}
