//! Local files to and from S3, through the real binary.

#![cfg(test)]

mod confirmed;
mod download;
mod place;
mod proxy;
mod sync;
mod upload;
