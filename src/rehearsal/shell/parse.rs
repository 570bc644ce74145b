//! From text to commands, by recursive descent.

use super::syntax::{Node, Part, Quoted, Redirect, Word};

/// A script and how far it is read.
pub struct Parser {
    letters: Vec<char>,
    pub(super) at: usize,
    /// Here-documents whose text begins on the next line: delimiter, literal, strip tabs, and which
    /// one it is.
    pending: Vec<(String, bool, bool, usize)>,
    here: Vec<Word>,
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

    fn here_documents(&mut self) -> Result<(), String> {
        for (end, literal, strip, nth) in std::mem::take(&mut self.pending) {
            let mut text = String::new();
            loop {
                let line = self.take_while(|c| c != '\n');
                let more = self.next().is_some();
                let line = if strip {
                    line.trim_start_matches('\t')
                } else {
                    &line
                };
                if line == end {
                    break;
                }
                text.push_str(line);
                text.push('\n');
                if !more {
                    return Err(format!("here-document without its end `{end}`"));
                }
            }
            let mut word = Vec::new();
            if literal {
                word.push(Part::Text(text, Quoted::Yes));
            } else {
                Self::new(&text).double_quoted(&mut word, None)?;
            }
            self.here[nth] = word;
        }
        Ok(())
    }

    fn starts(&self, text: &str) -> bool {
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

    fn redirects(&mut self) -> Result<Vec<Redirect>, String> {
        let mut all = Vec::new();
        loop {
            self.blanks();
            match self.redirect()? {
                Some(redirect) => all.push(redirect),
                None => return Ok(all),
            }
        }
    }

    fn redirect(&mut self) -> Result<Option<Redirect>, String> {
        let number = self.peek().and_then(|c| c.to_digit(10));
        let skip = usize::from(number.is_some());
        let operator = self.ahead(skip);
        if self.starts("&>") {
            return Err("`&>` is not POSIX; write `>file 2>&1`".to_owned());
        }
        if !matches!(operator, Some('<' | '>')) {
            return Ok(None);
        }
        self.at += skip + 1;
        let stream = u8::try_from(number.unwrap_or(1)).unwrap_or(1);
        if operator == Some('<') {
            if self.peek() == Some('<') {
                self.at += 1;
                return self.here_document().map(Some);
            }
            let word = self.word()?.ok_or("a file name was expected after `<`")?;
            return Ok(Some(Redirect::Read(word)));
        }
        if self.peek() == Some('&') {
            self.at += 1;
            let target = self
                .next()
                .and_then(|c| c.to_digit(10))
                .ok_or("a number was expected after `>&`")?;
            return Ok(Some(Redirect::Same(
                stream,
                u8::try_from(target).unwrap_or(1),
            )));
        }
        let append = self.peek() == Some('>');
        if append || self.peek() == Some('|') {
            self.at += 1;
        }
        let word = self.word()?.ok_or("a file name was expected after `>`")?;
        Ok(Some(if append {
            Redirect::Append(stream, word)
        } else {
            Redirect::Write(stream, word)
        }))
    }

    fn here_document(&mut self) -> Result<Redirect, String> {
        if self.peek() == Some('<') {
            return Err("`<<<` is not POSIX".to_owned());
        }
        let strip = self.peek() == Some('-');
        if strip {
            self.at += 1;
        }
        let word = self.word()?.ok_or("a word was expected after `<<`")?;
        let literal = word
            .iter()
            .any(|part| matches!(part, Part::Text(_, Quoted::Yes)));
        let end: String = word
            .iter()
            .map(|part| match part {
                Part::Text(text, _) => text.as_str(),
                _ => "",
            })
            .collect();
        let nth = self.here.len();
        self.here.push(Vec::new());
        self.pending.push((end, literal, strip, nth));
        Ok(Redirect::Here(vec![Part::Text(
            nth.to_string(),
            Quoted::No,
        )]))
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

/// Puts the here-documents' texts where their numbers stand.
fn fill(node: Node, here: &[Word]) -> Node {
    let each = |nodes: Vec<Node>| nodes.into_iter().map(|n| fill(n, here)).collect();
    let boxed = |node: Box<Node>| Box::new(fill(*node, here));
    let texts = |redirects: Vec<Redirect>| -> Vec<Redirect> {
        redirects
            .into_iter()
            .map(|redirect| match redirect {
                Redirect::Here(word) => match word.first() {
                    Some(Part::Text(nth, _)) => {
                        let found = nth.parse::<usize>().ok().and_then(|n| here.get(n));
                        Redirect::Here(found.cloned().unwrap_or_default())
                    }
                    _ => Redirect::Here(word),
                },
                other => other,
            })
            .collect()
    };
    match node {
        Node::Simple {
            assign,
            words,
            redirects,
        } => Node::Simple {
            assign,
            words,
            redirects: texts(redirects),
        },
        Node::Pipeline(nodes) => Node::Pipeline(each(nodes)),
        Node::List(nodes) => Node::List(each(nodes)),
        Node::Not(inner) => Node::Not(boxed(inner)),
        Node::Background(inner) => Node::Background(boxed(inner)),
        Node::And(a, b) => Node::And(boxed(a), boxed(b)),
        Node::Or(a, b) => Node::Or(boxed(a), boxed(b)),
        Node::Subshell(inner, r) => Node::Subshell(boxed(inner), texts(r)),
        Node::Group(inner, r) => Node::Group(boxed(inner), texts(r)),
        Node::If(a, b, c) => Node::If(boxed(a), boxed(b), c.map(boxed)),
        Node::For(name, words, body) => Node::For(name, words, boxed(body)),
        Node::While(a, b, until) => Node::While(boxed(a), boxed(b), until),
        Node::Case(word, arms) => Node::Case(
            word,
            arms.into_iter().map(|(p, n)| (p, fill(n, here))).collect(),
        ),
        Node::Function(name, body) => Node::Function(name, boxed(body)),
    }
}
