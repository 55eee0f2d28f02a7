//! Both sides as object files with debug information: our declarations, and the server's headers.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use semisync_live_tests::console::{OrStop, Stop, say, text_of};
use semisync_live_tests::repository;

/// Keeps all types in the object, used or not.
const DEBUG: [&str; 4] = [
    "-w",
    "-g",
    "-fno-eliminate-unused-debug-types",
    "-fstandalone-debug",
];

/// Our declarations of a series as an object file; beside it, the system's headers that they need.
#[derive(Clone)]
pub struct Ours {
    pub object: PathBuf,
    pub system: PathBuf,
}

/// Compiles all types and constants of our declarations in `headers`, and those of the system's
/// headers alone, so that the two can be told apart.
pub fn ours(series: &str, headers: &Path, object: PathBuf) -> Result<Ours, Stop> {
    let system = object.with_extension("system.o");
    let system_source = object.with_extension("system.c");
    let includes: BTreeSet<String> = system_includes(headers)?;
    let includes: String = includes.iter().map(|line| format!("{line}\n")).collect();
    write(&system_source, &format!("{includes}int abi_anchor;\n"))?;

    let include = repository().join("include");
    let mut clang = clang("clang", "-std=gnu11");
    clang
        .arg("-I")
        .arg(headers.join(series))
        .arg("-I")
        .arg(&include);
    clang.args(["-dM", "-E"]).arg(include.join("semisync.h"));
    let all = text_of(&mut clang)?;
    let mut of_system = self::clang("clang", "-std=gnu11");
    let of_system = text_of(of_system.args(["-dM", "-E"]).arg(&system_source))?;
    let of_system: BTreeSet<&str> = of_system.lines().collect();

    let mut text = "#include \"semisync.h\"\nenum abi_defines {\n".to_owned();
    for line in all.lines().filter(|line| !of_system.contains(line)) {
        if let Some(name) = number_defined_by(line) {
            text += &format!("abi_define_{name} = (long long)({name}),\n");
        }
    }
    text += "};\nint abi_anchor;\n";
    let source = object.with_extension("c");
    write(&source, &text)?;
    let mut clang = self::clang("clang", "-std=gnu11");
    clang
        .arg("-I")
        .arg(headers.join(series))
        .arg("-I")
        .arg(&include);
    compile(clang, &source, &object).or_stop(format!("our declarations of {series}"))?;
    let clang = self::clang("clang", "-std=gnu11");
    compile(clang, &system_source, &system).or_stop("the system's headers")?;
    Ok(Ours { object, system })
}

/// The lines of our headers that include the system's.
fn system_includes(dir: &Path) -> Result<BTreeSet<String>, Stop> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(dir).or_stop(dir.display())? {
        let path = entry.or_stop(dir.display())?.path();
        if path.is_dir() {
            found.extend(system_includes(&path)?);
            continue;
        }
        let text = fs::read_to_string(&path).or_stop(path.display())?;
        let lines = text.lines().filter(|line| line.starts_with("#include <"));
        found.extend(lines.map(|line| line.trim_end().to_owned()));
    }
    Ok(found)
}

/// `#define NAME BODY`, unless the body is a text or nothing.
fn number_defined_by(line: &str) -> Option<&str> {
    let (name, body) = line.strip_prefix("#define ")?.split_once(' ')?;
    let is_number = !body.is_empty() && !body.starts_with('"') && !name.contains('(');
    is_number.then_some(name)
}

/// Compiles the server's headers in `source`, with what is wanted of them. Returns the names that
/// the server does not have: the compiler tells them, and they are left out.
pub fn theirs(
    wanted: &str,
    source: &Path,
    build: &Path,
    object: &Path,
) -> Result<Vec<String>, Stop> {
    let heading = repository().join("tests/abi/server.h");
    let heading = fs::read_to_string(&heading).or_stop(heading.display())?;
    let mut lines: Vec<&str> = heading.lines().chain(wanted.lines()).collect();
    let file = object.with_extension("cc");
    let mut unknown = Vec::new();
    for _ in 0..4 {
        write(&file, &(lines.join("\n") + "\n"))?;
        let mut clang = clang("clang++", "-std=c++20");
        clang.arg("-ferror-limit=0");
        let places = ["builddir/include", "include"].map(|dir| build.join(dir));
        let own = ["", "include", "libs"].map(|dir| source.join(dir));
        for dir in places.iter().chain(&own).filter(|dir| dir.is_dir()) {
            clang.arg("-I").arg(dir);
        }
        // Last, so that what a build has made comes first.
        clang
            .arg("-idirafter")
            .arg(repository().join("tests/abi/unbuilt"));
        let Err(words) = compile(clang, &file, object) else {
            return Ok(unknown);
        };
        let bad = lines_with_errors(&words, &file);
        if bad.is_empty() {
            words
                .lines()
                .filter(|line| line.contains("error"))
                .take(5)
                .for_each(say);
            break;
        }
        unknown.extend(
            bad.iter()
                .filter_map(|number| name_in(lines.get(number - 1)?)),
        );
        let mut number = 0;
        lines.retain(|_| {
            number += 1;
            !bad.contains(&number)
        });
    }
    let failure = format!(
        "the server's headers in {} do not compile",
        source.display()
    );
    Err(Stop::failed(failure).remedy("see the compiler's words above"))
}

fn lines_with_errors(words: &str, file: &Path) -> BTreeSet<usize> {
    let head = format!("{}:", file.display());
    let number = |line: &str| {
        let (number, rest) = line.strip_prefix(&head)?.split_once(':')?;
        rest.contains(": error").then(|| number.parse().ok())?
    };
    words.lines().filter_map(number).collect()
}

/// The name of ours for which a line asks the server: `abi_value_NAME = ...` or
/// `extern TYPE *abi_type_NAME; ...`.
fn name_in(line: &str) -> Option<String> {
    let rest = line
        .strip_prefix("abi_value_")
        .or_else(|| line.split_once("*abi_type_").map(|(_, rest)| rest))?;
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_';
    Some(rest.chars().take_while(|c| is_of_name(*c)).collect())
}

fn clang(program: &str, standard: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(standard).args(DEBUG);
    command
}

/// The error is what the compiler says.
fn compile(mut clang: Command, source: &Path, object: &Path) -> Result<(), String> {
    clang.arg("-c").arg(source).arg("-o").arg(object);
    let output = clang.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn write(path: &Path, text: &str) -> Result<(), Stop> {
    fs::write(path, text).or_stop(path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_are_taken_from_the_preprocessor() {
        assert_eq!(
            number_defined_by("#define PACKET_HEADER 4"),
            Some("PACKET_HEADER")
        );
        assert_eq!(number_defined_by("#define WORDS \"text\""), None);
        assert_eq!(number_defined_by("#define GUARD "), None);
        assert_eq!(number_defined_by("#define GUARD"), None);
    }

    #[test]
    fn what_the_compiler_refuses_is_known_by_name() {
        let words = "/tmp/a.cc:12:20: error: unknown type\n/tmp/b.h:3:1: error: other\n\
                     /tmp/a.cc:13:2: note: here\n";
        assert_eq!(
            lines_with_errors(words, Path::new("/tmp/a.cc")),
            BTreeSet::from([12])
        );
        let line = "extern NET *abi_type_st_net; NET *abi_type_st_net;";
        assert_eq!(name_in(line).as_deref(), Some("st_net"));
        assert_eq!(
            name_in("abi_value_VIO_SSL = (long long)(X),").as_deref(),
            Some("VIO_SSL")
        );
        assert_eq!(name_in("};"), None);
    }
}
