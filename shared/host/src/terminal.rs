//! What commands print. While a program serves, standard output belongs to the protocol.
//!
//! Names and bodies come from whoever wrote them into the account. At a terminal their control characters could set the
//! window's title, move the cursor over what was printed before, or hide a line, so there they are written as escapes. A
//! file or a pipe gets the text as it is.

use std::{
    borrow::Cow,
    io::{IsTerminal, Write, stderr, stdout},
};

use anyhow::{Context, Result};
use awsmcp_mcp::for_terminal;

/// Writes a line to standard output.
///
/// # Errors
/// When it is closed.
pub(crate) fn print(text: &str) -> Result<()> {
    let out = stdout();
    write_line(&out, out.is_terminal(), text).context("stdout is closed")
}

/// Writes a line to standard error.
///
/// # Errors
/// When it is closed.
pub(crate) fn report(text: &str) -> Result<()> {
    let out = stderr();
    write_line(&out, out.is_terminal(), text).context("stderr is closed")
}

fn write_line(mut out: impl Write, is_terminal: bool, text: &str) -> std::io::Result<()> {
    let text = if is_terminal { for_terminal(text) } else { Cow::Borrowed(text) };
    writeln!(out, "{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(is_terminal: bool, text: &str) -> String {
        let mut out = Vec::new();
        write_line(&mut out, is_terminal, text).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_terminal_is_shown_escapes_and_a_pipe_gets_the_bytes() {
        let title = "a\u{1b}]0;owned\u{7}b\u{9b}2Jc\u{202e}d\rnote: forged\u{7f}";
        assert_eq!(
            written(true, title),
            "a\\u001b]0;owned\\u0007b\\u009b2Jc\\u202ed\\u000dnote: forged\\u007f\n"
        );
        assert_eq!(written(false, title), format!("{title}\n"));
    }

    #[test]
    fn lines_and_tabs_and_every_language_stay() {
        let text = "key\tsize\nünï文 😀\\n\t1\n";
        assert_eq!(written(true, text), format!("{text}\n"));
        assert_eq!(written(true, "one\r\ntwo"), "one\ntwo\n");
    }

    #[test]
    fn no_control_character_reaches_a_terminal() {
        for letter in (0..=0x10_ffff_u32).filter_map(char::from_u32) {
            let shown = for_terminal(&format!("<{letter}>")).into_owned();
            let is_plain = shown.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t'));
            assert!(is_plain && shown.starts_with('<') && shown.ends_with('>'), "{letter:?}: {shown:?}");
        }
    }
}
