//! `repo render|diff`: what would be pushed to the tenant config repo, for people and reviews; no
//! host is asked, and nothing is pushed.

mod args;
mod scope;
mod values;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use self::args::RepoArgs;
use self::args::{DiffArgs, FromArgs, RenderArgs, RepoVerb, Which};
use self::values::Values;
use super::cli::Output;
use super::shared::Console;
use super::{Content, Ended, Failed};
use crate::chart::Rewrites;
use crate::diagnostic::{Diagnostic, ExitCode};
use crate::input::{Files, SystemClock};
use crate::repo::{
    Applied, Desk, Outlook, Overlay, Prefer, Remote, Setting, Source, Ssh, Target, Wanted,
    render as rendered,
};
use crate::secret::Secret;

/// How long one run of git may take.
const DEADLINE: Duration = Duration::from_mins(5);

/// Runs the verb.
pub async fn repo(args: &RepoArgs, console: &Arc<Console>) -> Ended {
    match &args.what {
        RepoVerb::Render(args) => render(args, console).await,
        RepoVerb::Diff(args) => diff(args, console).await,
    }
}

async fn render(args: &RenderArgs, console: &Console) -> Ended {
    let values = Values::read(&args.from, console)?;
    let (wanted, applied) = wanted(&args.from, &values).await?;
    let files = Content::new();
    wanted.tree.write(&files, &args.to)?;
    tell(&applied, &values, console);
    let count = wanted.tree.len();
    console.say(&format!(
        "{count} files of {} in {}",
        wanted.origin,
        args.to.display()
    ));
    Ok(ExitCode::Done)
}

async fn diff(args: &DiffArgs, console: &Console) -> Ended {
    let values = Values::read(&args.from, console)?;
    let (wanted, applied) = wanted(&args.from, &values).await?;
    let target = target(args, &values, console)?;
    let outlook = desk().look(&wanted, &target).await.map_err(unreachable)?;
    if console.output == Output::Text {
        tell(&applied, &values, console);
    }
    show(&outlook, console);
    for (path, shown) in &outlook.conflicts {
        console.say(&format!("conflict in {path}:\n{shown}"));
    }
    if outlook.is_same {
        console.say(&format!("`{}` is as it would be pushed", target.branch));
    }
    Ok(if args.exit_code && !outlook.is_same {
        ExitCode::Changes
    } else {
        ExitCode::Done
    })
}

/// What the repository would hold.
async fn wanted(from: &FromArgs, values: &Values) -> Result<(Wanted, Applied), Failed> {
    let files = Content::new();
    let named = from
        .template
        .clone()
        .map_or_else(|| values.template(from.of), Ok)?;
    // What the command line names lies here, what the inventory names beside it.
    let given = from.template.as_ref();
    let here = given.map_or_else(|| values.directory(), |_| PathBuf::new());
    let source = Source::parse(&named, (&files, &here))?;
    let template = source
        .open(&desk())
        .await
        .map_err(|error| unreachable(vec![error]))?;
    let (mut tree, origin) = (template.tree, template.origin);
    let engine = values.engine();
    let variables = values.variables();
    if from.of == Which::TenantRepo {
        tree = rendered((&tree, &origin), &engine, &variables)?;
    }
    let mut applied = Applied::default();
    if !from.no_overlay {
        let name = match from.of {
            Which::TenantRepo => "tenant-repo",
            Which::ClusterTemplates => "cluster-templates",
        };
        let folder = Content::root(from.values.content.as_deref())
            .join("templates")
            .join(name)
            .join("overlay");
        let rewrites: Rewrites = values.rewrites();
        let setting = Setting {
            engine: &engine,
            variables: &variables,
            images: &|image| rewrites.target(image),
            targets: template.targets,
        };
        applied = Overlay::read(&files, &folder)?.apply(&mut tree, &setting)?;
    }
    let kept = applied.kept.clone();
    Ok((Wanted { tree, kept, origin }, applied))
}

/// Says what was changed and why, and which values are not known yet.
fn tell(applied: &Applied, values: &Values, console: &Console) {
    for (path, why) in &applied.changes {
        console.say(&format!("{path}: {why}"));
    }
    for (name, until) in values.unknown() {
        console.say(&format!(
            "{name} is not known before {until}: a word stands in its place"
        ));
    }
}

/// The differences, without secrets.
fn show(outlook: &Outlook, console: &Console) {
    let mut text = String::new();
    for (path, before, after) in outlook.changes() {
        let diff = similar::TextDiff::from_lines(before, after);
        let (old, new) = (format!("a/{path}"), format!("b/{path}"));
        text.push_str(&diff.unified_diff().header(&old, &new).to_string());
    }
    console.data(&console.redactor.redact(&text));
}

fn target(args: &DiffArgs, values: &Values, console: &Console) -> Result<Target, Failed> {
    let address = args
        .remote
        .clone()
        .map_or_else(|| values.address(args.from.of), Ok)?;
    let local = Path::new(&address);
    let address = if Content::new().kind(local).is_some() {
        super::world::absolute(local).display().to_string()
    } else {
        address
    };
    let read = |path: &Path| {
        Content::new().read(path).map_err(|error| {
            Diagnostic::error(
                "commands/unreadable",
                format!("cannot read `{}`", path.display()),
            )
            .why(error.to_string())
            .help("name a file that you may read")
        })
    };
    let text =
        |path: &PathBuf| read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let is_ssh = !address.contains("://") && address.contains('@') || address.starts_with("ssh://");
    let ssh = if is_ssh {
        let key = match &args.key {
            Some(path) => text(path)?,
            None => values.deploy_key()?,
        };
        console.redactor.add(&key);
        let host_keys = match &args.host_keys {
            Some(path) => text(path)?
                .lines()
                .map(ToOwned::to_owned)
                .filter(|line| !line.trim().is_empty())
                .collect(),
            None => values.host_keys(),
        };
        Some(Ssh {
            key: Secret::new(key),
            host_keys,
            at: None,
        })
    } else {
        None
    };
    Ok(Target {
        remote: Remote { address, ssh },
        branch: args.branch.clone(),
        prefer: Prefer::Nobody,
    })
}

fn desk() -> Desk {
    Desk {
        git: super::world::git(),
        files: Arc::new(Content::new()),
        clock: Arc::new(SystemClock::new()),
        deadline: DEADLINE,
    }
}

/// Errors of a remote; what is wrong before it is asked is bad input.
fn unreachable(errors: Vec<Diagnostic>) -> Failed {
    let asked = errors.iter().any(|error| error.code == "repo/git");
    let code = if asked {
        ExitCode::Unreachable
    } else {
        ExitCode::BadInput
    };
    Failed { errors, code }
}
