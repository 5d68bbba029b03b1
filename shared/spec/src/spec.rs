//! The declaration of one tool.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::arn::texts;

/// What a call may do, from harmless to irreversible. It decides the gate, the annotations and the IAM file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Looks at things. Always allowed.
    Read,
    /// Answers with something secret, or with a key to it.
    Reveal,
    /// Runs code or spends money on each call.
    Invoke,
    /// Changes or adds something.
    Write,
    /// Removes something that may not come back.
    Destroy,
}

impl Risk {
    /// All risks, mildest first.
    pub const ALL: [Risk; 5] = [Risk::Read, Risk::Reveal, Risk::Invoke, Risk::Write, Risk::Destroy];

    /// The word that flags, manifests and documents use.
    pub const fn name(self) -> &'static str {
        match self {
            Risk::Read => "read",
            Risk::Reveal => "reveal",
            Risk::Invoke => "invoke",
            Risk::Write => "write",
            Risk::Destroy => "destroy",
        }
    }

    /// Whether a tool of this risk changes the account, and so owes a plan.
    pub const fn changes(self) -> bool {
        matches!(self, Risk::Write | Risk::Destroy)
    }
}

impl std::fmt::Display for Risk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Risk {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Risk::ALL.into_iter().find(|risk| risk.name() == word).ok_or_else(|| {
            format!("unknown risk {word:?}; the risks are {}", Risk::ALL.map(Risk::name).join(", "))
        })
    }
}

/// The parameters that every tool takes where they can do something, and what each is for.
pub const COMMON_PARAMETERS: [(&str, &str); 9] = [
    ("limit", "Lists: rows of a page, 1 to 1,000."),
    ("cursor", "Lists, and long answers of what runs or changes: where to go on, as `next:` gives it."),
    ("query", "What looks: a JMESPath expression over the rows or the object."),
    ("max_chars", "What looks: the most characters of the answer."),
    ("region", "One of the allowed regions; only where several are allowed."),
    (
        "regions",
        "Several allowed regions at once, `[\"*\"]` for all; only for tools whose rows differ by region.",
    ),
    ("profile", "One of the allowed profiles; only where several are allowed."),
    ("dry_run", "What changes: answers the plan and changes nothing."),
    ("confirm", "What changes: the token that confirms a plan, where one asks for it."),
];

/// The keywords of JSON Schema that an input may use: those that are checked, and those that only describe.
pub const SCHEMA_KEYWORDS: [&str; 26] = [
    "$defs",
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "default",
    "description",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "oneOf",
    "prefixItems",
    "properties",
    "required",
    "title",
    "type",
    "uniqueItems",
];

/// One IAM action a tool needs, and on which resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The IAM action, such as `s3:ListBucket`.
    pub action: &'static str,
    /// The resource's ARN; `{name}` is the input's field of that name, `{partition}`, `{region}` and
    /// `{account}` are the call's. A field that is absent stands for `*`. `{answer.name}` is no field: only an answer of
    /// AWS names it, and the tool asks for it with `Call::may` before it is used.
    pub arn: &'static str,
    /// Needed only by calls whose input is such; see [`Spec::when`].
    pub when: Option<&'static str>,
    /// Whether the tool does without it where it is not allowed; see [`Spec::where_allowed`].
    pub dispensable: bool,
}

impl Need {
    /// Whether the tool itself asks with `Call::may` before it uses it, since it cannot be judged before the call, or need
    /// not be: only an answer of AWS names its resource, or the tool does without it.
    pub fn is_asked_for_later(&self) -> bool {
        self.dispensable || self.arn.contains("{answer.")
    }

    /// Whether a call with these fields may use it.
    pub fn applies(&self, fields: &Map<String, Value>) -> bool {
        self.when.is_none_or(|condition| holds(condition, fields))
    }
}

/// Actions on one resource, under one condition.
#[derive(Clone, Copy, Debug)]
struct Grant {
    when: Option<&'static str>,
    arn: &'static str,
    actions: &'static [&'static str],
    dispensable: bool,
}

