//! Every operation of AWS, called by its model.
//!
//! A [`Service`] holds its [`Model`]: its operations, their shapes, and how they go over the wire. An input in JSON becomes
//! a request by the SDK's own protocols, and what is answered becomes JSON again, by the names of AWS's API reference.

mod checksum;
mod client;
mod endpoint;
mod failure;
mod index;
mod input;
mod kept;
mod lookup;
mod model;
mod protocol;
mod reading;
mod request;
mod schemas;
mod services;
mod touched;
mod unreadable;
mod words;
mod writing;

pub use client::Client;
pub use index::{Index, Row};
pub use kept::keep;
pub use model::{Kind, Member, Members, Model, Need, Operation, Pages, Shape};
pub use services::*;
pub use touched::touched;
pub use unreadable::Unreadable;
pub use words::{Found, find};
