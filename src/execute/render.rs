//! The engine's way to the templates: plain values, conditions, loops.

use std::sync::Arc;

use crate::input::{Json, Kind, Node, Source, Span, Variables};
use crate::modules::{Rendering, TemplateOptions};
use crate::template::{TextOptions, Unrendered};

use super::component::Run;
use super::scope::Scope;

impl Run {
    /// Renders a value as the scope sees it.
    pub fn render(&self, node: &Node, scope: &Scope) -> Result<Json, Unrendered> {
        // Most values are no templates at all.
        if matches!(
            node.kind,
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_)
        ) {
            return Ok(node.to_json());
        }
        self.world
            .template
            .render(&Arc::new(node.clone()), &variables(scope))
    }

    /// Decides a condition.
    pub fn condition(&self, node: &Node, scope: &Scope) -> Result<bool, Unrendered> {
        self.world.template.condition(node, &variables(scope))
    }

    /// The items of a `with_<lookup>`: what the lookup gives for these terms.
    pub fn lookup(&self, name: &str, terms: &Node, scope: &Scope) -> Result<Json, Unrendered> {
        let scope = scope.with("_terms", self.render(terms, scope)?.into());
        let list = "_terms if _terms is not string and _terms is not mapping and _terms is iterable else [_terms]";
        let call = match name {
            "dict" => "query('dict', _terms)".to_owned(),
            _ => format!("query('{name}', *({list}))"),
        };
        let text = format!("{{{{ {call} }}}}");
        let source = Source::new(terms.span.source.name.clone(), text.clone());
        let node = Node::new(
            Span {
                source,
                start: 0,
                end: text.len(),
            },
            Kind::Str(text),
        );
        self.render(&node, &scope)
            .map_err(|unrendered| match unrendered {
                // The place of the loop is the user's; that of the call we wrote is not.
                Unrendered::Wrong(mut diagnostic) => {
                    diagnostic.place = Some(terms.span.clone());
                    Unrendered::Wrong(diagnostic)
                }
                unknown @ Unrendered::Unknown(_) => unknown,
            })
    }
}

/// A scope as the templates take it.
pub fn variables(scope: &Scope) -> Arc<dyn Variables> {
    Arc::new(scope.clone())
}

/// Rendering for a module: the variables are those of the task on its host.
pub struct TaskRendering<'a> {
    /// The run.
    pub run: &'a Run,
    /// The task's variables.
    pub scope: &'a Scope,
    /// Where the task's arguments stand, for errors.
    pub at: &'a Node,
}

impl TaskRendering<'_> {
    fn node(&self, text: &str) -> Node {
        let source = Source::new(self.at.span.source.name.clone(), text);
        Node::new(
            Span {
                source,
                start: 0,
                end: text.len(),
            },
            Kind::Str(text.to_owned()),
        )
    }
}

impl Rendering for TaskRendering<'_> {
    fn template(
        &self,
        source: &Arc<Source>,
        options: &TemplateOptions,
    ) -> Result<String, Unrendered> {
        let options = TextOptions {
            trim_blocks: options.trim_blocks,
            lstrip_blocks: options.lstrip_blocks,
            variable_marks: options.variable.clone(),
            block_marks: options.block.clone(),
            comment_marks: options.comment.clone(),
            ..TextOptions::default()
        };
        self.run
            .world
            .template
            .render_source(source, &variables(self.scope), options)
    }

    fn expression(&self, text: &str) -> Result<Json, Unrendered> {
        self.run
            .render(&self.node(&format!("{{{{ {text} }}}}")), self.scope)
    }

    fn condition(&self, condition: &Json) -> Result<bool, Unrendered> {
        match condition {
            Json::Bool(value) => Ok(*value),
            other => self
                .run
                .condition(&self.node(other.as_str().unwrap_or_default()), self.scope),
        }
    }
}