/// Whether an input is such as a condition says; see [`Spec::when`] for how it is written.
pub fn holds(condition: &str, fields: &Map<String, Value>) -> bool {
    let given = |name: &str| match name.split_once('.') {
        Some(_) => !texts(name, fields).is_empty(),
        // A flag that is `false` is as good as absent.
        None => fields.get(name).is_some_and(|value| *value != Value::Bool(false)),
    };
    // A tool may take what is empty for absent: such an argument is given, and is not given, so that neither need is missed.
    let empty = |name: &str| match fields.get(name) {
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(inner)) => inner.is_empty(),
        Some(Value::String(text)) => text.is_empty(),
        _ => false,
    };
    condition.split(" and ").all(|term| {
        if let Some(name) = term.strip_prefix("not ") {
            return !given(name) || empty(name);
        }
        match term.split_once('=') {
            Some((name, wanted)) => {
                let values = texts(name, fields);
                wanted.split('|').any(|wanted| values.iter().any(|value| value == wanted))
            }
            None => given(term),
        }
    })
}

/// The fields that a condition speaks of.
pub(crate) fn fields_of(condition: &str) -> impl Iterator<Item = &str> {
    condition.split(" and ").map(|term| {
        let term = term.strip_prefix("not ").unwrap_or(term);
        term.split_once('=').map_or(term, |(name, _)| name)
    })
}

/// What one tool is called, may do, and needs.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// The tool's name: AWS's noun and a short verb, under 30 characters.
    pub name: &'static str,
    /// The name people read.
    pub title: &'static str,
    /// What a call may do.
    pub risk: Risk,
    /// Whether it lists: takes `limit` and `cursor`, answers rows.
    pub list: bool,
    /// Whether it is left out unless its toolset or its name is asked for.
    pub optional: bool,
    /// Whether calling it again with the same arguments changes nothing more.
    pub idempotent: bool,
    /// Whether it makes sense to ask several regions and merge their rows.
    pub regional: bool,
    /// Whether it works with local files, and so needs an allowed directory.
    pub local_files: bool,
    /// The ARN of a row, from the row's own fields: rows outside the ARN allow-list are left out.
    pub row_arn: Option<&'static str>,
    /// Whether it names no resource, so that the ARN allow-list has nothing to hold it to.
    pub no_resource: bool,
    /// Whether its rows quote what somebody stored, and so are marked as data.
    pub quotes: bool,
    /// The tool that shows what a change did, for a caller whose answer was lost; its own name, where its plan does.
    pub shown_by: Option<&'static str>,
    /// The longest a call may take, in minutes, where that is more than an ordinary call's deadline.
    pub minutes: Option<u64>,
    /// Whether its arguments name the operation that a call does, each with a risk and needs of its own.
    pub dispatches: bool,
    condition: Option<&'static str>,
    grants: [Option<Grant>; Spec::MAX_GRANTS],
}

impl Spec {
    /// How many resources, each under one condition, a tool may declare.
    pub const MAX_GRANTS: usize = 40;

    const fn new(name: &'static str, title: &'static str, risk: Risk) -> Self {
        assert!(name.len() < 30, "a tool's name stays under 30 characters");
        Spec {
            name,
            title,
            risk,
            list: false,
            optional: false,
            idempotent: false,
            regional: false,
            local_files: false,
            row_arn: None,
            no_resource: false,
            quotes: false,
            shown_by: None,
            minutes: None,
            dispatches: false,
            condition: None,
            grants: [None; Spec::MAX_GRANTS],
        }
    }

    /// A tool that answers rows, page by page.
    pub const fn list(name: &'static str, title: &'static str) -> Self {
        let mut spec = Self::new(name, title, Risk::Read);
        spec.list = true;
        spec
    }

    /// A tool that looks at one thing.
    pub const fn read(name: &'static str, title: &'static str) -> Self {
        Self::new(name, title, Risk::Read)
    }

    /// A tool whose answer is a secret, or a key to one.
    pub const fn reveal(name: &'static str, title: &'static str) -> Self {
        Self::new(name, title, Risk::Reveal)
    }

