//! Paths in the tokens of a macro: what is handed to one, and the body of a `macro_rules!`.
//!
//! Such tokens need not be Rust, so they are not parsed. Every chain `a::b::c` is taken for a path,
//! and `a::{b, c}` for two. `$crate::` is `crate::`. A path that begins with another `$name` says
//! nothing here.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// A path in code.
pub struct Use {
    pub path: Vec<String>,
    pub line: usize,
    /// It is the name of a macro that is called.
    pub is_macro: bool,
    /// It was found in the tokens of a macro.
    pub in_tokens: bool,
}

/// Calls `found` with every path in the tokens. In the body of a macro (`is_body`) a single word
/// says too little.
pub fn paths(tokens: TokenStream, is_body: bool, found: &mut dyn FnMut(Use)) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Group(group) => {
                paths(group.stream(), is_body, found);
                at += 1;
            }
            TokenTree::Punct(punct) if punct.as_char() == '$' => match word(&tokens, at + 1) {
                Some(name) if name == "crate" => at = path(&tokens, at + 1, is_body, found),
                _ => at = skip(&tokens, at + 1),
            },
            // A lifetime.
            TokenTree::Punct(punct) if punct.as_char() == '\'' => at += 2,
            // A field or a method; not a range.
            TokenTree::Punct(punct) if punct.as_char() == '.' => {
                at += if is(&tokens, at + 1, '.') { 2 } else { 1 };
                let is_range = at > 1 && is(&tokens, at - 2, '.');
                if !is_range && word(&tokens, at).is_some() {
                    at += 1;
                }
            }
            // `::std::...`, or what follows `$name` or `<T>`.
            TokenTree::Punct(_) if colons(&tokens, at) => at = skip(&tokens, at + 2),
            TokenTree::Ident(_) => at = path(&tokens, at, is_body, found),
            _ => at += 1,
        }
    }
}

/// Takes the path whose first word is at `start`. Returns where it ends.
fn path(tokens: &[TokenTree], start: usize, is_body: bool, found: &mut dyn FnMut(Use)) -> usize {
    let Some(first) = word(tokens, start) else {
        return start + 1;
    };
    let mut chain = Use {
        path: vec![name_of(first)],
        line: first.span().start().line,
        is_macro: false,
        in_tokens: true,
    };
    let mut at = start + 1;
    while colons(tokens, at) {
        if let Some(next) = word(tokens, at + 2) {
            chain.path.push(name_of(next));
            at += 3;
        } else if let Some(TokenTree::Group(group)) = tokens.get(at + 2)
            && group.delimiter() == Delimiter::Brace
        {
            tree(&chain, group.stream(), found);
            return at + 3;
        } else {
            break; // `::<T>`, `::*` or `::$name`
        }
    }
    chain.is_macro = is(tokens, at, '!') && !is(tokens, at + 1, '=');
    let is_field = is(tokens, at, ':') && !colons(tokens, at);
    if chain.path.len() > 1 || (!is_body && !is_field) {
        found(chain);
    }
    at
}

/// The paths of `prefix::{...}`.
fn tree(prefix: &Use, inside: TokenStream, found: &mut dyn FnMut(Use)) {
    let mut part = Vec::new();
    let end = proc_macro2::Punct::new(',', proc_macro2::Spacing::Alone);
    for token in inside.into_iter().chain([TokenTree::from(end)]) {
        if !matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',') {
            part.push(token);
            continue;
        }
        path(&part, 0, false, &mut |used: Use| {
            let path = prefix.path.iter().cloned();
            found(Use {
                path: path.chain(used.path).collect(),
                ..used
            });
        });
        part.clear();
    }
}

/// Passes over the rest of a path.
fn skip(tokens: &[TokenTree], start: usize) -> usize {
    let mut at = start + usize::from(word(tokens, start).is_some());
    while colons(tokens, at) && word(tokens, at + 2).is_some() {
        at += 3;
    }
    at
}

/// The name without `r#`.
pub fn name_of(ident: &Ident) -> String {
    let name = ident.to_string();
    name.trim_start_matches("r#").into()
}

fn word(tokens: &[TokenTree], at: usize) -> Option<&Ident> {
    match tokens.get(at) {
        Some(TokenTree::Ident(ident)) => Some(ident),
        _ => None,
    }
}

fn is(tokens: &[TokenTree], at: usize, wanted: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn colons(tokens: &[TokenTree], at: usize) -> bool {
    is(tokens, at, ':') && is(tokens, at + 1, ':')
}
