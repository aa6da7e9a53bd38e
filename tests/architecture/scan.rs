//! Just enough of Rust's lexical structure to find paths: comments and literals drop out, what is left are words and marks.

/// One token that matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// An identifier, a keyword or a number.
    Word(String),
    /// `::`
    Path,
    /// Any other character.
    Mark(char),
}

impl Token {
    pub(crate) fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own == word)
    }
}

/// One file, read.
pub(crate) struct Source {
    pub(crate) file: String,
    pub(crate) tokens: Vec<Token>,
    pub(crate) lines: usize,
    /// The modules around the file's contents: `["fit", "photo"]` for `src/fit/photo/mod.rs`.
    path: Vec<String>,
}

impl Source {
    pub(crate) fn read(file: &str, text: &str) -> Self {
        let inner = file.strip_prefix("src/").unwrap_or(file);
        let inner = inner.strip_suffix(".rs").unwrap_or(inner);
        let inner = inner.strip_suffix("/mod").unwrap_or(inner);
        Self {
            file: file.to_owned(),
            tokens: tokens(text),
            lines: text.lines().count(),
            path: inner.split('/').map(str::to_owned).collect(),
        }
    }

    /// The top-level module that the file belongs to.
    pub(crate) fn module(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }

    /// Every path into this crate, from its root: `use` declarations and paths in code alike.
    pub(crate) fn imports(&self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        // The depth of braces at which each inline module ends.
        let mut inline: Vec<(String, usize)> = Vec::new();
        let mut depth = 0_usize;
        let mut at = 0;
        while let Some(token) = self.tokens.get(at) {
            let starts = !matches!(
                at.checked_sub(1).and_then(|i| self.tokens.get(i)),
                Some(Token::Path)
            );
            match token {
                Token::Mark('{') => depth += 1,
                Token::Mark('}') => {
                    depth = depth.saturating_sub(1);
                    if inline.last().is_some_and(|(_, end)| *end == depth) {
                        inline.pop();
                    }
                }
                Token::Word(word) if word == "mod" => {
                    if let (Some(Token::Word(name)), Some(Token::Mark('{'))) =
                        (self.tokens.get(at + 1), self.tokens.get(at + 2))
                    {
                        inline.push((name.clone(), depth));
                    }
                }
                Token::Word(word)
                    if starts
                        && matches!(word.as_str(), "crate" | "super" | "self")
                        && self.tokens.get(at + 1) == Some(&Token::Path) =>
                {
                    let around = self.path.iter().cloned();
                    let around: Vec<String> = around
                        .chain(inline.iter().map(|(name, _)| name.clone()))
                        .collect();
                    let (paths, next) = self.tree(at, &around);
                    found.extend(paths);
                    at = next;
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        found
    }

    /// Whether another crate is named at the start of a path.
    pub(crate) fn names_crate(&self, name: &str) -> bool {
        self.tokens.iter().enumerate().any(|(at, token)| {
            let before = at.checked_sub(1).and_then(|before| self.tokens.get(before));
            let after = self.tokens.get(at + 1);
            let rooted = before != Some(&Token::Path)
                || at
                    .checked_sub(2)
                    .and_then(|before| self.tokens.get(before))
                    .is_none_or(|token| !matches!(token, Token::Word(_)));
            token.is(name)
                && rooted
                && (after == Some(&Token::Path) || before.is_some_and(|token| token.is("use")))
        })
    }

    /// The paths of the tree at `at`, and where it ends. `around` is what `self` stands for.
    fn tree(&self, mut at: usize, around: &[String]) -> (Vec<Vec<String>>, usize) {
        let mut path: Vec<String> = around.to_vec();
        let mut first = true;
        loop {
            match self.tokens.get(at) {
                Some(Token::Word(word)) => {
                    match word.as_str() {
                        "crate" if first => path.clear(),
                        "super" => drop(path.pop()),
                        "self" => {}
                        _ => path.push(word.clone()),
                    }
                    first = false;
                    at += 1;
                }
                Some(Token::Mark('{')) => {
                    at += 1;
                    let mut paths = Vec::new();
                    while let Some(token) = self.tokens.get(at) {
                        match token {
                            Token::Mark('}') => {
                                at += 1;
                                break;
                            }
                            Token::Mark(',') => at += 1,
                            _ => {
                                let (more, next) = self.tree(at, &path);
                                paths.extend(more);
                                // `name as other` inside a group.
                                at = next.max(at + 1);
                                while matches!(self.tokens.get(at), Some(Token::Word(_))) {
                                    at += 1;
                                }
                            }
                        }
                    }
                    return (paths, at);
                }
                // `*`: the module as a whole.
                _ => return (vec![path], at),
            }
            if self.tokens.get(at) != Some(&Token::Path) {
                return (vec![path], at);
            }
            at += 1;
        }
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let peek = |at: usize| chars.get(at).copied().unwrap_or('\0');
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let here = peek(at);
        if here == '/' && peek(at + 1) == '/' {
            at = find(&chars, at, '\n');
        } else if here == '/' && peek(at + 1) == '*' {
            at = behind_comment(&chars, at);
        } else if here == '"' {
            at = behind_string(&chars, at);
        } else if here == '\'' {
            at = behind_quote(&chars, at);
        } else if here.is_alphanumeric() || here == '_' {
            let end = (at..chars.len())
                .find(|&end| !(peek(end).is_alphanumeric() || peek(end) == '_'))
                .unwrap_or(chars.len());
            let word: String = chars.get(at..end).into_iter().flatten().collect();
            let raw = matches!(word.as_str(), "r" | "br" | "cr") && matches!(peek(end), '"' | '#');
            match raw.then(|| behind_raw(&chars, end)).flatten() {
                Some(behind) => at = behind,
                None => {
                    found.push(Token::Word(word));
                    at = end;
                }
            }
        } else if here == ':' && peek(at + 1) == ':' {
            found.push(Token::Path);
            at += 2;
        } else {
            if !here.is_whitespace() {
                found.push(Token::Mark(here));
            }
            at += 1;
        }
    }
    found
}

fn find(chars: &[char], from: usize, wanted: char) -> usize {
    (from..chars.len())
        .find(|&at| chars.get(at) == Some(&wanted))
        .unwrap_or(chars.len())
}

/// Block comments nest.
fn behind_comment(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at < chars.len() {
        match (chars.get(at), chars.get(at + 1)) {
            (Some('/'), Some('*')) => {
                depth += 1;
                at += 2;
            }
            (Some('*'), Some('/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn behind_string(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&here) = chars.get(at) {
        match here {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// A character literal, or a lifetime, of which only the quote is skipped.
fn behind_quote(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        // The character behind the backslash may be the quote itself.
        (Some('\\'), _) => find(chars, at + 3, '\'') + 1,
        (_, Some('\'')) => at + 3,
        _ => at + 1,
    }
}

/// Behind a raw string whose hashes or quote start at `at`; `None` for a raw identifier.
fn behind_raw(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars
        .iter()
        .skip(at)
        .take_while(|&&here| here == '#')
        .count();
    if chars.get(at + hashes) != Some(&'"') {
        return None;
    }
    let closes = |&end: &usize| {
        chars.get(end) == Some(&'"') && (1..=hashes).all(|step| chars.get(end + step) == Some(&'#'))
    };
    let end = (at + hashes + 1..chars.len()).find(closes);
    Some(end.map_or(chars.len(), |end| end + 1 + hashes))
}
