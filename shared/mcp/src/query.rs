//! `query`: a JMESPath expression over an answer, as AWS CLI users know it.

use std::sync::LazyLock;

use jmespath::{
    Context, Rcvar, Runtime, Variable,
    ast::Ast,
    functions::{ArgumentType, CustomFunction, Signature},
};
use serde_json::{Map, Number, Value};

use crate::{Error, Result};

/// The longest expression. Parser and interpreter recurse once or more for each of its letters, so it is bounded,
/// and gets a stack that is large enough for all of them.
const LONGEST: usize = 1000;
const STACK: usize = 64 * 1024 * 1024;

/// Whether it is an expression, without anything to apply it to.
///
/// # Errors
/// Says what is wrong with it and what a good one looks like.
pub(crate) fn check(expression: &str) -> Result<()> {
    on_a_large_stack(expression, || parse(expression).map(drop))
}

/// Applies `expression` to rows or to one thing.
pub fn apply(expression: &str, data: &Value) -> Result<Value> {
    on_a_large_stack(expression, || search(expression, data))
}

fn on_a_large_stack<T: Send>(expression: &str, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    if expression.len() > LONGEST {
        return Err(Error::invalid(format!("`query` is longer than {LONGEST} bytes")));
    }
    let failed = || Error::internal("`query` could not be worked out");
    std::thread::scope(|scope| {
        // Only what is used of the stack becomes memory.
        let thread = std::thread::Builder::new().stack_size(STACK);
        thread.spawn_scoped(scope, work).map_err(|_| failed())?.join().map_err(|_| failed())?
    })
}

fn parse(expression: &str) -> Result<Ast> {
    let wrong = |reason: &str| {
        Error::invalid(format!("`query` is not a JMESPath expression: {reason}"))
            .with_next("a good one looks like [?size_bytes > `1000`].key, or name, or [0]")
    };
    let mut ast = jmespath::parse(expression).map_err(|error| wrong(&reason(&error)))?;
    if let Some(name) = unknown_function(&ast) {
        return Err(wrong(&format!("there is no function {}", crate::quoted(&name))));
    }
    literals(&mut ast);
    Ok(ast)
}

/// The name of a function that JMESPath does not have: it says so only when it comes to apply it.
fn unknown_function(ast: &Ast) -> Option<String> {
    if let Ast::Function { name, .. } = ast
        && FUNCTIONS.get_function(name).is_none()
    {
        return Some(name.clone());
    }
    parts(ast).into_iter().find_map(unknown_function)
}

fn search(expression: &str, data: &Value) -> Result<Value> {
    let ast = parse(expression)?;
    let mut context = Context::new(expression, &FUNCTIONS);
    let found = jmespath::interpret(&variable(data), &ast, &mut context).map_err(|error| {
        Error::invalid(format!("`query` cannot be applied to this answer: {}", reason(&error)))
    })?;
    let found = serde_json::to_value(&*found).map_err(|error| Error::internal(error.to_string()))?;
    Ok(in_order_of(whole(found), data))
}

/// The data as JMESPath holds it. Its own conversion goes through serde, where an exact number is not a number.
fn variable(data: &Value) -> Rcvar {
    Rcvar::new(match data {
        Value::Null => Variable::Null,
        Value::Bool(flag) => Variable::Bool(*flag),
        Value::Number(number) => Variable::Number(number.clone()),
        Value::String(text) => Variable::String(text.clone()),
        Value::Array(items) => Variable::Array(items.iter().map(variable).collect()),
        Value::Object(fields) => {
            Variable::Object(fields.iter().map(|(name, value)| (name.clone(), variable(value))).collect())
        }
    })
}

