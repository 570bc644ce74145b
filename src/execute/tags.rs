//! `--tags` and `--skip-tags`.

use crate::input::{Json, Kind, Node, Source, Span};
use crate::playbook::Task;

use super::course::PlayRun;
use super::scope::Scope;

impl PlayRun<'_> {
    /// Whether a task's tags are among the chosen ones (the order of questions is Ansible's).
    pub fn is_tagged(&self, task: &Task) -> bool {
        let options = &self.run.options;
        let untagged = task.keywords.tags.is_empty();
        let tags = if untagged {
            vec!["untagged".to_owned()]
        } else {
            self.tags_of(task)
        };
        let has = |name: &str| tags.iter().any(|tag| tag == name);
        let among = |names: &[String]| names.iter().any(|name| has(name));
        let says = |names: &[String], word: &str| names.iter().any(|name| name == word);
        let wanted = &options.tags;
        let all = wanted.is_empty() || says(wanted, "all");
        let runs = has("always")
            || (all && !has("never"))
            || among(wanted)
            || (says(wanted, "tagged") && !untagged && !has("never"));
        let skip = &options.skip_tags;
        let skipped = if says(skip, "all") {
            !has("always") || says(skip, "always")
        } else {
            among(skip) || (says(skip, "tagged") && !untagged)
        };
        runs && !skipped
    }

    /// A task's tags, templates among them rendered with what the play says.
    fn tags_of(&self, task: &Task) -> Vec<String> {
        let nobody = self.run.shared.hosts.get_or_add("localhost");
        let scope = Scope::bare(self.play.clone(), nobody, &task.keywords);
        let mut tags = Vec::new();
        for tag in &task.keywords.tags {
            if !tag.contains("{{") {
                tags.push(tag.clone());
                continue;
            }
            let source = Source::new(task.span.source.name.clone(), tag.clone());
            let end = tag.len();
            let span = Span {
                source,
                start: 0,
                end,
            };
            match self
                .run
                .render(&Node::new(span, Kind::Str(tag.clone())), &scope)
            {
                Ok(Json::String(text)) => tags.extend(text.split(',').map(|t| t.trim().to_owned())),
                Ok(Json::Array(items)) => {
                    tags.extend(items.iter().filter_map(Json::as_str).map(ToOwned::to_owned));
                }
                _ => tags.push(tag.clone()),
            }
        }
        tags
    }
}
