//! Where a template comes from: git at a commit, a folder, or an archive for machines without a way
//! out. A branch or a tag is no commit: what is pushed to a tenant must be the same tomorrow.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::access::Remote;
use super::git::GitTransport;
use super::overlay::Targets;
use super::problem;
use super::publish::Desk;
use super::store::Store;
use super::tree::{Entry, EntryKind, Tree, inside};
use crate::diagnostic::Diagnostic;
use crate::input::{FileKind, Files};

/// The most bytes of an unpacked archive: templates have some 6 MiB.
const MOST: u64 = 256 << 20;

/// A template's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A git repository at a commit; also a bundle file.
    Git {
        /// Its address.
        url: String,
        /// The commit: 40 hex digits.
        commit: String,
    },
    /// An archive of this machine.
    Archive(PathBuf),
    /// A folder of this machine.
    Folder(PathBuf),
}

impl Source {
    /// Reads `ADDRESS@COMMIT`, a folder, or an archive (`.tar`, `.tar.gz`, `.tgz`). Relative paths
    /// start at `from`.
    ///
    /// # Errors
    /// It is none of them.
    pub fn parse(text: &str, (files, from): (&dyn Files, &Path)) -> Result<Self, Diagnostic> {
        if let Some((url, commit)) = text.rsplit_once('@')
            && commit.len() == 40
            && commit.bytes().all(|b| b.is_ascii_hexdigit())
            && !url.is_empty()
            && !url.starts_with('-')
        {
            // Git runs elsewhere: a repository of this machine is named in full.
            let local = files.real_path(&from.join(url)).ok();
            let local = local.filter(|_| !url.contains("://"));
            let url = local.map_or_else(|| url.to_owned(), |path| path.display().to_string());
            return Ok(Self::Git {
                url,
                commit: commit.to_ascii_lowercase(),
            });
        }
        let path = from.join(text);
        match files.kind(&path) {
            Some(FileKind::Directory) => Ok(Self::Folder(path)),
            Some(_) if [".tar", ".tar.gz", ".tgz"].iter().any(|end| text.ends_with(end)) => Ok(Self::Archive(path)),
            Some(_) => Err(problem("repo/bad-source", format!("`{text}` is no archive"))
                .why("archives end in .tar, .tar.gz or .tgz")
                .help("name an archive or a folder of the template, or its git address with a commit")),
            None if text.contains("://") || text.starts_with("git@") => {
                Err(problem("repo/no-commit", format!("`{text}` names no commit"))
                    .why("a branch or a tag can lead somewhere else tomorrow")
                    .help("write `ADDRESS@` and the commit's 40 hex digits: `git ls-remote ADDRESS` shows them"))
            }
            None => Err(problem("repo/bad-source", format!("there is no `{text}`"))
                .help("name a folder or an archive of the template, or its git address with a commit")),
        }
    }

    /// Its files.
    ///
    /// # Errors
    /// They cannot be read, or the remote has no such commit.
    pub async fn open(&self, desk: &Desk) -> Result<Template, Diagnostic> {
        let real = |tree: Tree, origin: String| Template {
            tree,
            origin,
            targets: Targets::Real,
        };
        match self {
            Self::Folder(path) => {
                let tree = Tree::read(desk.files.as_ref(), path)?;
                Ok(real(tree, path.display().to_string()))
            }
            Self::Archive(path) => {
                let failed = |error: std::io::Error| {
                    let what = format!("`{}` cannot be unpacked", path.display());
                    problem("repo/bad-archive", what)
                        .why(error.to_string())
                        .help("make it anew: `git archive --output template.tar.gz COMMIT`")
                };
                let bytes = desk.files.read(path).map_err(failed)?;
                let tree = unpacked(&bytes).map_err(failed)?;
                Ok(real(tree, path.display().to_string()))
            }
            Self::Git { url, commit } => {
                let name = url.trim_end_matches('/').rsplit('/').next().unwrap_or(url);
                let name = name.trim_end_matches(".git");
                let origin = format!("{name} at {}", &commit[..12]);
                if let Some(tree) = desk.git.template(url) {
                    return Ok(Template {
                        tree,
                        origin,
                        targets: Targets::StandIns,
                    });
                }
                Ok(real(fetched(desk, (url, commit)).await?, origin))
            }
        }
    }
}

/// A template that was opened.
#[derive(Clone, Debug)]
pub struct Template {
    /// Its files.
    pub tree: Tree,
    /// What to call it.
    pub origin: String,
    /// Whether it is the real one.
    pub targets: Targets,
}

async fn fetched(desk: &Desk, (url, commit): (&str, &str)) -> Result<Tree, Diagnostic> {
    let git: &dyn GitTransport = desk.git.as_ref();
    let store = Store::new(git, desk.deadline).await?;
    let remote = Remote {
        address: url.to_owned(),
        ssh: None,
    };
    let way = remote.way(desk.files.as_ref(), store.folder())?;
    // Most servers give a commit by its id; from others everything is fetched.
    if store
        .fetch(&way, (commit, "refs/remotes/template"), Some(1))
        .await
        .is_err()
    {
        store
            .fetch(&way, ("refs/*", "refs/remotes/all/*"), None)
            .await?;
    }
    let exact = format!("{commit}^{{commit}}");
    store
        .ask(&["rev-parse", "--quiet", "--verify", &exact])
        .await
        .map_err(|error| {
            problem("repo/no-commit", format!("`{url}` has no commit {commit}"))
                .why(error.why.join("; "))
                .help("see `git ls-remote` for the commits of its branches and tags")
        })?;
    store.read(commit).await
}

