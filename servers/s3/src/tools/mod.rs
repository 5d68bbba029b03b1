//! One file a tool.

mod delete_objects;
mod head_object;
mod list_buckets;
mod list_objects;
mod put_object;

pub(crate) use delete_objects::DeleteObjects;
pub(crate) use head_object::HeadObject;
pub(crate) use list_buckets::ListBuckets;
pub(crate) use list_objects::ListObjects;
pub(crate) use put_object::PutObject;