    /// A tool that runs code or spends money on each call.
    pub const fn invoke(name: &'static str, title: &'static str) -> Self {
        Self::new(name, title, Risk::Invoke)
    }

    /// A tool that changes or adds something.
    pub const fn write(name: &'static str, title: &'static str) -> Self {
        Self::new(name, title, Risk::Write)
    }

    /// A tool that removes something.
    pub const fn destroy(name: &'static str, title: &'static str) -> Self {
        Self::new(name, title, Risk::Destroy)
    }

    /// A tool whose arguments name the operation that a call does: each has its own risk, needs and pages.
    pub const fn dispatch(name: &'static str, title: &'static str) -> Self {
        let mut spec = Self::list(name, title);
        spec.dispatches = true;
        spec
    }

    /// Declares a resource that a call touches, and the IAM actions that it uses on it: for every call, or for those that
    /// the `when` before it speaks of.
    pub const fn on(self, arn: &'static str, actions: &'static [&'static str]) -> Self {
        self.granted(arn, actions, false)
    }

    /// Declares what only a part of the answer needs, such as its prices: where it is not allowed, the answer goes without.
    /// The tool asks for it with `Call::may` before it is used.
    pub const fn where_allowed(self, arn: &'static str, actions: &'static [&'static str]) -> Self {
        self.granted(arn, actions, true)
    }

    const fn granted(
        mut self,
        arn: &'static str,
        actions: &'static [&'static str],
        dispensable: bool,
    ) -> Self {
        let mut at = 0;
        while at < Self::MAX_GRANTS {
            #[expect(
                clippy::indexing_slicing,
                reason = "a const fn cannot call get_mut; the loop holds the bound"
            )]
            if self.grants[at].is_none() {
                self.grants[at] = Some(Grant { when: self.condition, arn, actions, dispensable });
                return self;
            }
            at += 1;
        }
        #[expect(clippy::panic, reason = "evaluated at compile time: it stops the build, not a server")]
        {
            panic!("too many resources: raise Spec::MAX_GRANTS")
        }
    }

    /// Says which calls touch the resources that follow, by their input: `tags` is given (and not `false`),
    /// `part=subnet` has this value (or one element of this value; `part=subnet|vpc` one of several), `not tags` is not
    /// given, and `part=subnet and public` is both. `public=true|false` is given at all.
    ///
    /// A list, a map or a text that is given and empty counts as both: `tags` holds of it, and so does `not tags`. Tools
    /// differ in whether they take `"tags": []` for an argument that is absent, and the gate must not be weaker than any.
    pub const fn when(mut self, condition: &'static str) -> Self {
        self.condition = Some(condition);
        self
    }

    /// The resources that follow are touched by every call again.
    pub const fn always(mut self) -> Self {
        self.condition = None;
        self
    }

    /// Leaves the tool out of the default set.
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Says that a second call with the same arguments changes nothing more.
    pub const fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Lets `regions` ask several regions at once.
    pub const fn regional(mut self) -> Self {
        self.regional = true;
        self
    }

    /// Says that the tool reads or writes local files.
    pub const fn local_files(mut self) -> Self {
        self.local_files = true;
        self
    }

    /// Names the ARN of a row, from the row's fields.
    pub const fn rows(mut self, arn: &'static str) -> Self {
        self.row_arn = Some(arn);
        self
    }

    /// Says that neither its input nor its answer names a resource.
    pub const fn names_no_resource(mut self) -> Self {
        self.no_resource = true;
        self
    }

    /// Says that its rows quote what somebody stored: they are shown between the marks of data.
    pub const fn quotes(mut self) -> Self {
        self.quotes = true;
        self
    }

    /// Names the tool that shows what this one did, for a caller whose answer was lost; its own name, where its plan does.
    pub const fn shown_by(mut self, tool: &'static str) -> Self {
        self.shown_by = Some(tool);
        self
    }

    /// Lets a call take this long: transfers, waits, long runs.
    pub const fn minutes(mut self, minutes: u64) -> Self {
        self.minutes = Some(minutes);
        self
    }

    /// What the tool needs, in the order declared.
    pub fn declared(&self) -> impl Iterator<Item = Need> + '_ {
        self.grants.iter().flatten().flat_map(|grant| {
            grant.actions.iter().map(|action| Need {
                action,
                arn: grant.arn,
                when: grant.when,
                dispensable: grant.dispensable,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_declaration_is_a_list_of_needs() {
        const SPEC: Spec = Spec::write("create_part", "Create part")
            .on("*", &["ec2:A"])
            .when("part=subnet")
            .on("arn:x", &["ec2:B", "ec2:C"])
            .always()
            .on("arn:y", &["ec2:D"]);
        let needs: Vec<_> = SPEC.declared().map(|need| (need.action, need.arn, need.when)).collect();
        assert_eq!(
            needs,
            [
                ("ec2:A", "*", None),
                ("ec2:B", "arn:x", Some("part=subnet")),
                ("ec2:C", "arn:x", Some("part=subnet")),
                ("ec2:D", "arn:y", None),
            ]
        );
    }

    #[test]
    fn a_condition_sees_values() {
        let holds = |condition: &str, fields: Value| holds(condition, fields.as_object().unwrap());
        assert!(holds("part=subnet", json!({"part": "subnet"})));
        assert!(!holds("part=subnet", json!({"part": "vpc"})));
        assert!(holds("part=subnet|vpc and public", json!({"part": "vpc", "public": true})));
        assert!(!holds("part=subnet and public", json!({"part": "subnet", "public": false})));
        assert!(holds("public=true|false", json!({"public": false})));
        assert!(!holds("public=true|false", json!({})));
        assert!(holds("kinds=b", json!({"kinds": ["a", "b"]})));
        assert!(holds("not tags", json!({})));
        assert!(!holds("not tags", json!({"tags": {"a": 1}})));
        assert!(holds("items.key", json!({"items": [{"key": "k"}]})));
        assert!(!holds("items.key", json!({"items": [{"other": "k"}]})));
        assert_eq!(
            fields_of("part=subnet and public and not x").collect::<Vec<_>>(),
            ["part", "public", "x"]
        );
    }

    #[test]
    fn what_an_answer_names_is_told_apart() {
        let of = |arn, dispensable| {
            Need { action: "s3:GetObject", arn, when: None, dispensable }.is_asked_for_later()
        };
        assert!(of("arn:{partition}:s3:::{answer.bucket}/{answer.key}", false));
        assert!(!of("arn:{partition}:s3:::{bucket}/{key}", false) && !of("*", false) && of("*", true));
    }

    #[test]
    fn what_is_given_and_empty_is_held_to_the_needs_of_both() {
        let holds = |condition: &str, fields: Value| holds(condition, fields.as_object().unwrap());
        for empty in [json!([]), json!({}), json!("")] {
            let fields = json!({"part": "x", "tags": empty});
            assert!(holds("tags", fields.clone()) && holds("not tags", fields.clone()), "{empty}");
            assert!(holds("part=x and not tags", fields.clone()), "{empty}");
            assert!(!holds("tags=a", fields), "{empty}");
        }
        for full in [json!(["a"]), json!({"a": 1}), json!("a"), json!(0), json!([null])] {
            assert!(!holds("not tags", json!({"tags": full})), "{full}");
        }
    }

    #[test]
    fn a_need_applies_when_all_its_fields_are_given() {
        let applies = |when, fields: Value| {
            Need { action: "s3:X", arn: "*", when, dispensable: false }.applies(fields.as_object().unwrap())
        };
        assert!(applies(None, json!({})));
        assert!(applies(Some("keys"), json!({"keys": []})));
        assert!(!applies(Some("keys"), json!({"prefix": ""})));
        assert!(applies(Some("keys and all"), json!({"keys": ["k"], "all": true})));
        assert!(!applies(Some("keys and all"), json!({"keys": ["k"], "all": false})));
        assert!(!applies(Some("keys and all"), json!({"all": true})));
    }
}
