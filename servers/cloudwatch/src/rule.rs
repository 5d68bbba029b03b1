//! The rules of composite alarms: their language, and which alarms they name.

use std::fmt;

use aws_sdk_cloudwatch::types::StateValue;

/// A rule, as AWS documents its language. Words may be in whatever case, blanks and line ends stand anywhere.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// `TRUE`, `FALSE`
    Always(bool),
    /// `ALARM("a")`
    Is(State, String),
    /// `AT_LEAST(2, NOT OK, ("a", "b"))`
    AtLeast(AtLeast),
    Not(Box<Rule>),
    All(Vec<Rule>),
    Any(Vec<Rule>),
}

/// So many of some alarms are in a state, or are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AtLeast {
    count: u32,
    is_percent: bool,
    is_not: bool,
    state: State,
    alarms: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Alarm,
    Ok,
    InsufficientData,
}

/// How deep parentheses may go: a rule has 10,240 characters at most, which must not use up the stack.
const DEEPEST: usize = 100;

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// Says what stands where something else should.
    pub(crate) fn read(rule: &str) -> Result<Rule, String> {
        let mut reader = Reader { rule, rest: rule, depth: 0 };
        let read = reader.any()?;
        reader.blanks();
        if reader.rest.is_empty() { Ok(read) } else { Err(reader.wrong("AND, OR or the end")) }
    }

    /// The alarms that it names, each once, in its order.
    pub(crate) fn alarms(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        self.each(&mut |rule| {
            let names = match rule {
                Rule::Is(_, name) => std::slice::from_ref(name),
                Rule::AtLeast(least) => &least.alarms,
                _ => &[],
            };
            for name in names.iter().map(|name| plain_name(name)) {
                if !found.contains(&name) {
                    found.push(name);
                }
            }
        });
        found
    }

    /// How each `AT_LEAST` stands, by the states that alarms have now; one whose state is not known counts for nothing.
    pub(crate) fn counts(&self, state: &impl Fn(&str) -> Option<StateValue>) -> Vec<String> {
        let mut found = Vec::new();
        self.each(&mut |rule| {
            let Rule::AtLeast(least) = rule else { return };
            let known = least.alarms.iter().filter_map(|name| state(&plain_name(name)));
            let fits = known.filter(|known| (*known == least.state.sdk()) != least.is_not).count();
            let not = if least.is_not { "not " } else { "" };
            let percent = if least.is_percent { "%" } else { "" };
            found.push(format!(
                "of {} alarms {fits} are {not}in {}; its rule wants {}{percent}",
                least.alarms.len(),
                least.state.word(),
                least.count
            ));
        });
        found
    }

    fn each(&self, visit: &mut impl FnMut(&Rule)) {
        visit(self);
        match self {
            Rule::Not(inner) => inner.each(visit),
            Rule::All(parts) | Rule::Any(parts) => parts.iter().for_each(|part| part.each(visit)),
            Rule::Always(_) | Rule::Is(..) | Rule::AtLeast(_) => {}
        }
    }
}

impl State {
    const ALL: [State; 3] = [State::Alarm, State::Ok, State::InsufficientData];

    fn word(self) -> &'static str {
        match self {
            State::Alarm => "ALARM",
            State::Ok => "OK",
            State::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    fn named(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.word() == word)
    }

    fn sdk(self) -> StateValue {
        StateValue::from(self.word())
    }
}

