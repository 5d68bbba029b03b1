//! Whether an ARN template of ours names a resource of a type that AWS describes.
//!
//! AWS writes the form of a resource type's ARN as `arn:${Partition}:s3:::${BucketName}/${ObjectName}`, we write
//! `arn:{partition}:s3:::{bucket}/{key}`. A template fits a form when whatever it can stand for has that form: it may be
//! narrower (`log-group:/aws/sagemaker/*`), and not wider (`log-group:{group}:*` is more than the streams of a group).

use std::collections::BTreeMap;

/// A piece of a template or of a form.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece {
    Letter(char),
    /// A field of the input: some text, which a form may know to be one certain word (`{kind}/{job}`).
    Field,
    /// `*` in a template: any text at all.
    Any,
}

/// The resource types, of those that a service knows by form, that a template names. Of several forms that fit, those
/// with the most letters in common name it: `log-group:{group}:log-stream:{stream}` is a stream and no group, although
/// a group's name might be anything.
pub(super) fn named<'a>(template: &str, forms: &'a BTreeMap<String, String>) -> Vec<&'a str> {
    let fitting: Vec<(&str, usize)> =
        forms.iter().filter_map(|(name, form)| Some((name.as_str(), fits(template, form)?))).collect();
    let most = fitting.iter().map(|(_, letters)| *letters).max();
    fitting.into_iter().filter(|(_, letters)| Some(*letters) == most).map(|(name, _)| name).collect()
}

/// How many letters of the form stand in the template too; none where the template does not fit the form.
fn fits(template: &str, form: &str) -> Option<usize> {
    // The six parts of an ARN stand apart: what a region may be does not reach into the account.
    let (ours, theirs) = (parts(template, "{"), parts(form, "${"));
    if ours.len() != theirs.len() {
        return None;
    }
    let mut letters = 0;
    for (ours, theirs) in ours.iter().zip(&theirs) {
        letters += covered(ours, theirs)?;
    }
    Some(letters)
}

/// The parts of an ARN in pieces. A placeholder may hold a colon only in the last one.
fn parts(arn: &str, open: &str) -> Vec<Vec<Piece>> {
    arn.splitn(6, ':').map(|part| pieces(part, open)).collect()
}

fn pieces(mut text: &str, open: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    while let Some(letter) = text.chars().next() {
        if let Some((_, behind)) = text.strip_prefix(open).and_then(|rest| rest.split_once('}')) {
            found.push(Piece::Field);
            text = behind;
        } else {
            found.push(if letter == '*' { Piece::Any } else { Piece::Letter(letter) });
            text = text.get(letter.len_utf8()..).unwrap_or_default();
        }
    }
    found
}

/// The most letters that both have in common, of all ways to read `ours` as a case of `theirs`. A variable of theirs
/// takes one or more pieces of ours, of whatever kind; a field of ours may stand for letters of theirs, but not for
/// those that part names.
fn covered(ours: &[Piece], theirs: &[Piece]) -> Option<usize> {
    match (ours.split_first(), theirs.split_first()) {
        (None, None) => Some(0),
        (Some((Piece::Letter(ours_first), ours)), Some((Piece::Letter(letter), theirs)))
            if ours_first == letter =>
        {
            covered(ours, theirs).map(|letters| letters + 1)
        }
        (Some((_, rest)), Some((Piece::Field, behind))) => {
            // The variable ends here, or takes the next piece too.
            covered(rest, behind).max(if rest.is_empty() { None } else { covered(rest, theirs) })
        }
        (Some((Piece::Field, rest)), Some((Piece::Letter(letter), behind))) if !"/:".contains(*letter) => {
            covered(rest, behind).max(covered(ours, behind))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter().map(|(name, form)| ((*name).to_owned(), (*form).to_owned())).collect()
    }

    #[test]
    fn a_template_names_the_type_whose_form_it_has() {
        let s3 = forms(&[
            ("bucket", "arn:${Partition}:s3:::${BucketName}"),
            ("object", "arn:${Partition}:s3:::${BucketName}/${ObjectName}"),
            ("accesspoint", "arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName}"),
        ]);
        for (template, wanted) in [
            ("arn:{partition}:s3:::{bucket}", &["bucket"][..]),
            ("arn:{partition}:s3:::{bucket}/{key}", &["object"]),
            ("arn:{partition}:s3:::{bucket}/{prefix}*", &["object"]),
            ("arn:{partition}:s3:::{bucket}/*", &["object"]),
            ("arn:{partition}:s3:{region}:{account}:{bucket}", &[]),
            ("arn:{partition}:s3:{region}:{account}:accesspoint/{point}", &["accesspoint"]),
            ("arn:{partition}:dynamodb:::{bucket}", &[]),
            ("arn:{partition}:s3:::", &[]),
            ("*", &[]),
        ] {
            assert_eq!(named(template, &s3), wanted, "{template}");
        }
    }

    #[test]
    fn a_template_may_be_narrower_and_not_wider() {
        let logs = forms(&[
            ("log-group", "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}"),
            (
                "log-stream",
                "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:log-stream:${LogStreamName}",
            ),
        ]);
        for (behind, wanted) in [
            ("log-group:{log_group}:*", &["log-group"][..]),
            ("log-group:/aws/sagemaker/*", &["log-group"]),
            ("log-group:{log_group}:log-stream:{stream}", &["log-stream"]),
            ("log-group:{log_group}:log-stream:*", &["log-stream"]),
            ("*", &[]),
            ("log-*", &[]),
        ] {
            assert_eq!(
                named(&format!("arn:{{partition}}:logs:{{region}}:{{account}}:{behind}"), &logs),
                wanted
            );
        }
    }

    #[test]
    fn a_field_may_be_the_word_of_a_form() {
        let jobs = forms(&[
            ("training-job", "arn:${Partition}:sagemaker:${Region}:${Account}:training-job/${Name}"),
            ("transform-job", "arn:${Partition}:sagemaker:${Region}:${Account}:transform-job/${Name}"),
            ("image", "arn:${Partition}:sagemaker:${Region}::image/${Name}"),
        ]);
        let of = |behind: &str| {
            named(&format!("arn:{{partition}}:sagemaker:{{region}}:{{account}}:{behind}"), &jobs)
        };
        assert_eq!(of("{kind}/{job}"), ["training-job", "transform-job"]);
        assert_eq!(of("{kind}-job/{job}"), ["training-job", "transform-job"]);
        assert_eq!(of("training-job/{job}"), ["training-job"]);
        assert_eq!(of("{job}"), Vec::<&str>::new());
        assert_eq!(of("*/{job}"), Vec::<&str>::new());
        assert_eq!(named("arn:{partition}:sagemaker:{region}::image/{image}", &jobs), ["image"]);
    }
}
