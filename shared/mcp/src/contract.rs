//! The contract of a server: all that it promises, as the data behind `manifest.json`, the README tables and the reference.

use awsmcp_spec::{Manifest, OptionEntry, PromptEntry, ResourceEntry, Risk, ToolEntry, ToolsetEntry};
use serde_json::Value;

use crate::{Prompt, Resource, Server, Service, Settings, gate::Gate, listing, schema::Common, tool::Entry};

impl<S: Service> Server<S> {
    /// All that the server promises, as data.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        let everything = Settings {
            allow: Risk::ALL.into_iter().collect(),
            toolsets: vec!["all".to_owned()],
            allow_dirs: vec![".".into()],
            ..Settings::default()
        };
        Manifest {
            server: S::ID.to_owned(),
            title: S::TITLE.to_owned(),
            summary: S::SUMMARY.to_owned(),
            instructions: self.instructions(),
            options: options::<S>(),
            toolsets: self.toolsets.iter().map(|(name, summary)| toolset(name, summary)).collect(),
            tools: self.entries.iter().map(tool).collect(),
            resources: self.resources.iter().map(resource).collect(),
            prompts: self.prompts.iter().map(prompt).collect(),
            default_list_bytes: self.list_bytes(&Settings::default()),
            full_list_bytes: self.list_bytes(&everything),
        }
    }

    /// The size of the list of tools under these settings, in a session with one region and one profile; 0 where the
    /// settings do not fit the server.
    fn list_bytes(&self, settings: &Settings) -> usize {
        let common = Common { region: false, profile: false };
        Gate::new(self, settings)
            .map_or(0, |gate| listing::bytes(&listing::tools(self, &gate, settings, &common)))
    }
}

fn options<S: Service>() -> Vec<OptionEntry> {
    let options = S::EXTRAS.iter().map(|extra| OptionEntry {
        name: extra.name.to_owned(),
        value: extra.value.to_owned(),
        variable: extra.variable(),
        about: extra.about(),
    });
    options.collect()
}

fn toolset(name: &str, summary: &str) -> ToolsetEntry {
    ToolsetEntry { name: name.to_owned(), summary: summary.to_owned() }
}

fn tool<S: Service>(entry: &Entry<S>) -> ToolEntry {
    let (spec, input) = (&entry.spec, entry.input());
    let common = Common { region: true, profile: true };
    ToolEntry {
        name: spec.name.to_owned(),
        title: spec.title.to_owned(),
        description: input.description.clone(),
        risk: spec.risk,
        toolset: entry.toolset.to_owned(),
        default: !spec.optional,
        local_files: spec.local_files,
        dispatches: spec.dispatches,
        shown_by: spec.shown_by.map(str::to_owned),
        needs: spec.declared().map(Into::into).collect(),
        input_schema: Value::Object(common.add_to(spec, &input.schema)),
    }
}

fn resource(resource: &Resource) -> ResourceEntry {
    ResourceEntry {
        uri_template: resource.template.to_owned(),
        name: resource.name.to_owned(),
        description: resource.description.to_owned(),
        tool: resource.tool.to_owned(),
    }
}

fn prompt(prompt: &Prompt) -> PromptEntry {
    PromptEntry {
        name: prompt.name.to_owned(),
        description: prompt.description.to_owned(),
        arguments: prompt.arguments.iter().map(|argument| argument.name.to_owned()).collect(),
        text: prompt.text.to_owned(),
    }
}