/// The alarm's name, where a rule names it by its ARN.
fn plain_name(name: &str) -> String {
    match name.split_once(":alarm:") {
        Some((head, plain)) if head.starts_with("arn:") => plain.to_owned(),
        _ => name.to_owned(),
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What holds several parts stands in parentheses within another.
        let inner = |rule: &Rule| match rule {
            Rule::All(_) | Rule::Any(_) => format!("({rule})"),
            rule => rule.to_string(),
        };
        let joined = |parts: &[Rule], word: &str| parts.iter().map(inner).collect::<Vec<_>>().join(word);
        match self {
            Rule::Always(is) => f.write_str(if *is { "TRUE" } else { "FALSE" }),
            Rule::Is(state, name) => write!(f, "{}({})", state.word(), quote(name)),
            Rule::AtLeast(least) => {
                let names: Vec<String> = least.alarms.iter().map(|name| quote(name)).collect();
                let percent = if least.is_percent { "%" } else { "" };
                let not = if least.is_not { "NOT " } else { "" };
                let (state, names) = (least.state.word(), names.join(", "));
                write!(f, "AT_LEAST({}{percent}, {not}{state}, ({names}))", least.count)
            }
            Rule::Not(rule) => write!(f, "NOT {}", inner(rule)),
            Rule::All(parts) => f.write_str(&joined(parts, " AND ")),
            Rule::Any(parts) => f.write_str(&joined(parts, " OR ")),
        }
    }
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Reads a rule from its beginning to its end.
struct Reader<'a> {
    rule: &'a str,
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn any(&mut self) -> Result<Rule, String> {
        self.several("OR", Self::all, Rule::Any)
    }

    fn all(&mut self) -> Result<Rule, String> {
        self.several("AND", Self::part, Rule::All)
    }

    /// Parts with a word between them; one alone is itself.
    fn several(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Rule, String>,
        of: fn(Vec<Rule>) -> Rule,
    ) -> Result<Rule, String> {
        let first = part(self)?;
        let mut more = Vec::new();
        while self.takes_word(word) {
            more.push(part(self)?);
        }
        if more.is_empty() {
            return Ok(first);
        }
        more.insert(0, first);
        Ok(of(more))
    }

    fn part(&mut self) -> Result<Rule, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("its parentheses and NOTs go deeper than {DEEPEST}"));
        }
        let part = self.one();
        self.depth -= 1;
        part
    }

    fn one(&mut self) -> Result<Rule, String> {
        const EXPECTED: &str = "a state such as ALARM(\"name\"), AT_LEAST, NOT, TRUE, FALSE or (";
        if self.takes('(') {
            let inner = self.any()?;
            self.expects(')')?;
            return Ok(inner);
        }
        let before = self.rest;
        let word = self.word();
        if let Some(state) = State::named(&word) {
            self.expects('(')?;
            let name = self.name(&[')'])?;
            self.expects(')')?;
            return Ok(Rule::Is(state, name));
        }
        match word.as_str() {
            "NOT" => Ok(Rule::Not(Box::new(self.part()?))),
            "TRUE" => Ok(Rule::Always(true)),
            "FALSE" => Ok(Rule::Always(false)),
            "AT_LEAST" => self.at_least().map(Rule::AtLeast),
            _ => {
                self.rest = before;
                Err(self.wrong(EXPECTED))
            }
        }
    }

    /// What follows the word `AT_LEAST`.
    fn at_least(&mut self) -> Result<AtLeast, String> {
        self.expects('(')?;
        self.blanks();
        let end = self.rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        let count = digits.parse().map_err(|_| self.wrong("a number, or a percentage such as 50%"))?;
        self.rest = rest;
        let is_percent = self.takes('%');
        self.expects(',')?;
        let is_not = self.takes_word("NOT");
        let state = State::named(&self.word())
            .ok_or_else(|| self.wrong("ALARM, OK or INSUFFICIENT_DATA before this"))?;
        self.expects(',')?;
        self.expects('(')?;
        let mut alarms = vec![self.name(&[',', ')'])?];
        while self.takes(',') {
            alarms.push(self.name(&[',', ')'])?);
        }
        self.expects(')')?;
        self.expects(')')?;
        Ok(AtLeast { count, is_percent, is_not, state, alarms })
    }

    /// A name in quotes, or a bare one up to one of these.
    fn name(&mut self, ends: &[char]) -> Result<String, String> {
        self.blanks();
        let before = self.rest;
        let name = if before.starts_with('"') {
            let (name, behind) = quoted(before);
            self.rest = behind;
            name
        } else {
            let (name, behind) = before.split_at(before.find(ends).unwrap_or(before.len()));
            self.rest = behind;
            name.trim().to_owned()
        };
        if name.is_empty() {
            self.rest = before;
            return Err(self.wrong("an alarm's name"));
        }
        Ok(name)
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// The word that stands here, in capitals; none is empty.
    fn word(&mut self) -> String {
        self.blanks();
        let part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let (word, rest) =
            self.rest.split_at(self.rest.find(|letter| !part(letter)).unwrap_or(self.rest.len()));
        self.rest = rest;
        word.to_ascii_uppercase()
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let before = self.rest;
        let is_there = self.word() == word;
        if !is_there {
            self.rest = before;
        }
        is_there
    }

    fn takes(&mut self, letter: char) -> bool {
        self.blanks();
        match self.rest.strip_prefix(letter) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expects(&mut self, letter: char) -> Result<(), String> {
        if self.takes(letter) { Ok(()) } else { Err(self.wrong(&format!("{letter:?}"))) }
    }

    fn wrong(&self, expected: &str) -> String {
        let at = self.rule.len() - self.rest.len();
        let place = self.rule.get(..at).map_or(at, |before| before.chars().count());
        let here: String = self.rest.chars().take(20).collect();
        match here.is_empty() {
            true => format!("it ends where {expected} should stand"),
            false => format!("at character {}, {here:?} stands where {expected} should", place + 1),
        }
    }
}

/// The alarms that a rule names, each once, in its order; of one that is not understood, whatever looks like a name.
pub(crate) fn children(rule: &str) -> Vec<String> {
    Rule::read(rule).map_or_else(|_| guessed(rule), |rule| rule.alarms())
}

/// Looks for states with names, whatever stands around them.
fn guessed(rule: &str) -> Vec<String> {
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
        names.push(plain_name(&name));
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

    #[test]
    fn a_rule_is_read_whole_with_and_before_or() {
        let is = |state, name: &str| Rule::Is(state, name.to_owned());
        assert_eq!(
            Rule::read("ALARM(a)\r\nOR NOT(ok(\"b\")AND TRUE) AND\tINSUFFICIENT_DATA( c d )"),
            Ok(Rule::Any(vec![
                is(State::Alarm, "a"),
                Rule::All(vec![
                    Rule::Not(Box::new(Rule::All(vec![is(State::Ok, "b"), Rule::Always(true)]))),
                    is(State::InsufficientData, "c d"),
                ]),
            ]))
        );
        for (wrong, why) in [
            ("", "it ends where a state"),
            ("ALARM(", "an alarm's name"),
            ("ALARM(a", "it ends where ')'"),
            ("ALARM(a) ALARM(b)", "at character 10"),
            ("AT_LEAST(x, ALARM, (a))", "a number, or a percentage"),
            ("AT_LEAST(1, (a))", "ALARM, OK or INSUFFICIENT_DATA"),
            ("MAYBE(a)", "at character 1, \"MAYBE(a)\""),
        ] {
            assert!(Rule::read(wrong).is_err_and(|error| error.contains(why)), "{:?}", Rule::read(wrong));
        }
        assert!(Rule::read(&"(".repeat(10_000)).is_err_and(|error| error.contains("deeper than 100")));
    }

    #[test]
    fn how_at_least_stands_is_counted_by_the_states_now() {
        let rule = Rule::read(
            "AT_LEAST(50%, NOT OK, (a, \"b\", arn:aws:cloudwatch:us-east-1:123456789012:alarm:c)) OR FALSE",
        );
        let state = |name: &str| match name {
            "a" => Some(StateValue::Ok),
            "c" => Some(StateValue::Alarm),
            _ => None,
        };
        assert_eq!(rule.unwrap().counts(&state), ["of 3 alarms 1 are not in OK; its rule wants 50%"]);
    }

    fn rules() -> impl Strategy<Value = Rule> {
        let state = prop::sample::select(State::ALL.to_vec());
        let name = "[a-zA-Z0-9 ()\",\\\\:_é-]{0,8}[a-z]";
        let least =
            (0..=100_u32, any::<bool>(), any::<bool>(), state.clone(), prop::collection::vec(name, 1..4));
        let leaf = prop_oneof![
            any::<bool>().prop_map(Rule::Always),
            (state, name).prop_map(|(state, name)| Rule::Is(state, name)),
            least.prop_map(|(count, is_percent, is_not, state, alarms)| {
                Rule::AtLeast(AtLeast { count, is_percent, is_not, state, alarms })
            }),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(|rule| Rule::Not(Box::new(rule))),
                prop::collection::vec(inner.clone(), 2..4).prop_map(Rule::All),
                prop::collection::vec(inner, 2..4).prop_map(Rule::Any),
            ]
        })
    }

    /// The rule with blanks and line ends wherever they may stand: outside of quotes, around what is no letter.
    fn spread(rule: &str, blank: &str) -> String {
        let (mut out, mut is_quoted, mut is_escaped) = (String::new(), false, false);
        for letter in rule.chars() {
            let is_mark = !is_quoted && "(),%\"".contains(letter);
            if is_mark && letter != '%' {
                out.push_str(blank);
            }
            out.push(letter);
            if letter == '"' && !is_escaped {
                is_quoted = !is_quoted;
            }
            is_escaped = letter == '\\' && !is_escaped;
            if is_mark && !is_quoted {
                out.push_str(blank);
            }
        }
        out
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_it_was(rule in rules(), blank in "[ \t\r\n]{0,3}") {
            let text = rule.to_string();
            prop_assert_eq!(Rule::read(&text), Ok(rule.clone()), "{}", text);
            let text = spread(&text, &blank);
            prop_assert_eq!(Rule::read(&text), Ok(rule), "{}", text);
        }

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
