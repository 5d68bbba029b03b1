//! Writing, copying, moving, tagging, restoring, deleting and bringing back objects, through the real binary.

#![cfg(test)]

mod aws;
mod confirmed;
mod copy;
mod delete;
mod moving;
mod put;
mod restore;
mod tag;
mod undelete;
