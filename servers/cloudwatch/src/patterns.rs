//! Clusters log lines by template, in one pass and in bounded memory: Drain, with its tree flattened into one map.
//!
//! He, Zhu, Zheng, Lyu: Drain: An Online Log Parsing Approach with Fixed Depth Tree, ICWS 2017.

mod line;

use std::collections::{BTreeMap, HashMap};

use self::line::{Header, Token, head, header, is_level, is_number, is_plain, is_same_gap, leaf, tokens};

/// Lines seen so far, as templates.
#[derive(Debug)]
pub struct Patterns {
    clusters: Vec<Cluster>,
    /// The clusters whose lines look alike at first sight.
    leaves: HashMap<u64, Vec<usize>>,
    most: usize,
    dropped: Dropped,
}

/// Lines of one template.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// How many there were.
    pub count: u64,
    /// The earliest, in whatever unit the lines came with.
    pub first: i64,
    /// The latest.
    pub last: i64,
    /// One of them as it was, its end left out where it is long.
    pub example: String,
    template: Vec<Piece>,
    header: Header,
    /// Whether what stands before the message is of no one build, and is left out of the template.
    is_loose: bool,
    /// What varied, by place in the template.
    places: BTreeMap<usize, Values>,
    leaf: u64,
}

/// What stood in one place of a template.
#[derive(Clone, Debug)]
enum Values {
    /// Each of them, and the lines that had it.
    Few(Vec<Value>),
    Many,
}

#[derive(Clone, Debug)]
struct Value {
    text: Box<str>,
    count: u64,
    first: i64,
    last: i64,
    /// One of its lines, for words by which lines may be told apart.
    example: Box<str>,
}

/// What was forgotten to stay within the bound.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dropped {
    /// Clusters, each of them small.
    pub clusters: u64,
    /// Their lines.
    pub lines: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    Any,
}

/// What is looked at of a line.
const LONGEST: usize = 2000;
const EXAMPLE: usize = 300;
/// The part of the words that must agree.
const ALIKE: f64 = 0.75;
/// Values of one place that are told apart.
const FEW: usize = 5;
impl Patterns {
    /// Keeps up to `most` templates; beyond that the rarest are forgotten, and counted.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Patterns {
            clusters: Vec::new(),
            leaves: HashMap::new(),
            most: most.max(4),
            dropped: Dropped::default(),
        }
    }

    /// Adds a line that was written at `time`.
    pub fn add(&mut self, line: &str, time: i64) {
        self.place(line, time);
    }

    /// The cluster that the line went to.
    fn place(&mut self, line: &str, time: i64) -> usize {
        let line = head(line.trim(), LONGEST);
        let tokens = tokens(line);
        let header = header(&tokens);
        let leaf = leaf(&tokens, header);
        let clusters = &self.clusters;
        let known = self.leaves.get(&leaf).into_iter().flatten();
        let best = known
            .filter_map(|at| Some((*at, clusters.get(*at)?.likeness(&tokens, header)?)))
            .max_by(|left, right| left.1.total_cmp(&right.1).then(right.0.cmp(&left.0)));
        match best.filter(|(_, likeness)| *likeness >= ALIKE) {
            Some((at, _)) => {
                if let Some(cluster) = self.clusters.get_mut(at) {
                    cluster.take(line, &tokens, header, time);
                }
                at
            }
            None => self.open(line, &tokens, header, leaf, time),
        }
    }

    /// The templates, most lines first. Where one place took only a few words, each of them is a template of its own: the
    /// one `Accepted` among hundreds of `Failed` is what a reader looks for.
    #[must_use]
    pub fn clusters(&self) -> Vec<Cluster> {
        let mut clusters: Vec<Cluster> = self.clusters.iter().flat_map(Cluster::unfolded).collect();
        clusters.sort_by(|left, right| right.count.cmp(&left.count).then(left.first.cmp(&right.first)));
        clusters
    }

    /// What was forgotten.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        self.dropped
    }

    fn open(&mut self, line: &str, tokens: &[Token<'_>], header: Header, leaf: u64, time: i64) -> usize {
        if self.clusters.len() >= self.most {
            self.forget();
        }
        let at = self.clusters.len();
        self.leaves.entry(leaf).or_default().push(at);
        let template = tokens.iter().map(|token| Piece::Text(token.text.into())).collect();
        let (example, places) = (example(line), BTreeMap::new());
        self.clusters.push(Cluster {
            count: 1,
            first: time,
            last: time,
            example,
            template,
            header,
            is_loose: false,
            places,
            leaf,
        });
        at
    }

    /// Forgets the rarest quarter at once, so that a flood of new templates costs little for each line.
    fn forget(&mut self) {
        let mut clusters = std::mem::take(&mut self.clusters);
        clusters.sort_by(|left, right| right.count.cmp(&left.count).then(right.last.cmp(&left.last)));
        for gone in clusters.drain(self.most - self.most / 4..) {
            self.dropped.clusters += 1;
            self.dropped.lines += gone.count;
        }
        self.leaves.clear();
        for (at, cluster) in clusters.iter().enumerate() {
            self.leaves.entry(cluster.leaf).or_default().push(at);
        }
        self.clusters = clusters;
    }
}

