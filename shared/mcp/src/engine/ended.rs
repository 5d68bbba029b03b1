//! What a caller gets in the end.

use serde_json::Value;

use crate::{Kind, Part};

/// How a call ended.
#[derive(Debug)]
pub enum Answer {
    /// An answer: text, further blocks, and its structured form where that is wanted.
    Done {
        /// The text.
        text: String,
        /// Images and bytes that follow it.
        parts: Vec<Part>,
        /// The structured form.
        structured: Option<Value>,
        /// Whether what a tool of the account stands for ran and failed: the answer is about its failure.
        failed: bool,
    },
    /// A plan that waits for its confirmation; nothing was done.
    Planned {
        /// The plan, and how to confirm it.
        text: String,
    },
    /// A plan that the caller must be asked about; nothing was done.
    Ask {
        /// The question.
        question: String,
        /// To be given back with the answer.
        state: String,
    },
    /// A failure, with what to do next.
    Failed {
        /// The text.
        text: String,
        /// What kind of failure it was.
        kind: Kind,
    },
}

impl Answer {
    /// The same answer, about a failure or not.
    pub(crate) fn about_failure(mut self, is: bool) -> Answer {
        if let Answer::Done { failed, .. } = &mut self {
            *failed = is;
        }
        self
    }
}
