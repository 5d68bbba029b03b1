//! What every tool of every server gets, the same way.
//!
//! A server is a [`Service`] and a table of contents ([`Server`]); a tool is a [`Tool`] (looks at things) or a
//! [`Change`] (changes them, and can say beforehand what it would change). [`Engine`] runs a call from
//! arguments to answer; [`Handler`] speaks MCP, and [`Stamped`] is what a transport serves of it.

mod allowed;
mod argument;
mod audit;
mod call;
mod cleanup;
mod clock;
mod confirm;
mod content;
mod contract;
mod cursor;
mod derived;
mod difference;
mod engine;
pub mod exact;
mod explain;
mod extra;
mod fence;
pub mod files;
mod gate;
mod greeting;
mod handler;
mod input;
mod kept;
mod kms_key;
mod listing;
mod merge_patch;
mod names;
mod nonfinite;
mod output;
mod plan;
mod principal;
mod prompt;
mod query;
mod region;
mod render;
mod resource;
mod schema;
mod second_look;
mod seen;
mod server;
mod service;
mod settings;
mod shorten;
mod stamp;
mod text;
mod time;
mod together;
mod tool;
mod validate;
mod waiting;
mod whoami;

pub use argument::{ResourceArgument, resource_schema};
pub use audit::Audit;
pub use awsmcp_aws::{Error, Kind, Target};
pub use awsmcp_spec::{Arn, ResourceRef, Risk, Spec};
pub use call::{Call, Progress};
pub use cleanup::Cleanup;
pub use clock::Clock;
pub use content::content;
pub use derived::Derived;
pub use difference::difference;
pub use engine::{Answer, Caller, Consent, Engine, Overview};
pub use extra::Extra;
pub use fence::{for_terminal, neutral};
pub use files::Files;
pub use gate::COMMON_TOOLSETS;
pub use handler::Handler;
pub use kms_key::KmsKey;
pub use merge_patch::patched;
pub use names::{prefixed, unprefixed};
pub use output::{Body, One, Output, Page, Part, Reply, View};
pub use plan::Plan;
pub use principal::{Principal, risk_of, scope};
pub use prompt::{Argument, Prompt};
pub use region::Region;
pub use resource::{Completion, Resource};
pub use second_look::Look;
pub use seen::{moved, unchanged};
pub use server::Server;
pub use service::{Named, Service};
pub use settings::{Confirm, Looks, OutputMode, SealKey, Settings};
pub use stamp::Stamped;
pub use text::{counted, human_size, nearest, quoted, thousands};
pub use time::{DAY, HOUR, Moment, TimeRange, to_millisecond, to_second};
pub use together::{Member, Together};
pub use tool::{Change, Tool};
pub use waiting::Waited;
pub use whoami::WHOAMI;

/// What a tool's code returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;
