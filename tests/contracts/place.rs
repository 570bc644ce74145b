//! Where a behaviour is shown: a connection, an identity and a directory that is its own.

use std::time::Duration;

use futures::future::BoxFuture;
use nautes_install::connection::{
    Action, Attributes, Connection, ConnectionError, Deadline, Done, Exec, Executed, FileStat,
    Identity, Probe, Reply,
};

/// One behaviour; a broken one panics.
pub type Behaviour = for<'a> fn(&'a Place<'a>) -> BoxFuture<'a, ()>;

/// A place to show behaviours.
pub struct Place<'a> {
    /// The host.
    pub connection: &'a dyn Connection,
    /// On whose behalf.
    pub who: Identity,
    /// An existing, empty directory on the host, without a slash at its end.
    pub dir: String,
}

impl Place<'_> {
    /// A path below the directory.
    pub fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.dir)
    }

    /// Asks one probe.
    pub async fn ask(&self, probe: Probe) -> Reply {
        self.ask_all(vec![probe]).await.remove(0)
    }

    /// Asks a batch.
    pub async fn ask_all(&self, probes: Vec<Probe>) -> Vec<Reply> {
        let replies = self.connection.probe(&self.who, &probes).await.unwrap();
        assert_eq!(replies.len(), probes.len());
        replies
    }

    /// Acts, successfully.
    pub async fn act(&self, action: Action) -> Done {
        self.try_act(action).await.unwrap()
    }

    /// Acts.
    pub async fn try_act(&self, action: Action) -> Result<Done, ConnectionError> {
        let deadline = Deadline(Duration::from_mins(1));
        self.connection.act(&self.who, action, deadline).await
    }

    /// Acts, and is refused: the host's words.
    pub async fn refused(&self, action: Action) -> String {
        match self.try_act(action).await {
            Err(ConnectionError::Refused { what }) => what,
            other => panic!("not refused: {other:?}"),
        }
    }

    /// Runs a program.
    pub async fn run(&self, exec: Exec) -> Executed {
        self.act(Action::Exec(exec)).await.executed
    }

    /// Writes a file with default attributes.
    pub async fn write(&self, path: &str, content: &[u8]) {
        self.act(write(path, content, Attributes::default())).await;
    }

    /// What is at a path, links not followed.
    pub async fn stat(&self, path: &str) -> Option<FileStat> {
        let probe = Probe::Stat {
            path: path.to_owned(),
            follow: false,
            digests: vec![],
        };
        match self.ask(probe).await {
            Reply::Stat(found) => found.map(|b| *b),
            other => panic!("{other:?}"),
        }
    }

    /// The content of a file.
    pub async fn read(&self, path: &str) -> Option<Vec<u8>> {
        let probe = Probe::Read {
            path: path.to_owned(),
            limit: 1 << 24,
        };
        match self.ask(probe).await {
            Reply::Content(content) => content,
            other => panic!("{other:?}"),
        }
    }

    /// The names below the directory.
    pub async fn names(&self) -> Vec<String> {
        let probe = Probe::List {
            path: self.dir.clone(),
            depth: None,
        };
        match self.ask(probe).await {
            Reply::List(Some(list)) => list.into_iter().map(|e| e.path).collect(),
            other => panic!("{other:?}"),
        }
    }
}

/// A `WriteFile` without frills.
pub fn write(path: &str, content: &[u8], attributes: Attributes) -> Action {
    Action::WriteFile {
        path: path.to_owned(),
        content: content.to_vec().into(),
        attributes,
        validate: None,
        backup: None,
    }
}

/// Only a mode.
pub fn mode(mode: u32) -> Attributes {
    Attributes {
        mode: Some(mode),
        ..Attributes::default()
    }
}

/// Names that break careless quoting.
pub const ODD_NAMES: &[&str] = &[
    "plain",
    "with space",
    "it's",
    "dou\"ble",
    "new\nline",
    "trailing newline\n",
    "-rf",
    "$HOME `id` $(id)",
    "back\\slash\\n",
    "tab\there",
    "glob*?[a]",
    "ünï—日本",
    "#hash",
    "~",
    "=eq",
    "a;b&c|d>e<f(g){h}!i",
    "%s%n",
];

/// Turns an async function over a place into a [`Behaviour`].
#[macro_export]
macro_rules! behaviours {
    ($($name:ident),* $(,)?) => {
        /// The behaviours of this file.
        pub fn behaviours() -> Vec<(&'static str, $crate::Behaviour)> {
            vec![$((stringify!($name), (|place| Box::pin($name(place))) as $crate::Behaviour)),*]
        }
    };
}
