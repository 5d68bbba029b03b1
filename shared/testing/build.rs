//! Does nothing: without it cargo passes over the build dependencies.

fn main() {}