/// The files of an archive; one folder around all of them is taken off.
/// The files of an archive; the folder around all of them is left out.
///
/// # Errors
/// It is no archive of files, or leads out of itself.
pub fn unpacked(bytes: &[u8]) -> std::io::Result<Tree> {
    let reader: Box<dyn Read> = if bytes.starts_with(&[0x1f, 0x8b]) {
        Box::new(flate2::read::MultiGzDecoder::new(bytes))
    } else {
        Box::new(bytes)
    };
    let mut archive = tar::Archive::new(reader.take(MOST));
    let mut found: Vec<(String, Entry)> = Vec::new();
    let bad = |what: String| std::io::Error::new(std::io::ErrorKind::InvalidData, what);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        if !kind.is_file() && !kind.is_symlink() {
            continue; // folders, and the commit that git notes
        }
        let path = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|_| bad("a name is no UTF-8".to_owned()))?;
        let Some(path) = inside(&path) else {
            return Err(bad(format!("`{path}` leads out of it")));
        };
        let mut content = Vec::new();
        let kind = if kind.is_symlink() {
            content = entry.link_name_bytes().unwrap_or_default().into_owned();
            EntryKind::Link
        } else {
            entry.read_to_end(&mut content)?;
            match entry.header().mode()? & 0o111 {
                0 => EntryKind::Plain,
                _ => EntryKind::Executable,
            }
        };
        found.push((path, Entry { content, kind }));
    }
    if found.is_empty() {
        return Err(bad("it holds no file".to_owned()));
    }
    let first = found[0]
        .0
        .split_once('/')
        .map(|(first, _)| format!("{first}/"));
    let around = first.filter(|first| found.iter().all(|(path, _)| path.starts_with(first)));
    let cut = around.map_or(0, |around| around.len());
    Ok(found
        .into_iter()
        .map(|(path, entry)| (path[cut..].to_owned(), entry))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::MemoryFiles;
    use proptest::prelude::*;
    use std::io::Write;

    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append(&header, text.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn an_archive_loses_the_folder_around_it() {
        let plain = archive(&[("t-1/index.yaml", "x"), ("t-1/a/b", "y")]);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&plain).unwrap();
        for bytes in [plain.clone(), gzip.finish().unwrap()] {
            let tree = unpacked(&bytes).unwrap();
            assert_eq!(tree.paths().collect::<Vec<_>>(), ["a/b", "index.yaml"]);
        }
        let flat = unpacked(&archive(&[("index.yaml", "x"), ("a/b", "y")])).unwrap();
        assert_eq!(flat, unpacked(&plain).unwrap());
        assert!(unpacked(&archive(&[("a/../../b", "y")])).is_err());
        assert!(unpacked(b"no archive").is_err());
    }

    #[test]
    fn addresses_folders_and_archives() {
        let files = MemoryFiles::new([
            ("/i/tpl/index.yaml", ""),
            ("/i/t.tgz", ""),
            ("/i/t.zip", ""),
        ]);
        let read =
            |text: &str| Source::parse(text, (&files, Path::new("/i"))).map_err(|error| error.code);
        let commit = "fcd185be09c68812cbf1e2456b3b0f1dabf6394f";
        assert_eq!(
            read(&format!("https://x/y.git@{commit}")),
            Ok(Source::Git {
                url: "https://x/y.git".to_owned(),
                commit: commit.to_owned()
            })
        );
        assert_eq!(
            read(&format!("tpl@{commit}")),
            Ok(Source::Git {
                url: "/i/tpl".to_owned(),
                commit: commit.to_owned()
            })
        );
        assert_eq!(read("tpl"), Ok(Source::Folder("/i/tpl".into())));
        assert_eq!(read("t.tgz"), Ok(Source::Archive("/i/t.tgz".into())));
        assert_eq!(read("t.zip"), Err("repo/bad-source"));
        assert_eq!(read("none"), Err("repo/bad-source"));
        assert_eq!(read("https://x/y.git"), Err("repo/no-commit"));
        assert_eq!(read("https://x/y.git@v0.4.2"), Err("repo/no-commit"));
        assert_eq!(
            read(&format!("--upload-pack=x@{commit}")),
            Err("repo/bad-source")
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_unpacked_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..64), at in 0usize..512, flip in any::<u8>()) {
            let _ = unpacked(&bytes);
            bytes = archive(&[("a", "x"), ("b/c", "y")]);
            bytes[at] ^= flip;
            if let Ok(tree) = unpacked(&bytes) {
                prop_assert!(tree.paths().all(|path| inside(path).as_deref() == Some(path)));
            }
        }
    }
}
