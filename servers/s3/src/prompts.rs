//! The runbooks people ask for, each naming the tools in order.

use awsmcp_mcp::{Argument, Prompt};

const BUCKET: Argument = Argument { name: "bucket", description: "The bucket.", required: true };

pub(crate) const PUBLIC_BUCKETS: Prompt = Prompt {
    name: "public_buckets",
    title: "What is public",
    description: "Finds what is public in my buckets, and what stands between.",
    arguments: &[Argument {
        name: "prefix",
        description: "Only buckets whose names start with this.",
        required: false,
    }],
    text: "Find out what the public can reach in my S3 buckets (names starting with: {prefix}).\n\
        1. list_buckets, all pages.\n\
        2. bucket_overview of each. Collect the findings that start with high or medium. Pass `region` where the bucket's \
        is another and that is allowed; tell me which buckets could not be looked at and why.\n\
        3. Where a policy is public: bucket_overview with aspect policy, and say in plain words who may do what on which keys. \
        Where an ACL is: aspect acl. A website that is meant to be public is one: look at aspect website.\n\
        4. Where objects are readable by all: list_objects with summary, so that I see how much that is.\n\
        5. The account's own public access block is not read here, and may close what is open in a bucket: say so, and how I \
        look at it (aws s3control get-public-access-block --account-id ACCOUNT).\n\
        Answer with a table (bucket, what is open, through what, how much), the worst first, then the change that would close \
        each: put_bucket_config with aspect public_access_block or policy. Change nothing yet: show me its dry_run first.",
};

pub(crate) const STORAGE_COSTS: Prompt = Prompt {
    name: "storage_costs",
    title: "What takes the space",
    description: "Finds what takes the space in a bucket, and what would save most.",
    arguments: &[BUCKET, Argument { name: "prefix", description: "Only below this.", required: false }],
    text: "Find out what takes the space in the S3 bucket {bucket} (below: {prefix}).\n\
        1. list_objects with summary: bytes by folder and storage class. Follow `next` if it stopped before the end, and add up.\n\
        2. Go down into the largest folders: the same with their prefix, until you can name what the bytes are.\n\
        3. bucket_overview: versioning and lifecycle. If versions are kept, list_versions under the largest prefixes: old \
        versions and their bytes do not show in list_objects.\n\
        4. list_uploads with parts: unfinished uploads are billed and show nowhere else.\n\
        5. list_objects with modified_before -180d and min_size 1MB and summary: large and old.\n\
        Answer with a table (what, objects, bytes, storage class) and then what would save most, with its risk: a lifecycle rule \
        (put_bucket_config, aspect lifecycle), another storage class, expiring old versions, abort_uploads. Change nothing yet.",
};

pub(crate) const RECOVER_OBJECT: Prompt = Prompt {
    name: "recover_object",
    title: "Get an object back",
    description: "Brings back an object that was deleted or overwritten.",
    arguments: &[
        BUCKET,
        Argument { name: "key", description: "The object's key, or what it starts with.", required: true },
    ],
    text: "An object in the S3 bucket {bucket} was deleted or overwritten: {key}. Get it back.\n\
        1. list_versions with that key; if there is nothing, with it as prefix: the key may be spelled otherwise.\n\
        2. The latest is a delete_marker: the object was deleted, and undelete_object takes the marker away. The latest is a \
        version: it was overwritten; get_object with version_id shows the earlier ones, so that I can say which is right, and \
        copy_object with source_version_id puts it on top again.\n\
        3. No versions at all: bucket_overview. Without versioning it is gone here; look at replication for a copy, and say so \
        plainly.\n\
        4. If the version is archived, restore_object first, and tell me how long that takes.\n\
        Show me the plan (dry_run) before you change anything, and afterwards head_object to prove that it is back.",
};
