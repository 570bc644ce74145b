//! Reading redirections and here-documents.

use super::parse::Parser;
use super::syntax::{Node, Part, Quoted, Redirect, Word};

impl Parser {
    pub(super) fn redirects(&mut self) -> Result<Vec<Redirect>, String> {
        let mut all = Vec::new();
        loop {
            self.blanks();
            match self.redirect()? {
                Some(redirect) => all.push(redirect),
                None => return Ok(all),
            }
        }
    }

    pub(super) fn redirect(&mut self) -> Result<Option<Redirect>, String> {
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

    pub(super) fn here_documents(&mut self) -> Result<(), String> {
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
}

/// Puts the here-documents' texts where their numbers stand.
pub(super) fn fill(node: Node, here: &[Word]) -> Node {
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
