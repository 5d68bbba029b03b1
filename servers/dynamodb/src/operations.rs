//! The services whose every operation can be called.

use awsmcp_api::{DAX, DYNAMODB, DYNAMODBSTREAMS, Service};
use awsmcp_operations::Operations;

use crate::DynamoDb;

/// Amazon DynamoDB with its streams and its cache.
static SERVICES: [&Service; 3] = [&DYNAMODB, &DYNAMODBSTREAMS, &DAX];

impl Operations for DynamoDb {
    fn services() -> &'static [&'static Service] {
        &SERVICES
    }
}