impl Cluster {
    /// The template: what varies is `<*>`.
    #[must_use]
    pub fn template(&self) -> String {
        let mut out = String::new();
        let mut pieces = self.template.iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Text(text) => {
                    // `<*>:<*>` says no more than `<*>`.
                    let between = matches!(&**text, ":" | "," | "+");
                    if !(between && out.ends_with(ANY) && pieces.peek() == Some(&&Piece::Any)) {
                        out.push_str(text);
                    }
                }
                Piece::Any if out.ends_with(ANY) => {}
                Piece::Any => out.push_str(ANY),
            }
        }
        out
    }

    /// What stood where the template says `<*>`, with how often, for the places that took few values.
    #[must_use]
    pub fn values(&self) -> Vec<String> {
        self.places
            .values()
            .filter_map(|values| match values {
                Values::Few(few) if self.count > few.len() as u64 => {
                    let mut few: Vec<&Value> = few.iter().collect();
                    few.sort_by_key(|one| std::cmp::Reverse(one.count));
                    let words: Vec<String> =
                        few.iter().map(|value| format!("{} {}", value.text, value.count)).collect();
                    Some(words.join(", "))
                }
                _ => None,
            })
            .collect()
    }

    /// A template for each word of the first place that took only a few; else this one.
    fn unfolded(&self) -> Vec<Cluster> {
        let apart = self.places.iter().find_map(|(place, values)| match values {
            Values::Few(few) => {
                let plain = few.iter().all(|value| is_plain(&value.text));
                // Where no value came twice, they are names and not kinds of events; so they are behind what announces one.
                let often = self.count > few.len() as u64;
                let is_kind = plain && often && *place >= self.header.message && !self.is_named(*place);
                is_kind.then_some((*place, few))
            }
            Values::Many => None,
        });
        let Some((place, few)) = apart else { return vec![self.clone()] };
        few.iter()
            .map(|value| {
                let mut one = self.clone();
                (one.count, one.first, one.last) = (value.count, value.first, value.last);
                one.example = value.example.to_string();
                if let Some(piece) = one.template.get_mut(place) {
                    *piece = Piece::Text(value.text.clone());
                }
                // What else varied was counted over all of them.
                one.places.clear();
                one
            })
            .collect()
    }

    /// Whether a name is announced before this place, as in `user root`.
    fn is_named(&self, place: usize) -> bool {
        const NAMED: [&str; 3] = ["user", "username", "account"];
        let text = |back: usize| match self.template.get(place.checked_sub(back)?)? {
            Piece::Text(text) => Some(&**text),
            Piece::Any => None,
        };
        text(1).is_some_and(|gap| gap.trim().is_empty())
            && text(2).is_some_and(|word| NAMED.iter().any(|known| word.eq_ignore_ascii_case(known)))
    }

    /// The part of the message's words that agree; none where the line is built otherwise.
    fn likeness(&self, tokens: &[Token<'_>], header: Header) -> Option<f64> {
        let (own, own_message) =
            (self.template.get(..self.header.context)?, self.template.get(self.header.message..)?);
        let (before, message) = (tokens.get(..header.context)?, tokens.get(header.message..)?);
        if own.len() != before.len() || own_message.len() != message.len() {
            return None;
        }
        agreeing(own, before)?;
        let (words, same) = agreeing(own_message, message)?;
        Some(if words == 0 { 1.0 } else { f64::from(same) / f64::from(words) })
    }

    fn take(&mut self, line: &str, tokens: &[Token<'_>], header: Header, time: i64) {
        let before = (self.count, self.first, self.last);
        self.count += 1;
        self.first = self.first.min(time);
        self.last = self.last.max(time);
        self.loosen(tokens, header);
        let shift = self.header.message.abs_diff(header.message);
        let moved = |at: usize| match self.header.message < header.message {
            true => at + shift,
            false => at.saturating_sub(shift),
        };
        let (context, message) = (self.header.context, self.header.message);
        for (at, piece) in self.template.iter_mut().enumerate() {
            let token = match at {
                // A context of no one build is left out as a whole.
                at if self.is_loose && (context..message).contains(&at) => continue,
                at if at < context => tokens.get(at),
                at => tokens.get(moved(at)),
            };
            let Some(token) = token else { continue };
            match piece {
                // A line of this template has the same between its words, but for blanks.
                Piece::Text(text) if **text == *token.text || !token.is_word => continue,
                Piece::Text(text) => {
                    let (count, first, last) = before;
                    let example = if is_plain(text) { self.example.as_str().into() } else { Box::default() };
                    let known = Value { text: std::mem::take(text), count, first, last, example };
                    self.places.insert(at, Values::Few(vec![known]));
                    *piece = Piece::Any;
                }
                Piece::Any => {}
            }
            if let Some(values) = self.places.get_mut(&at) {
                values.take(token.text, line, time);
            }
        }
    }

    /// Leaves the context out of the template once a line comes whose context is built otherwise.
    fn loosen(&mut self, tokens: &[Token<'_>], header: Header) {
        let Header { context, message } = self.header;
        let own = self.template.get(context..message).unwrap_or_default();
        let other = tokens.get(header.context..header.message).unwrap_or_default();
        if self.is_loose || (own.len() == other.len() && agreeing(own, other).is_some()) {
            return;
        }
        self.is_loose = true;
        let left_out = [Piece::Text(" ".into()), Piece::Any, Piece::Text(" ".into())];
        self.header.message = context + left_out.len();
        self.template.splice(context..message, left_out);
        let places = std::mem::take(&mut self.places).into_iter();
        self.places = places
            .filter(|(at, _)| !(context..message).contains(at))
            .map(
                |(at, values)| {
                    if at < context { (at, values) } else { (at - message + self.header.message, values) }
                },
            )
            .collect();
    }
}

/// The words of a template that count, and how many of them a line has in the same place; none where it is built otherwise.
fn agreeing(own: &[Piece], tokens: &[Token<'_>]) -> Option<(u32, u32)> {
    let (mut words, mut same) = (0, 0);
    for (piece, token) in own.iter().zip(tokens) {
        let known = match piece {
            Piece::Text(text) => Some(&**text),
            Piece::Any => None,
        };
        let agrees = known == Some(token.text);
        if !token.is_word || token.is_key {
            // Keys and what stands between the words are the line's build.
            if !agrees && (token.is_word || !known.is_some_and(|known| is_same_gap(known, token.text))) {
                return None;
            }
            continue;
        }
        // An error is never the same as something that went well.
        if !agrees && (is_level(token.text) || known.is_some_and(is_level)) {
            return None;
        }
        // Two numbers in the same place say nothing: ids and times differ in every line.
        let is_number = token.is_number && known.is_none_or(is_number);
        let is_left_out = token.text.is_empty() || known == Some("");
        if is_number || is_left_out {
            continue;
        }
        words += 1;
        same += u32::from(agrees);
    }
    Some((words, same))
}

impl Values {
    fn take(&mut self, text: &str, line: &str, time: i64) {
        let Values::Few(few) = self else { return };
        if let Some(known) = few.iter_mut().find(|known| *known.text == *text) {
            known.count += 1;
            known.first = known.first.min(time);
            known.last = known.last.max(time);
        } else if few.len() < FEW {
            let example = if is_plain(text) { example(line).into() } else { Box::default() };
            few.push(Value { text: text.into(), count: 1, first: time, last: time, example });
        } else {
            *self = Values::Many;
        }
    }
}

const ANY: &str = "<*>";

/// A line as it is shown: its end left out where it is long.
fn example(line: &str) -> String {
    let start = head(line, EXAMPLE);
    if start.len() < line.len() { format!("{start}…") } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clustered(lines: &[&str]) -> Vec<(u64, String)> {
        let mut patterns = Patterns::new(100);
        for (time, line) in lines.iter().enumerate() {
            patterns.add(line, i64::try_from(time).unwrap());
        }
        patterns.clusters().iter().map(|cluster| (cluster.count, cluster.template())).collect()
    }

    #[test]
    fn lines_that_differ_in_ids_times_and_names_are_one_template() {
        let lines = [
            "2026-11-22T10:00:00Z INFO request 17 for user alice took 12 ms",
            "2026-11-22T10:00:01Z INFO request 18 for user bob took 9 ms",
            "2026-11-22T10:00:02Z ERROR cannot connect to 10.0.0.7:5432: timeout",
            "2026-11-22T10:00:03Z INFO request 19 for user carol took 1534 ms",
            "2026-11-22T10:00:04Z ERROR cannot connect to 10.0.0.9:5432: timeout",
        ];
        let found = clustered(&lines);
        assert_eq!(
            found,
            [
                (3, "<*> INFO request <*> for user <*> took <*> ms".to_owned()),
                (2, "<*> ERROR cannot connect to <*>: timeout".to_owned()),
            ]
        );
    }

    #[test]
    fn json_lines_are_told_apart_by_what_they_say() {
        let lines = [
            r#"{"level":"info","msg":"order placed","order":"a1","ms":4}"#,
            r#"{"level":"info","msg":"order placed","order":"b2","ms":7}"#,
            r#"{"level":"error","msg":"payment declined","order":"c3","ms":9}"#,
        ];
        let found = clustered(&lines);
        assert_eq!(
            found[0],
            (2, r#"{"level":"info","msg":"order placed","order":"<*>","ms":<*>}"#.to_owned())
        );
        assert_eq!(found[1].0, 1);
    }

    #[test]
    fn levels_and_keys_are_never_what_varies() {
        let lines = [
            r#"{"level": "INFO", "msg": "order placed", "ms": 1}"#,
            r#"{"level": "ERROR", "msg": "order placed", "ms": 2}"#,
            r#"{"level": "INFO", "text": "order placed", "ms": 3}"#,
            "level=info a=1 b=2 done",
            "level=warn a=3 b=4 done",
        ];
        assert_eq!(clustered(&lines).len(), 5);
    }

    #[test]
    fn the_one_event_that_is_another_is_not_lost_in_the_common_one() {
        let mut lines: Vec<String> = (0..60)
            .map(|n| format!("Dec 10 06:55:{n:02} host sshd[242{n}]: Failed password for root from 10.0.0.{n} port 4{n} ssh2"))
            .collect();
        lines.push(
            "Dec 11 07:00:00 host sshd[9]: Accepted password for root from 10.0.0.7 port 77 ssh2".to_owned(),
        );
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let found = clustered(&lines);
        let counts: Vec<u64> = found.iter().map(|(count, _)| *count).collect();
        assert_eq!(counts, [60, 1]);
        assert!(found[0].1.contains("Failed password for root from <*>"), "{found:?}");
        assert!(found[1].1.contains("Accepted password"), "{found:?}");
    }

    #[test]
    fn names_of_days_and_months_are_no_words() {
        let lines =
            ["[Sun Dec 04 04:47:44 2005] [notice] ready", "[Mon Jan 02 05:00:00 2006] [notice] ready"];
        assert_eq!(clustered(&lines), [(2, "[<*> <*> <*> <*> <*>] [notice] ready".to_owned())]);
    }

    #[test]
    fn kinds_of_events_stay_apart_and_names_do_not() {
        let verb = |n: usize| ["Started", "Paused", "Resumed"][n % 3];
        let lines: Vec<String> =
            (0..30).map(|n| format!("INFO instance {n} VM {} by the life cycle", verb(n))).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let counts: Vec<u64> = clustered(&lines).into_iter().map(|(count, _)| count).collect();
        assert_eq!(counts, [10, 10, 10]);
        let names: Vec<String> = (0..30_u8)
            .map(|n| {
                format!(
                    "INFO mail for {}{}{} was taken to the queue",
                    char::from(b'a' + n % 26),
                    "x",
                    char::from(b'a' + n / 2)
                )
            })
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(clustered(&names), [(30, "INFO mail for <*> was taken to the queue".to_owned())]);
    }

    #[test]
    fn padding_and_what_is_left_out_in_parentheses_part_no_lines() {
        let lines = [
            "Jul  1 09:00:00 host ftpd[7]: connection from 10.0.0.1 (a.example.net) at Fri Jul  1 09:00:00",
            "Jul 15 09:00:00 host ftpd[17]: connection from 10.0.0.2 () at Fri Jul 15 09:00:00",
            "Jul 15 09:00:01 host ftpd[17]: connection from 10.0.0.3 (b.example.net) at Fri Jul 15 09:00:01",
        ];
        assert_eq!(clustered(&lines).len(), 1, "{:?}", clustered(&lines));
        // What else stands between the words is the line's build.
        let lines = ["INFO f(1) done", "INFO f[1] done", "INFO f (1) done"];
        assert_eq!(clustered(&lines).len(), 3);
    }

    #[test]
    fn threads_loggers_and_ids_of_requests_part_no_lines() {
        let lines = [
            "2026-11-22 10:00:00,1 WARN [main] org.example.ipc.Client: address of node-1 changed",
            "2026-11-22 10:00:01,7 WARN [IPC handler 0 on 62270] org.example.ipc.Client: address of node-2 changed",
            "2026-11-22 10:00:02,3 ERROR [main] org.example.ipc.Client: address of node-3 changed",
            "2026-11-22 10:00:02,9 WARN [pool[3]/worker] org.example.ipc.Client: address of node-4 changed",
        ];
        let found = clustered(&lines);
        assert_eq!(
            found,
            [(3, "2026-11-22 <*> WARN <*> address of <*> changed".to_owned()), (1, lines[2].to_owned()),]
        );
        // One context for all of them is shown.
        let lines =
            ["INFO app.web.server [req-1 -] GET /a took 3", "INFO app.web.server [req-2 -] GET /a took 4"];
        assert_eq!(clustered(&lines), [(2, "INFO app.web.server [<*> -] GET /a took <*>".to_owned())]);
        // What a line says is not taken for its context.
        for lines in [["INFO [a]", "INFO [b]"], ["INFO [a] started", "INFO [a] failed"], ["[", "[x"]] {
            assert_eq!(clustered(&lines).iter().map(|(count, _)| count).sum::<u64>(), 2, "{lines:?}");
        }
        assert_eq!(clustered(&["INFO [a] started", "INFO [b c] failed"]).len(), 2);
    }

    #[test]
    fn what_varies_is_told_apart_behind_contexts_of_any_length() {
        let verb = |n: usize| ["Started", "Paused", "Resumed"][n % 3];
        let lines: Vec<String> = (0..30)
            .map(|n| format!("INFO app.vm.manager [{}] VM {} by the life cycle", "- ".repeat(n % 4), verb(n)))
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let found = clustered(&lines);
        assert_eq!(found.iter().map(|(count, _)| *count).collect::<Vec<_>>(), [10, 10, 10], "{found:?}");
        let started = found.iter().find(|(_, template)| template.contains("Started")).unwrap();
        assert_eq!(started.1, "INFO <*> VM Started by the life cycle");
    }

    #[test]
    fn users_are_no_kinds_of_events() {
        let user = |n: usize| ["root", "news", "cyrus"][n % 3];
        let lines: Vec<String> =
            (0..30).map(|n| format!("INFO session {n} opened for user {}", user(n))).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(clustered(&lines), [(30, "INFO session <*> opened for user <*>".to_owned())]);
    }

    #[test]
    fn few_values_are_told_with_their_counts() {
        let mut patterns = Patterns::new(100);
        for n in 0..24 {
            let shard = if n % 4 == 0 { 7 } else { 2 };
            patterns.add(&format!("{n} WARN timeout of shard-{shard} after {n} ms"), n);
        }
        let found = patterns.clusters();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].values(), ["shard-2 18, shard-7 6"]);
    }

    #[test]
    fn first_and_last_are_those_of_the_times_in_whatever_order() {
        let mut patterns = Patterns::new(10);
        for time in [50, 10, 90, 20] {
            patterns.add("tick", time);
        }
        let cluster = &patterns.clusters()[0];
        assert_eq!((cluster.count, cluster.first, cluster.last), (4, 10, 90));
    }

    #[test]
    fn memory_is_bounded_and_what_is_forgotten_is_counted() {
        let mut patterns = Patterns::new(40);
        for n in 0..100 {
            patterns.add("often the same", n);
        }
        // Words of letters only, so that no two are alike.
        let word = |n: u32| -> String {
            (0..6).map(|at| char::from(b'a' + u8::try_from((n >> (4 * at)) & 15).unwrap())).collect()
        };
        for n in 0..10_000 {
            patterns.add(&format!("{} {} {}", word(n), word(n + 77_777), word(n * 31 + 5)), i64::from(n));
        }
        let clusters = patterns.clusters();
        assert!(clusters.len() <= 40);
        assert_eq!(clusters[0].count, 100);
        let kept: u64 = clusters.iter().map(|cluster| cluster.count).sum();
        assert_eq!(kept + patterns.dropped().lines, 10_100);
    }

    proptest! {
        #[test]
        fn every_line_is_counted_once(lines in proptest::collection::vec(".{0,80}", 0..60)) {
            let mut patterns = Patterns::new(8);
            for line in &lines {
                patterns.add(line, 0);
            }
            let kept: u64 = patterns.clusters().iter().map(|cluster| cluster.count).sum();
            prop_assert_eq!(kept + patterns.dropped().lines, lines.len() as u64);
        }

        #[test]
        fn tokens_are_the_whole_line(line in ".{0,200}") {
            let back: String = tokens(&line).iter().map(|token| token.text).collect();
            prop_assert_eq!(back, line);
        }
    }
}