/// Makes numbers of an expression's literals: JMESPath's parser takes those with a fraction for objects.
fn literals(ast: &mut Ast) {
    match ast {
        Ast::Literal { value, .. } => {
            if let Ok(literal) = serde_json::from_str::<Value>(&value.to_string()) {
                *value = variable(&literal);
            }
        }
        Ast::Comparison { lhs: left, rhs: right, .. }
        | Ast::Condition { predicate: left, then: right, .. }
        | Ast::Projection { lhs: left, rhs: right, .. }
        | Ast::And { lhs: left, rhs: right, .. }
        | Ast::Or { lhs: left, rhs: right, .. }
        | Ast::Subexpr { lhs: left, rhs: right, .. } => {
            literals(left);
            literals(right);
        }
        Ast::Expref { ast: inner, .. }
        | Ast::Flatten { node: inner, .. }
        | Ast::Not { node: inner, .. }
        | Ast::ObjectValues { node: inner, .. } => literals(inner),
        Ast::Function { args: parts, .. } | Ast::MultiList { elements: parts, .. } => {
            parts.iter_mut().for_each(literals);
        }
        Ast::MultiHash { elements, .. } => elements.iter_mut().for_each(|pair| literals(&mut pair.value)),
        Ast::Identity { .. } | Ast::Field { .. } | Ast::Index { .. } | Ast::Slice { .. } => {}
    }
}

/// The expressions that one is made of.
fn parts(ast: &Ast) -> Vec<&Ast> {
    match ast {
        Ast::Comparison { lhs: left, rhs: right, .. }
        | Ast::Condition { predicate: left, then: right, .. }
        | Ast::Projection { lhs: left, rhs: right, .. }
        | Ast::And { lhs: left, rhs: right, .. }
        | Ast::Or { lhs: left, rhs: right, .. }
        | Ast::Subexpr { lhs: left, rhs: right, .. } => vec![left, right],
        Ast::Expref { ast: inner, .. }
        | Ast::Flatten { node: inner, .. }
        | Ast::Not { node: inner, .. }
        | Ast::ObjectValues { node: inner, .. } => vec![inner],
        Ast::Function { args: parts, .. } | Ast::MultiList { elements: parts, .. } => parts.iter().collect(),
        Ast::MultiHash { elements, .. } => elements.iter().map(|pair| &pair.value).collect(),
        Ast::Literal { .. }
        | Ast::Identity { .. }
        | Ast::Field { .. }
        | Ast::Index { .. }
        | Ast::Slice { .. } => Vec::new(),
    }
}

/// JMESPath's functions, `to_number` for exact numbers.
static FUNCTIONS: LazyLock<Runtime> = LazyLock::new(|| {
    let mut functions = Runtime::new();
    functions.register_builtin_functions();
    let to_number = |given: &[Rcvar], _: &mut Context<'_>| {
        Ok(match given.first().map(|value| &**value) {
            Some(Variable::Number(number)) => Rcvar::new(Variable::Number(number.clone())),
            Some(Variable::String(text)) => {
                let number = text.trim().parse::<Number>();
                Rcvar::new(number.map_or(Variable::Null, Variable::Number))
            }
            _ => Rcvar::new(Variable::Null),
        })
    };
    let any = Signature::new(vec![ArgumentType::Any], None);
    functions.register_function("to_number", Box::new(CustomFunction::new(any, Box::new(to_number))));
    functions
});

/// The fields that an expression could have named, for one that found nothing.
pub(crate) fn fields(data: &Value) -> String {
    let model = match data {
        Value::Array(rows) => rows.first().unwrap_or(&Value::Null),
        other => other,
    };
    let names = model.as_object().into_iter().flat_map(|fields| fields.keys().map(String::as_str));
    names.collect::<Vec<_>>().join(", ")
}

/// The first line: the others repeat the expression.
fn reason(error: &jmespath::JmespathError) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().replace("(line 0, column ", "(at character ")
}

/// JMESPath's sums are all floating-point numbers; what is whole is written so.
fn whole(value: Value) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float)
                if number.is_f64()
                    && float.fract() == 0.0
                    && float.abs() < EXACT
                    && Number::from_f64(float).is_some_and(|same| same == number) =>
            {
                Value::from(float as i64)
            }
            _ => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(whole).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, whole(value))).collect(),
        other => other,
    }
}

