//! How people get in: the addresses of a component and how one signs in there, for `urls`.

use super::fields::Fields;
use crate::diagnostic::Diagnostics;
use crate::input::Node;

/// A service that people open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// What people call it.
    pub name: String,
    /// The output with its address; an empty one is no address.
    pub url: OutputName,
    /// An output that is only known where it is installed.
    pub installed: OutputName,
    /// How one signs in, one way a line.
    pub sign_in: Vec<String>,
    /// The secret that `secrets show` shows, if it needs one.
    pub secret: Option<String>,
}

/// An output of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputName {
    /// Whose; `None`: that of the component that says it.
    pub component: Option<String>,
    /// Its name.
    pub output: String,
}

impl OutputName {
    /// `OUTPUT` or `COMPONENT.OUTPUT`.
    fn new(text: &str) -> Self {
        let (component, output) = match text.split_once('.') {
            Some((component, output)) => (Some(component.to_owned()), output),
            None => (None, text),
        };
        Self {
            component,
            output: output.to_owned(),
        }
    }
}

/// The keys of an entry.
const KEYS: [&str; 5] = ["name", "url", "installed", "sign_in", "secret"];

/// The list at `access`.
pub fn read(fields: &mut Fields, errors: &mut Diagnostics) -> Vec<Access> {
    let nodes = fields.take_list("access");
    nodes
        .iter()
        .filter_map(|node| entry(node, errors))
        .collect()
}

fn entry(node: &Node, errors: &mut Diagnostics) -> Option<Access> {
    let what = "an entry of `access`";
    let mut fields = Fields::open(node, what, errors)?;
    let name = fields.take_word("name", errors);
    let url = fields.take_word("url", errors);
    let installed = fields.take_word("installed", errors);
    let secret = fields.take_word("secret", errors);
    let sign_in = fields.take_list("sign_in");
    fields.finish(what, &KEYS, errors);
    let (Some(name), Some(url), Some(installed)) = (name, url, installed) else {
        errors.push(
            crate::diagnostic::Diagnostic::error(
                "playbook/wrong-type",
                "an entry of `access` lacks `name`, `url` or `installed`",
            )
            .at(&node.span)
            .why("nothing was touched")
            .help("write `- { name: Argo CD, url: url, installed: version, sign_in: […] }`"),
        );
        return None;
    };
    let ways = sign_in.iter().filter_map(Node::as_str);
    Some(Access {
        name,
        url: OutputName::new(&url),
        installed: OutputName::new(&installed),
        sign_in: ways.map(ToOwned::to_owned).collect(),
        secret,
    })
}
