//! `chart list|render|images|sheet`: what a chart makes of upstream's manifests, for people and
//! reviews; no host or cluster is asked.

mod catalogue;
mod sheet;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};

use self::catalogue::Catalogue;
use super::cli::Output;
use super::shared::Console;
use super::{Content, Ended, Failed, downloads};
use crate::artifact::{Downloads, Sending};
use crate::chart::{Composed, Setting, Sheet, merged, upstream};
use crate::diagnostic::{Diagnostic, ExitCode, read_one};
use crate::input::{Files, Json, Rules, Source, SystemClock, emit};

/// How long all manifests of a chart may take to download.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(5);

/// `chart`.
#[derive(Args, Clone, Debug)]
pub struct ChartArgs {
    #[command(subcommand)]
    /// What to do.
    pub what: ChartVerb,
}

/// What to do with charts.
#[derive(Clone, Debug, Subcommand)]
pub enum ChartVerb {
    /// The charts, with their versions.
    List(FromArgs),
    /// The objects of a chart as YAML, with `--output json` one a line.
    Render(RenderArgs),
    /// The images of a chart, or of all of a release.
    Images(ImagesArgs),
    /// Make the object sheet of a version from upstream's manifests, or compare it with them.
    Sheet(SheetArgs),
}

/// Where charts and manifests come from.
#[derive(Args, Clone, Debug, Default)]
pub struct FromArgs {
    /// Charts and releases from this folder instead of the built-in ones.
    #[arg(long, value_name = "DIR")]
    pub content: Option<PathBuf>,
    /// Upstream's files by their address from this folder (with an INDEX.yaml), before the network.
    #[arg(long, value_name = "DIR")]
    pub artifacts: Option<PathBuf>,
}

/// Which version of a chart, with which values.
#[derive(Args, Clone, Debug, Default)]
pub struct WhichArgs {
    /// The release that says which version.
    #[arg(long, default_value = "current", value_name = "RELEASE")]
    pub release: String,
    /// This version instead of the release's.
    #[arg(long, value_name = "VERSION")]
    pub chart_version: Option<String>,
    /// File with values (YAML). Repeatable; the last wins.
    #[arg(short = 'f', long, value_name = "FILE")]
    pub values: Vec<PathBuf>,
    /// The version of Kubernetes [default: the release's].
    #[arg(long, value_name = "VERSION")]
    pub kubernetes: Option<String>,
    /// Stand-ins made of the object sheet instead of upstream's manifests: nothing is downloaded.
    #[arg(long)]
    pub sheet_only: bool,
}

/// `chart render`.
#[derive(Args, Clone, Debug)]
pub struct RenderArgs {
    /// The chart.
    pub name: String,
    #[command(flatten)]
    /// Which version.
    pub which: WhichArgs,
    #[command(flatten)]
    /// Where from.
    pub from: FromArgs,
}

/// `chart images`.
#[derive(Args, Clone, Debug)]
pub struct ImagesArgs {
    /// The chart; without one all charts of the release.
    pub name: Option<String>,
    #[command(flatten)]
    /// Which version.
    pub which: WhichArgs,
    #[command(flatten)]
    /// Where from.
    pub from: FromArgs,
}

/// `chart sheet`.
#[derive(Args, Clone, Debug)]
pub struct SheetArgs {
    /// The chart.
    pub name: String,
    /// The version; its file in the chart's `versions/` needs `version` and `upstream` to begin with.
    #[arg(value_name = "VERSION")]
    pub chart_version: String,
    /// Write the sheet into the version's file (of `--content`) instead of printing it.
    #[arg(long, requires = "content", conflicts_with = "check")]
    pub write: bool,
    /// Only compare the sheet with upstream's manifests.
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    /// Where from.
    pub from: FromArgs,
}

/// Runs the verb.
pub async fn chart(args: &ChartArgs, console: &Arc<Console>) -> Ended {
    match &args.what {
        ChartVerb::List(from) => list(from, console),
        ChartVerb::Render(args) => render(args, console).await,
        ChartVerb::Images(args) => images(args, console).await,
        ChartVerb::Sheet(args) => sheet::sheet(args, console).await,
    }
}

