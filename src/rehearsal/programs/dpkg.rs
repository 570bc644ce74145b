//! dpkg and dpkg-query over the model's table.

use super::super::packages::compare;
use super::super::process::{Ended, Process};
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[("dpkg", dpkg), ("dpkg-query", dpkg)];

fn dpkg(process: &mut Process<'_>) -> Ended {
    let args = process.args();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--print-architecture"] => {
            let text = match process.host.profile.architecture.as_str() {
                "aarch64" => "arm64",
                _ => "amd64",
            };
            process.say(text);
            Ok(0)
        }
        ["--print-foreign-architectures"] | ["--configure", "-a"] => Ok(0),
        ["--compare-versions", a, relation, b] => {
            let order = compare(a, b);
            let holds = match *relation {
                "lt" => order.is_lt(),
                "le" => order.is_le(),
                "eq" => order.is_eq(),
                "ne" => order.is_ne(),
                "ge" => order.is_ge(),
                "gt" => order.is_gt(),
                other => return Err(process.strange(other)),
            };
            Ok(i32::from(!holds))
        }
        ["-s" | "--status", names @ ..] => status(process, names),
        ["-l" | "--list", names @ ..] => list(process, names),
        ["-L" | "--listfiles", name] => {
            let text = process
                .host
                .tree
                .text(&format!("/var/lib/dpkg/info/{name}.list"));
            process.out.extend_from_slice(text.as_bytes());
            Ok(i32::from(process.host.packages.get(name).is_none()))
        }
        _ if words.iter().any(|w| w.starts_with("-W") || *w == "--show") => show(process),
        other => Err(process.strange(&other.join(" "))),
    }
}

fn missing(process: &mut Process<'_>, name: &str) {
    process.complain(format!(
        "dpkg-query: package '{name}' is not installed and no information is available"
    ));
}

fn status(process: &mut Process<'_>, names: &[&str]) -> Ended {
    let mut code = 0;
    for name in names {
        if let Some(package) = process.host.packages.get(name).cloned() {
            let selection = if package.held { "hold" } else { "install" };
            process.say(format!(
                "Package: {name}\nStatus: {selection} ok installed\nVersion: {}",
                package.version
            ));
        } else {
            missing(process, name);
            code = 1;
        }
    }
    Ok(code)
}

fn list(process: &mut Process<'_>, names: &[&str]) -> Ended {
    let mut code = 0;
    let lines: Vec<(String, String)> = process
        .host
        .packages
        .all()
        .filter(|(name, _)| names.is_empty() || names.contains(&name.as_str()))
        .map(|(name, package)| (name.clone(), package.version.clone()))
        .collect();
    if lines.is_empty() {
        for name in names {
            process.complain(format!("dpkg-query: no packages found matching {name}"));
        }
        code = 1;
    }
    for (name, version) in lines {
        process.say(format!("ii  {name:<30} {version:<30} amd64"));
    }
    Ok(code)
}

fn show(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-W", "--show", "-f=", "--showformat="])?;
    let format = args
        .value(&["-f", "--showformat"])
        .unwrap_or("${Package}\\t${Version}\\n")
        .to_owned();
    let mut code = 0;
    let all: Vec<String> = process
        .host
        .packages
        .all()
        .map(|(name, _)| name.clone())
        .collect();
    let names = if args.operands.is_empty() {
        all
    } else {
        args.operands.clone()
    };
    for name in names {
        let Some(package) = process.host.packages.0.get(&name).cloned() else {
            process.complain(format!("dpkg-query: no packages found matching {name}"));
            code = 1;
            continue;
        };
        let (short, long) = match (package.removed, package.held) {
            (true, _) => ("rc ", "deinstall ok config-files"),
            (false, true) => ("hi ", "hold ok installed"),
            (false, false) => ("ii ", "install ok installed"),
        };
        let text = [
            ("${Package}", name.as_str()),
            ("${binary:Package}", &name),
            ("${Version}", &package.version),
            ("${Status}", long),
            ("${db:Status-Abbrev}", short),
            (
                "${db:Status-Status}",
                long.rsplit(' ').next().unwrap_or_default(),
            ),
            ("${Architecture}", "amd64"),
            ("\\n", "\n"),
            ("\\t", "\t"),
        ]
        .iter()
        .fold(format.clone(), |text, (from, to)| text.replace(from, to));
        process.out.extend_from_slice(text.as_bytes());
    }
    Ok(code)
}
