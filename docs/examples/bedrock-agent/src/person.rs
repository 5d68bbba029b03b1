//! The person at the terminal: what servers ask, only they answer.

use std::io;
use std::sync::Arc;

use rmcp::model::{
    ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationSchema, Implementation,
};
use rmcp::service::RequestContext;
use rmcp::{ClientHandler, ErrorData, RoleClient};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The person at the terminal. Questions are put to them one by one, on standard error.
#[derive(Clone)]
pub(crate) struct Person {
    lines: Arc<Mutex<UnboundedReceiver<String>>>,
}

impl Person {
    pub(crate) fn at_terminal() -> Person {
        let (sender, lines) = unbounded_channel();
        // A thread of its own: nothing can end a read of standard input, and the program ends without it.
        std::thread::spawn(move || {
            for line in io::stdin().lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Person { lines: Arc::new(Mutex::new(lines)) }
    }

    /// Their next question to the model; none at the end of the input.
    pub(crate) async fn question(&self) -> Option<String> {
        let mut lines = self.lines.lock().await;
        loop {
            eprint!("\n> ");
            let line = lines.recv().await?;
            if !line.trim().is_empty() {
                return Some(line);
            }
        }
    }

    /// Whether they agree to what a server wants to do. Nothing but a yes is one.
    pub(crate) async fn agrees(&self, server: &str, question: &str) -> bool {
        let mut lines = self.lines.lock().await;
        agreed(&mut lines, server, question).await
    }

    /// Their answer to a form; none if they do not agree to give one.
    async fn fills(&self, server: &str, message: &str, form: &ElicitationSchema) -> Option<Value> {
        let mut lines = self.lines.lock().await;
        if !agreed(&mut lines, server, message).await {
            return None;
        }
        let required = form.required.as_deref().unwrap_or_default();
        let mut answers = Map::new();
        for (name, field) in &form.properties {
            let field = json!(field);
            let of = |keyword: &str| field.get(keyword).and_then(Value::as_str);
            // Yes to a question is yes to what it asks for.
            if of("type") == Some("boolean") && required.contains(name) {
                answers.insert(name.clone(), json!(true));
                continue;
            }
            let title = of("title").unwrap_or(name);
            let choices = field.get("enum").map(|choices| format!(" {choices}")).unwrap_or_default();
            let optional = if required.contains(name) { "" } else { ", or nothing" };
            eprint!("{}{}{optional}: ", printable(title), printable(&choices));
            let line = lines.recv().await?;
            match typed(of("type"), line.trim()) {
                Value::Null => {}
                answer => {
                    answers.insert(name.clone(), answer);
                }
            }
        }
        Some(Value::Object(answers))
    }
}

async fn agreed(lines: &mut UnboundedReceiver<String>, server: &str, question: &str) -> bool {
    // What was typed before the question was there does not answer it.
    while lines.try_recv().is_ok() {}
    eprint!("\n{} asks: {}\nType yes to agree: ", printable(server), printable(question));
    let line = lines.recv().await.unwrap_or_default();
    matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// What was typed, as a field of that type wants it. The server checks it.
fn typed(kind: Option<&str>, text: &str) -> Value {
    match kind {
        _ if text.is_empty() => Value::Null,
        Some("boolean") => json!(matches!(text, "y" | "yes" | "true")),
        Some("number" | "integer") => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        Some("array") => text.split(',').map(|item| json!(item.trim())).collect(),
        _ => json!(text),
    }
}

/// Puts the questions of one server to the person.
pub(crate) struct Asker {
    server: String,
    person: Person,
}

impl Asker {
    pub(crate) fn new(server: &str, person: &Person) -> Asker {
        Asker { server: server.to_owned(), person: person.clone() }
    }
}

impl ClientHandler for Asker {
    fn get_info(&self) -> ClientConfig {
        let capabilities = ClientCapabilities::builder().enable_elicitation().build();
        ClientConfig::new(
            capabilities,
            Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
        )
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let answer = match &request {
            ElicitRequestParams::FormElicitationParams { message, requested_schema, .. } => {
                self.person.fills(&self.server, message, requested_schema).await
            }
            // We did not say that we open links.
            _ => None,
        };
        Ok(match answer {
            Some(answer) => ElicitResult::new(ElicitationAction::Accept).with_content(answer),
            None => ElicitResult::new(ElicitationAction::Decline),
        })
    }
}

/// Text that cannot steer the terminal, nor show letters in another order than they have: models and servers wrote it.
pub(crate) fn printable(text: &str) -> String {
    let steers = |letter: char| {
        (letter.is_control() && !matches!(letter, '\n' | '\t'))
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().filter(|letter| !steers(*letter)).collect()
}