fn list(from: &FromArgs, console: &Console) -> Ended {
    let catalogue = Catalogue::new(from);
    let mut text = String::new();
    for name in catalogue.names() {
        let chart = catalogue.chart(&name)?;
        let line = format!(
            "{name:<20} {:<24} {}\n",
            chart.about.title,
            chart.versions().join(" ")
        );
        text.push_str(&line);
    }
    console.data(&text);
    Ok(ExitCode::Done)
}

async fn render(args: &RenderArgs, console: &Console) -> Ended {
    let catalogue = Catalogue::new(&args.from);
    let composed = composed(&catalogue, &args.name, (&args.which, &args.from)).await?;
    let mut text = String::new();
    for made in &composed.objects {
        text.push_str(&match console.output {
            Output::Text => format!("---\n# {}\n{}", made.place, emit(&made.body)),
            Output::Json => format!("{}\n", made.body),
        });
    }
    console.data(&text);
    Ok(ExitCode::Done)
}

async fn images(args: &ImagesArgs, console: &Console) -> Ended {
    let catalogue = Catalogue::new(&args.from);
    let names = match &args.name {
        Some(name) => vec![name.clone()],
        None => catalogue.of_release(&args.which.release)?,
    };
    let mut all = std::collections::BTreeSet::new();
    for name in names {
        all.extend(
            composed(&catalogue, &name, (&args.which, &args.from))
                .await?
                .images,
        );
    }
    let mut text = String::new();
    for one in all {
        let instead = one
            .instead_of
            .map_or_else(String::new, |of| format!("  # instead of {of}"));
        text.push_str(&format!("{}{instead}\n", one.image));
    }
    console.data(&text);
    Ok(ExitCode::Done)
}

/// The objects of a chart.
async fn composed(
    catalogue: &Catalogue,
    name: &str,
    (which, from): (&WhichArgs, &FromArgs),
) -> Result<Composed, Failed> {
    let chart = catalogue.chart(name)?;
    let release = catalogue.release(&which.release)?;
    let version = match &which.chart_version {
        Some(version) => version.clone(),
        None => release.version(name)?,
    };
    let sheet = chart.sheet(&version)?;
    let setting = Setting {
        values: values(which)?,
        kubernetes: which
            .kubernetes
            .clone()
            .unwrap_or_else(|| release.kubernetes()),
        rewrites: release.rewrites(),
    };
    let manifests = if which.sheet_only {
        None
    } else {
        Some(manifests(&sheet, from).await?)
    };
    Ok(chart.compose(&sheet, manifests.as_deref(), &setting)?)
}

/// Upstream's manifests of a version.
async fn manifests(sheet: &Sheet, from: &FromArgs) -> Result<Vec<Arc<Source>>, Failed> {
    let source = downloads::network(Arc::new(SystemClock::new()));
    let source = downloads::behind(from.artifacts.as_deref(), source)?;
    let downloads = Downloads::new(source, Sending::WhereNeeded);
    upstream(sheet, &downloads, PATIENCE)
        .await
        .map_err(|error| Failed {
            errors: vec![error],
            code: ExitCode::Unreachable,
        })
}

/// The values of the files, the last over the first.
fn values(which: &WhichArgs) -> Result<Json, Failed> {
    let mut all = serde_json::json!({});
    for path in &which.values {
        let bytes = Content::new().read(path).map_err(|error| {
            Diagnostic::error(
                "commands/unreadable",
                format!("cannot read `{}`", path.display()),
            )
            .why(error.to_string())
            .help("name a YAML file with the chart's values")
        })?;
        let text = String::from_utf8_lossy(&bytes);
        let source = Source::new(path.display().to_string(), text);
        let node = read_one(&source, Rules::Kubernetes)?;
        all = merged(all, &node.to_json());
    }
    Ok(all)
}
