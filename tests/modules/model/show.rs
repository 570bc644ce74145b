//! An action as one line, as the cases write it.

use nautes_install::connection::{Action, Attributes, PackageAction};

fn attributes(attributes: &Attributes) -> String {
    let mode = attributes
        .mode
        .map(|m| format!(" mode={m:04o}"))
        .unwrap_or_default();
    let owner = attributes
        .owner
        .as_ref()
        .map(|o| format!(" owner={o}"))
        .unwrap_or_default();
    let group = attributes
        .group
        .as_ref()
        .map(|g| format!(" group={g}"))
        .unwrap_or_default();
    mode + &owner + &group
}

fn words(words: &[String]) -> String {
    words.iter().map(|w| format!(" {w}")).collect()
}

/// The line. What goes by stdin or in headers is not in it.
pub fn show(action: &Action) -> String {
    match action {
        Action::With { env, action } => format!("with {env:?} {}", show(action)),
        Action::WriteFile {
            path,
            attributes: a,
            validate,
            backup,
            ..
        } => {
            let validate = validate
                .as_ref()
                .map(|v| format!(" validate={v}"))
                .unwrap_or_default();
            let backup = backup.as_ref().map(|_| " backup").unwrap_or_default();
            format!("write {path}{}{validate}{backup}", attributes(a))
        }
        Action::CopyFile {
            from,
            to,
            attributes: a,
            ..
        } => format!("copy {from} {to}{}", attributes(a)),
        Action::MakeDirectory {
            path,
            attributes: a,
        } => format!("mkdir {path}{}", attributes(a)),
        Action::SetAttributes {
            path,
            attributes: a,
            recurse,
            ..
        } => {
            format!(
                "set {path}{}{}",
                attributes(a),
                if *recurse { " recurse" } else { "" }
            )
        }
        Action::Link { path, target, hard } => {
            format!(
                "{} {path} {target}",
                if *hard { "hardlink" } else { "link" }
            )
        }
        Action::Touch { path, .. } => format!("touch {path}"),
        Action::Remove { path } => format!("remove {path}"),
        Action::Unpack {
            archive,
            into,
            options,
        } => format!("unpack {archive} {into}{}", words(options)),
        Action::Exec(exec) => {
            let stdin = exec.stdin.as_ref().map(|_| " <stdin").unwrap_or_default();
            format!("exec {}{stdin}", exec.argv.join(" "))
        }
        Action::Package(PackageAction::Update) => "update".to_owned(),
        Action::Package(PackageAction::Install { names, .. }) => format!("install{}", words(names)),
        Action::Package(PackageAction::Remove { names, .. }) => {
            format!("uninstall{}", words(names))
        }
        Action::Package(PackageAction::Whole { verb, .. }) => verb.clone(),
        Action::Unit { name, action } => format!("{action:?} {name}"),
        Action::Sysctl { name, value } => format!("sysctl {name}={value}"),
        Action::Download {
            url,
            path,
            digest,
            attributes: a,
            ..
        } => {
            let digest = digest
                .as_ref()
                .map(|(a, h)| format!(" {a}:{h}"))
                .unwrap_or_default();
            format!("download {url} {path}{digest}{}", attributes(a))
        }
        Action::Upload {
            file,
            path,
            digest: (algorithm, hex),
            attributes: a,
        } => {
            let len = file.len;
            format!("upload {len} {path} {algorithm}:{hex}{}", attributes(a))
        }
        Action::Reboot { .. } => "reboot".to_owned(),
    }
}
