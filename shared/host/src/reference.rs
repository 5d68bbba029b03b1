//! The reference of the command line, printed from the command line itself.

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use clap::CommandFactory;

    use crate::program::Cli;

    #[test]
    fn every_flag_is_in_the_reference() {
        let command = Cli::command();
        let mut out = String::from(
            "# Options of every server\n\nPrinted from the command line by a test of `awsmcp-host`. A flag wins over its variable, a \
             variable over the file that `--config` names; the file's keys are the flags' names without `--`. Lists are \
             separated by commas, or the flag is repeated.\n",
        );
        let mut heading = None;
        for flag in command.get_arguments().filter(|flag| flag.get_long().is_some()) {
            if matches!(flag.get_long(), Some("help" | "version")) || flag.is_hide_set() {
                continue;
            }
            let group = flag.get_help_heading().unwrap_or("General");
            if heading != Some(group) {
                let _ = write!(out, "\n## {group}\n\n| flag | variable | |\n| --- | --- | --- |\n");
                heading = Some(group);
            }
            let name = flag.get_long().unwrap_or_default();
            let variable = flag.get_env().expect("every flag has a variable").to_string_lossy();
            assert_eq!(variable, format!("AWSMCP_{}", name.to_uppercase().replace('-', "_")));
            let value = match flag.get_action() {
                clap::ArgAction::SetTrue => String::new(),
                _ => flag.get_value_names().map(|names| format!(" {}", names.join(" "))).unwrap_or_default(),
            };
            let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
            let options: Vec<String> =
                flag.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
            let options = if options.is_empty() || value.is_empty() {
                String::new()
            } else {
                format!(" One of {}.", options.join(", "))
            };
            let _ = writeln!(out, "| `--{name}{value}` | `{variable}` | {help}{options} |");
        }
        out.push_str(
            "\n## Commands\n\n| command | |\n| --- | --- |\n| (none) | Serve MCP on stdin and stdout. |\n",
        );
        for sub in command.get_subcommands() {
            let _ = writeln!(
                out,
                "| `{}` | {} |",
                sub.get_name(),
                sub.get_about().map(ToString::to_string).unwrap_or_default()
            );
        }
        awsmcp_testing::golden(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/options.md"), &out);
    }
}
