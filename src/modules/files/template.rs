//! `template`: a rendered text becomes a file of the host.

use super::place::{Manner, Place};
use crate::input::Source;
use crate::modules::context::TemplateOptions;
use crate::modules::dates::backup_suffix;
use crate::modules::given::{absolute, base_name};
use crate::modules::{Context, Failure, Given};

/// Renders and gives the file to place.
pub fn build(given: &Given, context: &Context<'_>) -> Result<Place, Failure> {
    let src = given.string("src");
    let path = context.find("templates", &src)?;
    let text = String::from_utf8(context.read(&path)?)
        .map_err(|_| Failure::msg(format!("template `{}` is not UTF-8 text", path.display())))?;
    if !matches!(
        given.string("output_encoding").to_lowercase().as_str(),
        "utf-8" | "utf8"
    ) {
        return Err(Failure::msg("only `output_encoding: utf-8` is supported"));
    }
    let source = Source::new(path.display().to_string(), text);
    let mut rendered = context.rendering.template(&source, &options(given))?;
    let newline = match given.text("newline_sequence") {
        Some("\\r" | "\r") => "\r",
        Some("\\r\\n" | "\r\n") => "\r\n",
        _ => "\n",
    };
    if newline != "\n" {
        rendered = rendered.replace('\n', newline);
    }
    let dest = given.string("dest");
    Ok(Place {
        content: rendered.into_bytes().into(),
        name: Some(base_name(&src).to_owned()),
        folder: dest.ends_with('/'),
        dest: absolute("dest", &dest)?,
        manner: Manner::new(given, &backup_suffix(context.clock.now()))?,
        source: Some(path.display().to_string()),
    })
}

/// What the arguments say about the template's own syntax.
fn options(given: &Given) -> TemplateOptions {
    let defaults = TemplateOptions::default();
    let pair = |start: &str, end: &str, default: (String, String)| {
        (
            given.some(start).unwrap_or(default.0),
            given.some(end).unwrap_or(default.1),
        )
    };
    TemplateOptions {
        block: pair("block_start_string", "block_end_string", defaults.block),
        variable: pair(
            "variable_start_string",
            "variable_end_string",
            defaults.variable,
        ),
        comment: pair(
            "comment_start_string",
            "comment_end_string",
            defaults.comment,
        ),
        trim_blocks: given.flag("trim_blocks"),
        lstrip_blocks: given.flag("lstrip_blocks"),
    }
}
