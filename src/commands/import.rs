//! `inventory import --reference`: the old installer's variables and hosts become an inventory of
//! ours. Nothing is asked of any host.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::cli::{Output, SourceArgs, ValuesArgs};
use super::shared::Console;
use super::{Content, Ended, Failed, load, vault, world};
use crate::diagnostic::{Diagnostic, ExitCode, read_one};
use crate::input::{Files as _, Node, Rules, Source, Span, decode};
use crate::inventory::reference::{self, Given, Imported};
use crate::inventory::{Inventory, Sealed};
use crate::secret::vault::{VaultPassword, decrypt, is_vault};

/// `inventory import`.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// The old installer's variables (`vars.yaml`).
    #[arg(long, value_name = "FILE", required = true)]
    pub reference: PathBuf,
    /// Its hosts: `out/hosts/ansible_hosts`, INI or YAML [default: the variable
    /// `ansible_inventory_file`]. Repeatable.
    #[arg(short, long = "inventory", value_name = "INVENTORY")]
    pub inventory: Vec<String>,
    /// Write it into this file in place of stdout.
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long)]
    pub force: bool,
    /// File with the ansible-vault password that secrets are sealed with (`ID@FILE` for a vault id).
    #[arg(long, alias = "vault-id", value_name = "FILE")]
    pub vault_password_file: Vec<String>,
    /// Ask for that password.
    #[arg(short = 'J', long, alias = "ask-vault-pass")]
    pub ask_vault_password: bool,
}

/// Turns the old installer's files into an inventory.
pub fn import(args: &ImportArgs, console: &Arc<Console>) -> Ended {
    let content = Content::new();
    if let Some(to) = &args.to
        && content.kind(to).is_some()
        && !args.force
    {
        let what = format!("`{}` is there already", to.display());
        return Err(Diagnostic::error("commands/exists", what)
            .why("nothing was written")
            .help("name another file, or write over it with `--force`")
            .into());
    }
    let source = SourceArgs {
        ask_vault_password: args.ask_vault_password,
        ..source(args)
    };
    let passwords = vault::passwords(&source, console, &content)?;
    let variables = variables(&args.reference, &passwords, &content)?;
    let directory = world::absolute(&args.reference);
    let directory = directory.parent().unwrap_or(Path::new("/"));
    let inventory = hosts(args, (&variables, directory), console)?;
    let given = Given {
        variables: &variables,
        inventory: &inventory,
        directory,
        seal: passwords.first(),
    };
    let imported = reference::import(&given)?;
    write(args, &imported, console)?;
    tell(args, &imported, console);
    Ok(ExitCode::Done)
}

/// With the passwords that open, and seal.
fn source(args: &ImportArgs) -> SourceArgs {
    SourceArgs {
        values: ValuesArgs {
            vault_password_file: args.vault_password_file.clone(),
            ..ValuesArgs::default()
        },
        ..SourceArgs::default()
    }
}

/// The variables: a mapping, or nothing at all.
fn variables(path: &Path, passwords: &[VaultPassword], content: &Content) -> Result<Node, Failed> {
    let name = path.display().to_string();
    let bytes = content.read(path).map_err(|error| {
        Diagnostic::error("commands/unreadable", format!("cannot read `{name}`"))
            .why(error.to_string())
            .help("name the old installer's file of variables (vars.yaml)")
    })?;
    let mut source = decode(name.clone(), bytes).map_err(Diagnostic::from)?;
    if is_vault(source.text.as_bytes()) {
        let plain = decrypt(&source.text, passwords).map_err(|error| {
            let what = "the file is sealed as a whole and cannot be opened";
            let place = Span {
                source: source.clone(),
                start: 0,
                end: 0,
            };
            Diagnostic::error("inventory/vault", what)
                .at(&place)
                .why(error.to_string())
                .help("give its password with `--vault-password-file FILE`")
        })?;
        source = Source::new(name, String::from_utf8_lossy(plain.expose()));
    }
    let node = read_one(&source, Rules::Ansible)?;
    if node.as_map().is_none() && !node.is_null() {
        let what = format!("the variables are {}, not a mapping", node.type_name());
        return Err(Diagnostic::error("inventory/reference", what)
            .at(&node.span)
            .why("nothing was written")
            .help("write `name: value`, one on each line")
            .into());
    }
    Ok(node)
}

/// The hosts: from `-i`, else from the file that the variables name, else none.
fn hosts(
    args: &ImportArgs,
    (variables, directory): (&Node, &Path),
    console: &Console,
) -> Result<Inventory, Failed> {
    let mut named = args.inventory.clone();
    if let Some(file) = reference::inventory_file(variables).filter(|_| named.is_empty()) {
        named.push(directory.join(file).display().to_string());
    }
    let source = SourceArgs {
        inventory: named,
        ..source(args)
    };
    load::inventory_for(&source, console, (None, Sealed::Keep)).map(|(inventory, _)| inventory)
}

fn write(args: &ImportArgs, imported: &Imported, console: &Console) -> Result<(), Failed> {
    let Some(to) = &args.to else {
        if console.output == Output::Text {
            console.data(&imported.text);
        }
        return Ok(());
    };
    let written = Content::new().write(to, imported.text.as_bytes(), 0o644);
    written.map_err(|error| {
        let what = format!("cannot write `{}`", to.display());
        Diagnostic::error("commands/unwritable", what)
            .why(error.to_string())
            .help("name a file in a folder that you can write to")
            .into()
    })
}

/// What became of what: in the file's own comments, too.
fn tell(args: &ImportArgs, imported: &Imported, console: &Console) {
    let place = |span: Option<&Span>| span.map(ToString::to_string);
    if console.output == Output::Json {
        let taken = imported.taken.iter();
        let taken = taken.map(|one| json!({ "variable": one.variable, "place": place(one.place.as_ref()), "setting": one.setting }));
        let dropped = imported.dropped.iter();
        let dropped = dropped.map(|one| json!({ "variable": one.variable, "place": place(one.place.as_ref()), "why": one.why }));
        let unknown = imported.unknown.iter();
        let unknown =
            unknown.map(|(name, span)| json!({ "variable": name, "place": span.to_string() }));
        let text = args.to.is_none().then_some(imported.text.as_str());
        let line = json!({
            "event": "import", "taken": taken.collect::<Value>(), "dropped": dropped.collect::<Value>(),
            "unknown": unknown.collect::<Value>(), "to_do": imported.to_do, "inventory": text,
        });
        console.data(&format!("{line}\n"));
        return;
    }
    for (name, span) in &imported.unknown {
        console.say(&format!("not known and not taken over: {name} ({span})"));
    }
    for line in &imported.to_do {
        console.say(&format!("to do: {line}"));
    }
    if let Some(to) = &args.to {
        let to = to.display();
        let (taken, dropped) = (imported.taken.len(), imported.dropped.len());
        console.say(&format!(
            "wrote {to}: {taken} settings from variables, {dropped} variables left out (its comments say why); next: `nautes-install validate -i {to}`"
        ));
    }
}
