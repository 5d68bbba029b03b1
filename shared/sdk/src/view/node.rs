//! What a body is made of.

/// One member.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A text, a number or a truth value.
    Text(String),
    /// Members with names. A name may occur several times.
    Map(Vec<(String, Node)>),
    /// Members in a row.
    List(Vec<Node>),
    /// Nothing.
    Null,
}
