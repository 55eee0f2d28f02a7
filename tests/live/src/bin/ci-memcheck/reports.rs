//! What valgrind wrote, read.

use roxmltree::{Document, Node};

/// How the names of our libraries begin, the one with planted faults included.
const OURS: &str = "semisync_";
const PLANTED: &str = "semisync_planted.so";

/// A report of ours that is no fault. There is one for each line.
struct Known {
    kind: &'static str,
    function: &'static str,
    why: &'static str,
}

const KNOWN: [Known; 1] = [Known {
    kind: "UninitCondition",
    function: "find_uuid",
    why: "the source's UUID is looked for in an object of the server (Master_info), byte by byte: \
          some bytes are padding, or members that the server has not set. They cannot look like \
          37 bytes of a UUID, and only one that stands alone is taken (server/observers/relay_io)",
}];

#[derive(Debug)]
pub struct Report {
    /// Valgrind's word, such as `InvalidRead`.
    pub kind: String,
    what: String,
    /// Of all stacks: the fault's, and where the memory was allocated or freed.
    frames: Vec<Frame>,
}

#[derive(Debug)]
struct Frame {
    /// The name of the file that the code is in.
    object: String,
    function: String,
    line: String,
}

/// Err: what is wrong with the text.
pub fn read(xml: &str) -> Result<Vec<Report>, String> {
    let document = Document::parse(xml).map_err(|error| error.to_string())?;
    let errors = document
        .descendants()
        .filter(|node| node.has_tag_name("error"));
    Ok(errors.map(report).collect())
}

fn report(error: Node<'_, '_>) -> Report {
    let what = error
        .descendants()
        .find(|node| node.has_tag_name("what") || node.has_tag_name("text"));
    let frames = error
        .descendants()
        .filter(|node| node.has_tag_name("frame"));
    Report {
        kind: text(error, "kind"),
        what: what
            .and_then(|node| node.text())
            .unwrap_or_default()
            .to_owned(),
        frames: frames.map(frame).collect(),
    }
}

fn frame(frame: Node<'_, '_>) -> Frame {
    let object = text(frame, "obj");
    let name = object.rsplit('/').next().unwrap_or_default();
    Frame {
        object: name.to_owned(),
        function: text(frame, "fn"),
        line: format!("{}:{}", text(frame, "file"), text(frame, "line")),
    }
}

fn text(node: Node<'_, '_>, name: &str) -> String {
    let child = node.children().find(|child| child.has_tag_name(name));
    child
        .and_then(|child| child.text())
        .unwrap_or_default()
        .to_owned()
}

impl Report {
    pub fn is_ours(&self) -> bool {
        self.frames
            .iter()
            .any(|frame| frame.object.starts_with(OURS))
    }

    /// Why it is no fault, if that is known.
    pub fn known(&self) -> Option<&'static str> {
        let is_in = |function| self.frames.iter().any(|frame| frame.function == function);
        let mut known = KNOWN.iter();
        let known = known.find(|known| known.kind == self.kind && is_in(known.function));
        known.map(|known| known.why)
    }

    pub fn is_planted(&self) -> bool {
        self.frames.iter().any(|frame| frame.object == PLANTED)
    }

    pub fn lines(&self) -> Vec<String> {
        let frames = self.frames.iter();
        let line =
            |frame: &Frame| format!("   {} {} ({})", frame.object, frame.function, frame.line);
        let first = format!("{}: {}", self.kind, self.what);
        std::iter::once(first).chain(frames.map(line)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = "<valgrindoutput>
<error><kind>InvalidRead</kind><what>Invalid read of size 1</what>
<stack><frame><obj>/x/mysqld</obj><fn>f</fn></frame></stack>
<auxwhat>Address is 3 bytes inside a block</auxwhat>
<stack><frame><obj>/home/semisync/p/semisync_source.so</obj><fn>g</fn><file>g.rs</file>
<line>7</line></frame></stack></error>
<error><kind>Leak_DefinitelyLost</kind><xwhat><text>9 bytes lost</text></xwhat>
<stack><frame><obj>/home/semisync/libc.so.6</obj></frame></stack></error>
<error><kind>Leak_DefinitelyLost</kind><xwhat><text>9 bytes lost</text></xwhat>
<stack><frame><obj>/p/semisync_planted.so</obj></frame></stack></error>
</valgrindoutput>";

    #[test]
    fn a_report_is_ours_by_any_frame_and_never_by_a_directory() {
        let reports = read(XML).expect("it is XML");
        let ours: Vec<_> = reports.iter().map(Report::is_ours).collect();
        assert_eq!(ours, [true, false, true]);
        let planted: Vec<_> = reports.iter().map(Report::is_planted).collect();
        assert_eq!(planted, [false, false, true]);
        assert!(reports.iter().all(|report| report.known().is_none()));
        assert_eq!(reports[0].lines()[2], "   semisync_source.so g (g.rs:7)");
        assert_eq!(reports[1].lines()[0], "Leak_DefinitelyLost: 9 bytes lost");
    }

    #[test]
    fn what_is_known_is_known_by_its_kind_and_its_function() {
        let known = XML.replace("<fn>g</fn>", "<fn>find_uuid</fn>");
        let is_known = |xml: &str| read(xml).expect("it is XML")[0].known().is_some();
        assert!(!is_known(&known));
        assert!(is_known(&known.replace("InvalidRead", "UninitCondition")));
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        assert!(read(&XML[..XML.len() - 5]).is_err());
    }
}
