//! The tools, through the built server and a local AWS.
#![cfg(test)]

mod browsing;
mod buckets;
mod configurations;
mod confirmed;
mod confirmed_sync;
mod copying;
mod deleting;
mod downloading;
mod held;
mod links;
mod moving;
mod putting;
mod reading;
mod restoring;
mod searching;
mod settings;
mod spelling;
mod stores;
mod syncing;
mod tables;
mod tagging;
mod undeleting;
mod uploading;
mod world;
