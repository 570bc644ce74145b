//! From text to commands, by recursive descent.

use super::streams::fill;
use super::syntax::{Node, Part, Quoted, Word};

/// A script and how far it is read.
pub struct Parser {
    letters: Vec<char>,
    pub(super) at: usize,
    /// Here-documents whose text begins on the next line: delimiter, literal, strip tabs, and which
    /// one it is.
    pub(super) pending: Vec<(String, bool, bool, usize)>,
    pub(super) here: Vec<Word>,
}

/// Words that end a list.
const ENDS: [&str; 9] = [
    "then", "fi", "else", "elif", "do", "done", "esac", "}", ";;",
];

impl Parser {
    /// At the beginning of a script.
    pub fn new(text: &str) -> Self {
        Self {
            letters: text.chars().collect(),
            at: 0,
            pending: Vec::new(),
            here: Vec::new(),
        }
    }

    /// The whole script.
    pub fn script(mut self) -> Result<Node, String> {
        let node = self.list()?;
        if self.at < self.letters.len() {
            let rest: String = self.letters[self.at..].iter().take(20).collect();
            return Err(format!("syntax error near `{}`", rest.trim()));
        }
        Ok(fill(node, &self.here))
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    pub(super) fn ahead(&self, by: usize) -> Option<char> {
        self.letters.get(self.at + by).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += 1;
        Some(letter)
    }

    pub(super) fn text(&self, from: usize, to: usize) -> String {
        self.letters[from..to].iter().collect()
    }

    pub(super) fn take_while(&mut self, keep: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.peek().is_some_and(&keep) {
            self.at += 1;
        }
        self.text(start, self.at)
    }

    pub(super) fn until(&mut self, end: char) -> Result<String, String> {
        let text = self.take_while(|c| c != end);
        self.next()
            .map(|_| text)
            .ok_or_else(|| format!("missing `{end}`"))
    }

    /// Spaces, continued lines and comments.
    pub(super) fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.ahead(1) == Some('\n') => self.at += 2,
                Some('#') if self.at == 0 || " \t\n;&|(".contains(self.letters[self.at - 1]) => {
                    self.take_while(|c| c != '\n');
                }
                _ => return,
            }
        }
    }

    fn newlines(&mut self) -> Result<(), String> {
        loop {
            self.blanks();
            if self.peek() != Some('\n') {
                return Ok(());
            }
            self.at += 1;
            self.here_documents()?;
        }
    }

    pub(super) fn starts(&self, text: &str) -> bool {
        text.chars()
            .enumerate()
            .all(|(n, c)| self.ahead(n) == Some(c))
    }

    /// Whether a reserved word stands here.
    fn reserved(&self, word: &str) -> bool {
        let after = self.ahead(word.chars().count());
        self.starts(word) && (word == ";;" || after.is_none_or(|c| " \t\n;&|<>()".contains(c)))
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        self.newlines()?;
        if !self.reserved(word) {
            return Err(format!("syntax error: `{word}` expected"));
        }
        self.at += word.len();
        Ok(())
    }

    fn list(&mut self) -> Result<Node, String> {
        let mut nodes = Vec::new();
        loop {
            self.newlines()?;
            if self.peek().is_none_or(|c| c == ')') || ENDS.iter().any(|word| self.reserved(word)) {
                break;
            }
            nodes.push(self.and_or()?);
            self.blanks();
            match self.peek() {
                Some(';') if self.ahead(1) != Some(';') => self.at += 1,
                Some('&') if self.ahead(1) != Some('&') => {
                    self.at += 1;
                    if let Some(last) = nodes.pop() {
                        nodes.push(Node::Background(Box::new(last)));
                    }
                }
                Some('\n') => {}
                _ => break,
            }
        }
        self.newlines()?;
        Ok(Node::List(nodes))
    }

    fn and_or(&mut self) -> Result<Node, String> {
        let mut left = self.pipeline()?;
        loop {
            self.blanks();
            let and = self.starts("&&");
            if !and && !self.starts("||") {
                return Ok(left);
            }
            self.at += 2;
            self.newlines()?;
            let right = Box::new(self.pipeline()?);
            left = if and {
                Node::And(Box::new(left), right)
            } else {
                Node::Or(Box::new(left), right)
            };
        }
    }

    fn pipeline(&mut self) -> Result<Node, String> {
        self.blanks();
        if self.reserved("!") {
            self.at += 1;
            return Ok(Node::Not(Box::new(self.pipeline()?)));
        }
        let mut nodes = vec![self.command()?];
        loop {
            self.blanks();
            if self.peek() != Some('|') || self.ahead(1) == Some('|') {
                break;
            }
            self.at += 1;
            self.newlines()?;
            nodes.push(self.command()?);
        }
        Ok(if nodes.len() == 1 {
            nodes.remove(0)
        } else {
            Node::Pipeline(nodes)
        })
    }

    fn command(&mut self) -> Result<Node, String> {
        self.blanks();
        if self.peek() == Some('(') {
            self.at += 1;
            let inner = Box::new(self.list()?);
            if self.next() != Some(')') {
                return Err("syntax error: `)` expected".to_owned());
            }
            return Ok(Node::Subshell(inner, self.redirects()?));
        }
        let compound = if self.reserved("{") {
            self.at += 1;
            let inner = self.list()?;
            self.expect("}")?;
            inner
        } else if self.reserved("if") {
            self.at += 2;
            self.conditional()?
        } else if self.reserved("for") {
            self.at += 3;
            self.for_loop()?
        } else if self.reserved("while") || self.reserved("until") {
            let until = self.reserved("until");
            self.at += 5;
            let condition = Box::new(self.list()?);
            self.expect("do")?;
            let body = Box::new(self.list()?);
            self.expect("done")?;
            Node::While(condition, body, until)
        } else if self.reserved("case") {
            self.at += 4;
            self.case()?
        } else {
            return self.simple();
        };
        Ok(Node::Group(Box::new(compound), self.redirects()?))
    }

    fn conditional(&mut self) -> Result<Node, String> {
        let condition = Box::new(self.list()?);
        self.expect("then")?;
        let then = Box::new(self.list()?);
        self.newlines()?;
        if self.reserved("elif") {
            self.at += 4;
            return Ok(Node::If(
                condition,
                then,
                Some(Box::new(self.conditional()?)),
            ));
        }
        let mut otherwise = None;
        if self.reserved("else") {
            self.at += 4;
            otherwise = Some(Box::new(self.list()?));
        }
        self.expect("fi")?;
        Ok(Node::If(condition, then, otherwise))
    }

    fn for_loop(&mut self) -> Result<Node, String> {
        self.blanks();
        let name = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        self.newlines()?;
        let mut words = Vec::new();
        if self.reserved("in") {
            self.at += 2;
            while let Some(word) = self.word()? {
                words.push(word);
            }
        }
        self.blanks();
        if self.peek() == Some(';') {
            self.at += 1;
        }
        self.expect("do")?;
        let body = Box::new(self.list()?);
        self.expect("done")?;
        Ok(Node::For(name, words, body))
    }

    fn case(&mut self) -> Result<Node, String> {
        let word = self.word()?.ok_or("syntax error after `case`")?;
        self.expect("in")?;
        let mut arms = Vec::new();
        loop {
            self.newlines()?;
            if self.reserved("esac") {
                self.at += 4;
                return Ok(Node::Case(word, arms));
            }
            if self.peek() == Some('(') {
                self.at += 1;
            }
            let mut patterns = Vec::new();
            loop {
                patterns.push(self.word()?.ok_or("syntax error in `case`")?);
                self.blanks();
                match self.next() {
                    Some('|') => {}
                    Some(')') => break,
                    _ => return Err("syntax error in `case`: `)` expected".to_owned()),
                }
            }
            arms.push((patterns, self.list()?));
            self.blanks();
            if self.starts(";;") {
                self.at += 2;
            }
        }
    }

    fn simple(&mut self) -> Result<Node, String> {
        let (mut assign, mut redirects) = (Vec::new(), Vec::new());
        let mut words: Vec<Word> = Vec::new();
        loop {
            self.blanks();
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
                continue;
            }
            if words.len() == 1 && self.starts("()") {
                self.at += 2;
                self.newlines()?;
                let [Part::Text(name, Quoted::No)] = words[0].as_slice() else {
                    return Err("a function's name is a plain word".to_owned());
                };
                return Ok(Node::Function(name.clone(), Box::new(self.command()?)));
            }
            let Some(word) = self.word()? else { break };
            match assignment(&word) {
                Some(pair) if words.is_empty() => assign.push(pair),
                _ => words.push(word),
            }
        }
        if assign.is_empty() && words.is_empty() && redirects.is_empty() {
            let found = self
                .peek()
                .map_or("end of script".to_owned(), |c| format!("`{c}`"));
            return Err(format!("syntax error: a command was expected, not {found}"));
        }
        Ok(Node::Simple {
            assign,
            words,
            redirects,
        })
    }
}

/// `NAME=value` as a name and a word.
fn assignment(word: &Word) -> Option<(String, Word)> {
    let Some(Part::Text(text, Quoted::No)) = word.first() else {
        return None;
    };
    let (name, value) = text.split_once('=')?;
    let valid = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if !valid {
        return None;
    }
    let mut rest: Word = vec![Part::Text(value.to_owned(), Quoted::No)];
    rest.extend(word[1..].iter().cloned());
    Some((name.to_owned(), rest))
}