/// JMESPath sorts the fields of an object; whole rows get their own order back.
fn in_order_of(found: Value, data: &Value) -> Value {
    let model = match data {
        Value::Array(rows) => rows.first().and_then(Value::as_object),
        Value::Object(object) => Some(object),
        _ => None,
    };
    let Some(model) = model else { return found };
    let reorder = |object: Map<String, Value>| {
        let mut rest = object;
        let mut ordered = Map::new();
        for key in model.keys() {
            if let Some(value) = rest.remove(key) {
                ordered.insert(key.clone(), value);
            }
        }
        ordered.extend(rest);
        Value::Object(ordered)
    };
    match found {
        Value::Array(rows) => Value::Array(
            rows.into_iter()
                .map(|row| match row {
                    Value::Object(object) => reorder(object),
                    other => other,
                })
                .collect(),
        ),
        Value::Object(object) => reorder(object),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_filtered_and_keep_their_order() {
        let rows = json!([{"key": "b", "age": 2, "big": true}, {"key": "a", "age": 1, "big": false}]);
        let found = apply("[?age > `1`]", &rows).unwrap();
        assert_eq!(serde_json::to_string(&found).unwrap(), r#"[{"key":"b","age":2,"big":true}]"#);
        assert_eq!(apply("[].key", &rows).unwrap(), json!(["b", "a"]));
        assert_eq!(apply("length(@)", &rows).unwrap(), json!(2));
    }

    #[test]
    fn a_bad_expression_says_what_a_good_one_looks_like() {
        let error = apply("[?", &json!([])).unwrap_err();
        assert!(error.message.contains("JMESPath"), "{error}");
        assert!(error.next.is_some());
        let error = apply("length(@)", &json!(5)).unwrap_err();
        assert!(error.message.ends_with("(at character 6)"), "{error}");
    }

    #[test]
    fn an_expression_is_checked_without_an_answer() {
        for good in ["text", "[?n > `1.5`].{a: b, c: length(d)}", "sort_by(@, &n)[0]", "to_number(n)"] {
            check(good).unwrap();
        }
        for wrong in [
            "[?",
            "substring(text, 0, 1000)",
            "[].{a: nope(b)}",
            "map(&nope(@), @)",
            "a[?b == nope(c)]",
            "",
            &"a".repeat(LONGEST + 1),
        ] {
            let error = check(wrong).unwrap_err();
            assert!(error.message.starts_with("`query` is "), "{wrong}: {error}");
        }
    }

    #[test]
    fn sums_are_whole_where_they_can_be() {
        let rows = json!([{"size": 2, "share": 0.5}, {"size": 3, "share": 0.25}]);
        assert_eq!(apply("sum([].size)", &rows).unwrap().to_string(), "5");
        assert_eq!(apply("[sum([].share)]", &rows).unwrap().to_string(), "[0.75]");
    }

    #[test]
    fn numbers_are_exact_and_compare_as_numbers() {
        let text = r#"[{"n": 12345678901234567890123456789012345678}, {"n": 0.1000000000000000000000000000000000001}, {"n": 1.5}]"#;
        let rows: Value = serde_json::from_str(text).unwrap();
        let found = |expression| apply(expression, &rows).unwrap().to_string();
        assert_eq!(found("[0].n"), "12345678901234567890123456789012345678");
        assert_eq!(found("[?n < `1.5`].n"), "[0.1000000000000000000000000000000000001]");
        assert_eq!(found("[?n == `1.5`].n"), "[1.5]");
        assert_eq!(found("[?n > to_number('1.25')].n | [1]"), "1.5");
        assert_eq!(found("[?contains(`[1.5, 2]`, n)].n"), "[1.5]");
        assert_eq!(found("[to_number('0.3000000000000000000000001')]"), "[0.3000000000000000000000001]");
        assert_eq!(found("to_number('x')"), "null");
    }

    #[test]
    fn no_expression_takes_more_stack_than_there_is() {
        let nested: Value =
            serde_json::from_str(&format!("{}1{}", "[".repeat(100), "]".repeat(100))).unwrap();
        let parts = [
            "(",
            "[",
            "!",
            "!(",
            "&",
            "{a:",
            "a.",
            "[*]",
            "[]",
            "[?",
            "a|",
            "a||",
            "a&&",
            "a==",
            "not_null(",
            "@",
        ];
        for part in parts {
            for count in [LONGEST / part.len(), 100_000] {
                let _ = apply(&part.repeat(count), &nested);
                let _ = apply(&format!("{}a", part.repeat(count - 1)), &nested);
            }
        }
    }
}
