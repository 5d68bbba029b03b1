//! Operations by what people call what they do: BM25 over the words of their names, their services and their sentences.

use std::collections::{HashMap, HashSet};

use awsmcp_spec::Risk;

use crate::index::Index;
use crate::services::Service;
use crate::unreadable::Unreadable;

mod known;
mod stem;

use known::{common, meant, of_service};
use stem::{of_piece, pieces};

/// An operation that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// As the AWS CLI names it.
    pub service: &'static str,
    /// Such as `ReceiveMessage`.
    pub operation: String,
    /// What a call may do.
    pub risk: Risk,
    /// Whether AWS advises against it.
    pub deprecated: bool,
    /// What it does, in a sentence of AWS's own.
    pub about: String,
}

/// How much a word counts, by where it stands.
const NAME: f64 = 3.0;
const SERVICE: f64 = 2.0;
const ABOUT: f64 = 1.0;
/// BM25's own constants, as they are everywhere.
const K1: f64 = 1.2;
const B: f64 = 0.4;
/// What a word that means the same counts, beside the word itself.
const MEANT: f64 = 0.75;

/// The operations of these services that fit the words best, the best first.
///
/// # Errors
/// If the build was made wrongly.
pub fn find(services: &[&'static Service], words: &str, most: usize) -> Result<Vec<Found>, Unreadable> {
    let opened: Result<Vec<_>, Unreadable> =
        services.iter().map(|service| Ok((service.name, service.index()?))).collect();
    Ok(among(&opened?, words, most))
}

/// The same among indexes that are open.
fn among(services: &[(&'static str, Index)], words: &str, most: usize) -> Vec<Found> {
    let asked = Asked::new(words);
    let mut candidates = Vec::new();
    let (mut documents, mut length) = (0.0, 0.0);
    let mut frequencies: HashMap<usize, f64> = HashMap::new();
    for (service, index) in services {
        let of_service = of_service(service);
        for row in index.rows() {
            let document = Document::new(&asked, &of_service, row.operation, row.about);
            documents += 1.0;
            length += document.length;
            for term in document.counts.keys() {
                *frequencies.entry(*term).or_default() += 1.0;
            }
            if !document.counts.is_empty() {
                let found = Found {
                    service,
                    operation: row.operation.to_owned(),
                    risk: row.risk,
                    deprecated: row.deprecated,
                    about: row.about.to_owned(),
                };
                candidates.push((document, found));
            }
        }
    }
    let average = if documents > 0.0 { length / documents } else { 1.0 };
    let rarity: HashMap<usize, f64> = frequencies
        .into_iter()
        .map(|(term, in_documents)| {
            (term, (1.0 + (documents - in_documents + 0.5) / (in_documents + 0.5)).ln())
        })
        .collect();
    let mut ranked: Vec<(f64, Found)> = candidates
        .into_iter()
        .map(|(document, found)| (score(&asked, &document, &found, &rarity, average), found))
        .collect();
    ranked.sort_by(|(one, a), (other, b)| {
        other.total_cmp(one).then_with(|| (a.service, &a.operation).cmp(&(b.service, &b.operation)))
    });
    ranked.into_iter().take(most).map(|(_, found)| found).collect()
}

/// What was asked for: ideas, each a word and what means the same.
struct Asked {
    /// The terms of all ideas: which idea each is of, and how much it counts there.
    terms: HashMap<String, Vec<(usize, f64)>>,
    /// How these terms begin: no other word needs to be looked at.
    starts: HashSet<[u8; 2]>,
    /// How many ideas there are.
    ideas: usize,
    /// The letters of the words, for a name that is given whole.
    letters: String,
}

impl Asked {
    fn new(words: &str) -> Asked {
        let mut terms: HashMap<String, Vec<(usize, f64)>> = HashMap::new();
        let ideas = meant(words);
        for (idea, (own, others)) in ideas.iter().enumerate() {
            terms.entry(own.clone()).or_default().push((idea, 1.0));
            for other in others {
                terms.entry((*other).clone()).or_default().push((idea, MEANT));
            }
        }
        let letters = words.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let starts = terms.keys().filter_map(|term| start(term)).collect();
        Asked { terms, starts, ideas: ideas.len(), letters }
    }
}

/// The first two letters of a word, in lower case.
fn start(word: &str) -> Option<[u8; 2]> {
    word.as_bytes().first_chunk::<2>().map(|two| two.map(|letter| letter.to_ascii_lowercase()))
}

/// An operation as far as it has to do with what was asked for.
struct Document {
    /// For each idea, how often it is there, by where and how well.
    counts: HashMap<usize, f64>,
    /// Which share of the name's words is asked for.
    named: f64,
    length: f64,
}

impl Document {
    fn new(asked: &Asked, of_service: &[String], name: &str, about: &str) -> Document {
        let mut counts: HashMap<usize, f64> = HashMap::new();
        let mut add = |word: &str, weight: f64| {
            let ideas = asked.terms.get(word);
            for (idea, share) in ideas.into_iter().flatten() {
                *counts.entry(*idea).or_default() += weight * share;
            }
            ideas.is_some()
        };
        let may_count = |piece: &&str| start(piece).is_some_and(|start| asked.starts.contains(&start));
        let (mut of_name, mut named) = (0, 0);
        for piece in pieces(name) {
            of_name += 1;
            let word = Some(piece).filter(may_count).and_then(of_piece);
            named += usize::from(word.is_some_and(|word| add(&word, NAME)));
        }
        for word in of_service {
            add(word, SERVICE);
        }
        let mut of_about = 0;
        for piece in pieces(about) {
            of_about += 1;
            if let Some(word) = Some(piece).filter(may_count).and_then(of_piece) {
                add(&word, ABOUT);
            }
        }
        let of_name = f64::from(of_name.max(1));
        Document {
            counts,
            named: named as f64 / of_name,
            length: NAME * of_name + ABOUT * f64::from(of_about),
        }
    }
}

fn score(
    asked: &Asked,
    document: &Document,
    found: &Found,
    rarity: &HashMap<usize, f64>,
    average: f64,
) -> f64 {
    let damped = K1 * (1.0 - B + B * document.length / average);
    let words: f64 = document
        .counts
        .iter()
        .map(|(idea, count)| rarity.get(idea).unwrap_or(&0.0) * count * (K1 + 1.0) / (count + damped))
        .sum();
    // Who asks for three things means an operation that is about all three.
    let share = document.counts.len() as f64 / asked.ideas.max(1) as f64;
    let whole = if asked.letters == found.operation.to_lowercase() { 100.0 } else { 0.0 };
    let old = if found.deprecated { 0.5 } else { 1.0 };
    (words * (0.4 + 0.6 * share) * (0.6 + 0.4 * document.named) * common(found.service) + whole) * old
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::ALL;

    /// Whether a question's operation is among the first five, by a line of the file: the question, a tab, the service and
    /// the operation, others that answer it as well behind `|`.
    fn is_answered(opened: &[(&'static str, Index)], line: &str) -> bool {
        let (question, right) = line.split_once('\t').unwrap();
        let (service, operations) = right.split_once(' ').unwrap();
        let right: Vec<(&str, &str)> =
            operations.split('|').map(|name| name.split_once(' ').unwrap_or((service, name))).collect();
        for (service, name) in &right {
            let (_, index) =
                opened.iter().find(|(own, _)| own == service).unwrap_or_else(|| panic!("{line}"));
            assert!(index.rows().any(|row| row.operation == *name), "{line}: no {name}");
        }
        let found = among(opened, question, 5);
        found.iter().any(|it| right.contains(&(it.service, it.operation.as_str())))
    }

    /// Every fifth question was kept apart while the words were chosen.
    #[test]
    #[ignore = "takes a minute: every operation for each question"]
    fn questions_as_people_ask_find_the_operation_among_the_first_five() {
        let all = include_str!("../tests/questions.tsv");
        let opened: Vec<_> = ALL.iter().map(|it| (it.name, it.index().unwrap())).collect();
        let (mut tuned, mut apart) = (Vec::new(), Vec::new());
        let mut missed = Vec::new();
        for (number, line) in all.lines().enumerate() {
            let right = is_answered(&opened, line);
            if number % 5 == 4 {
                apart.push(right)
            } else {
                tuned.push(right)
            }
            if !right {
                missed.push(format!("{}{line}", if number % 5 == 4 { "(apart) " } else { "" }));
            }
        }
        let share = |all: &[bool]| all.iter().filter(|right| **right).count() as f64 / all.len() as f64;
        let said =
            format!("{:.3} tuned, {:.3} apart; missed:\n{}", share(&tuned), share(&apart), missed.join("\n"));
        assert!(share(&tuned) >= 0.9 && share(&apart) >= 0.9, "{said}");
    }

    #[test]
    fn a_name_finds_itself() {
        for name in ["ReceiveMessage", "receive-message", "receive_message", "AssumeRoleWithSAML"] {
            let found = find(ALL, name, 1).unwrap();
            let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            assert_eq!(found[0].operation.to_lowercase(), letters.to_lowercase());
        }
        assert!(find(ALL, "", 5).unwrap().is_empty());
        assert!(find(ALL, "\u{0}\u{202e} % ☃", 5).unwrap().is_empty());
    }
}
