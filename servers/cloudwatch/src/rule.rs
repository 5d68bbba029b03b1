//! The rules of composite alarms: which alarms they name.

/// The alarms that a rule names, each once, in its order.
///
/// `ALARM("a") AND NOT OK(b)`, `AT_LEAST(2, ALARM, ("a", b))`; names may be ARNs, and stand in quotes where they hold what
/// the rule itself is written with.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html>
pub(crate) fn children(rule: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = rule;
    while let Some(letter) = rest.chars().next() {
        if letter == '"' {
            rest = quoted(rest).1;
            continue;
        }
        let end =
            rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        if end == 0 {
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
            continue;
        }
        let (word, behind) = rest.split_at(end);
        rest = behind;
        let Some(inside) = behind.trim_start().strip_prefix('(') else { continue };
        let names = match word.to_ascii_uppercase().as_str() {
            "ALARM" | "OK" | "INSUFFICIENT_DATA" => Some((inside, false)),
            // A count or a part, a state, and the alarms between parentheses of their own.
            "AT_LEAST" => inside.split_once('(').map(|(_, list)| (list, true)),
            _ => None,
        };
        if let Some((inside, is_list)) = names {
            let (names, behind) = names_in(inside, is_list);
            rest = behind;
            for name in names {
                if !name.is_empty() && !found.contains(&name) {
                    found.push(name);
                }
            }
        }
    }
    found
}

/// The names up to the closing parenthesis, and what follows it.
fn names_in(inside: &str, is_list: bool) -> (Vec<String>, &str) {
    let mut names = Vec::new();
    let mut rest = inside.trim_start();
    loop {
        let (name, behind) = if rest.starts_with('"') {
            quoted(rest)
        } else {
            // A bare name of a list ends at the comma; one alone may hold commas.
            let ends = |letter: char| letter == ')' || is_list && letter == ',';
            let (name, behind) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
            (name.trim().to_owned(), behind)
        };
        names.push(match name.split_once(":alarm:") {
            Some((head, name)) if head.starts_with("arn:") => name.to_owned(),
            _ => name,
        });
        let behind = behind.trim_start();
        match behind.strip_prefix(',') {
            Some(more) if is_list => rest = more.trim_start(),
            _ => return (names, behind.strip_prefix(')').unwrap_or(behind)),
        }
    }
}

/// What stands between the quotes at the beginning, and what follows them. A backslash takes the next letter as it is.
fn quoted(text: &str) -> (String, &str) {
    let (mut name, mut is_escaped) = (String::new(), false);
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '\\' if !is_escaped => is_escaped = true,
            '"' if !is_escaped => return (name, text.get(at + 1..).unwrap_or_default()),
            letter => {
                is_escaped = false;
                name.push(letter);
            }
        }
    }
    (name, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rules_children_are_found_however_they_are_written() {
        let rule = r#"(ALARM("a (b)") OR ALARM(c)) AND NOT OK(arn:aws:cloudwatch:us-east-1:123456789012:alarm:d) AND ALARM( c ) OR TRUE"#;
        assert_eq!(children(rule), ["a (b)", "c", "d"]);
        assert!(children("TRUE").is_empty() && children("ALARM(").is_empty());
        assert_eq!(children("INSUFFICIENT_DATA\n ( \"x\" )AND alarm(y, z)"), ["x", "y, z"]);
        assert_eq!(children(r#"ALARM("says \"ALARM(no)\"")"#), ["says \"ALARM(no)\""]);
    }

    #[test]
    fn the_alarms_of_at_least_are_children() {
        assert_eq!(
            children(r#"AT_LEAST(2, ALARM, ("pay-ok-20d", "queue-alarm-20d", hires-5h))"#),
            ["pay-ok-20d", "queue-alarm-20d", "hires-5h"]
        );
        let rule = "NOT AT_LEAST(50%, NOT OK,\n(\"a,b\" ,arn:aws:cloudwatch:us-east-1:123456789012:alarm:c d)) AND ALARM(e)";
        assert_eq!(children(rule), ["a,b", "c d", "e"]);
    }

    proptest! {
        #[test]
        fn no_rule_makes_it_panic(rule in "[A-Z_(),\"\\\\ aé%]{0,40}") {
            children(&rule);
        }

        #[test]
        fn names_come_back_as_they_were_quoted(names in prop::collection::btree_set("[a-z][a-zA-Z()\", ]{0,9}", 1..4)) {
            let names: Vec<String> = names.into_iter().collect();
            let quote = |name: &String| format!("\"{}\"", name.replace('"', "\\\""));
            let states: Vec<String> = names.iter().map(|name| format!("ALARM({})", quote(name))).collect();
            prop_assert_eq!(children(&states.join(" OR ")), names.clone());
            let list: Vec<String> = names.iter().map(quote).collect();
            prop_assert_eq!(children(&format!("AT_LEAST(1, OK, ({}))", list.join(",\n"))), names);
        }
    }
}
