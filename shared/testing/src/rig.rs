//! How the tests of a server start it: one constant in its `world.rs`, and small changes of it where a test differs.

use crate::{LocalAws, Server, with};

/// A server under test, the AWS that it usually talks to, and the flags that it usually gets.
///
/// `tests/tools/world.rs` of every server begins with one, made by [`rig!`](crate::rig):
///
/// ```ignore
/// pub(crate) const DYNAMODB: Rig = rig!("dynamodb").flags(&["--toolsets", "all", "--allow", "write,destroy"]);
/// ```
///
/// A test says only how it differs:
///
/// ```ignore
/// let mut server = DYNAMODB.start();                                        // as usual
/// let mut server = DYNAMODB.and(&["--allow-region", "eu-west-1"]).start();  // with more flags
/// let mut server = DYNAMODB.only(&["--allow", "write"]).start();            // with other flags
/// let mut server = DYNAMODB.at(stub.env()).start();                         // before another AWS
/// let mut server = DYNAMODB.at(stub.env()).set("AWS_MAX_ATTEMPTS", "3").only(&[]).start();
/// let mut server = DYNAMODB.and(&[]).process();                             // not connected yet
/// ```
///
/// and then calls tools: [`Server::call`], [`Server::plan`], [`Server::confirmed`], [`Server::pages`]; what an
/// [`Answer`](crate::Answer) must say stands in `holds`, `fails` and `lacks`, which name the part that is missing.
#[derive(Clone, Copy, Debug)]
pub struct Rig {
    binary: &'static str,
    flags: &'static [&'static str],
    aws: fn() -> &'static LocalAws,
}

/// The [`Rig`] of the server with this id, in that server's own tests: `rig!("dynamodb")`.
#[macro_export]
macro_rules! rig {
    ($id:literal) => {
        $crate::Rig::of(env!(concat!("CARGO_BIN_EXE_awsmcp-", $id)))
    };
}

impl Rig {
    /// A built binary, without flags, before [`LocalAws::shared`].
    pub const fn of(binary: &'static str) -> Rig {
        Rig { binary, flags: &[], aws: LocalAws::shared }
    }

    /// The flags of every start, except after [`Rig::only`].
    #[must_use]
    pub const fn flags(mut self, flags: &'static [&'static str]) -> Rig {
        self.flags = flags;
        self
    }

    /// Before another AWS, such as [`LocalAws::shared_fakecloud`].
    #[must_use]
    pub const fn before(mut self, aws: fn() -> &'static LocalAws) -> Rig {
        self.aws = aws;
        self
    }

    /// The AWS of every start, except after [`Rig::at`].
    #[track_caller]
    pub fn aws(self) -> &'static LocalAws {
        (self.aws)()
    }

    /// Starts it as usual, and connects.
    #[track_caller]
    pub fn start(self) -> Server {
        self.and(&[]).start()
    }

    /// With the usual flags and these.
    #[must_use]
    pub fn and(self, flags: &[&str]) -> Start {
        Start { rig: self, flags: owned(self.flags), env: None, variables: Vec::new() }.and(flags)
    }

    /// With these flags instead of the usual ones.
    #[must_use]
    pub fn only(self, flags: &[&str]) -> Start {
        Start { rig: self, flags: owned(flags), env: None, variables: Vec::new() }
    }

    /// In another environment: that of a [`Stub`](crate::Stub), or of a user.
    #[must_use]
    pub fn at(self, env: Vec<(String, String)>) -> Start {
        self.and(&[]).at(env)
    }

    /// With one more variable, or another value of one.
    #[must_use]
    pub fn set(self, variable: &str, value: &str) -> Start {
        self.and(&[]).set(variable, value)
    }
}

/// A start of a [`Rig`] that differs from the usual one.
#[derive(Clone, Debug)]
pub struct Start {
    rig: Rig,
    flags: Vec<String>,
    env: Option<Vec<(String, String)>>,
    variables: Vec<(String, String)>,
}

impl Start {
    /// With these flags too.
    #[must_use]
    pub fn and(mut self, flags: &[&str]) -> Start {
        self.flags.extend(owned(flags));
        self
    }

    /// With these flags instead of all others.
    #[must_use]
    pub fn only(mut self, flags: &[&str]) -> Start {
        self.flags = owned(flags);
        self
    }

    /// In another environment: that of a [`Stub`](crate::Stub), or of a user.
    #[must_use]
    pub fn at(mut self, env: Vec<(String, String)>) -> Start {
        self.env = Some(env);
        self
    }

    /// With one more variable, or another value of one.
    #[must_use]
    pub fn set(mut self, variable: &str, value: &str) -> Start {
        self.variables.push((variable.to_owned(), value.to_owned()));
        self
    }

    /// Starts it, and connects as a client of 2025-11-25.
    #[track_caller]
    pub fn start(self) -> Server {
        let mut server = self.process();
        server.initialize();
        server
    }

    /// Starts it and does not connect: for a client that is more, or for a server that must not start.
    #[track_caller]
    pub fn process(self) -> Server {
        let env = self.env.unwrap_or_else(|| self.rig.aws().env());
        let variables: Vec<(&str, &str)> =
            self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Server::spawn(self.rig.binary, self.flags, with(env, &variables))
    }
}

fn owned(flags: &[&str]) -> Vec<String> {
    flags.iter().map(|flag| (*flag).to_owned()).collect()
}
