//! The table of fields, which is read once at its first use. Its texts stay in the binary.

use crate::flink::operator::version::OperatorVersion;
use crate::resource::GroupVersionKind;
use std::collections::HashMap;
use std::sync::LazyLock;

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::parse(include_str!("fields.tsv")));

/// A set of releases of one operator: bit `i` is its release `i`.
pub(super) type Mask = u16;

/// Index of a node.
pub(super) type NodeId = u16;

/// What a definition allows at one place.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Anything.
    Any,
    /// Any mapping.
    AnyMapping,
    Text,
    Boolean,
    IntegerOrText,
    Integer(Range),
    Number(Range),
    List(NodeId),
    Map(NodeId),
    Enum(Vec<(&'static str, Mask)>),
    Object(Object),
}

/// The range of a number.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Range {
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    /// The range in words; empty for every number.
    pub(super) words: &'static str,
}

/// A mapping with known fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Object {
    /// By name; a field that changed its type has one entry a type.
    pub(super) fields: Vec<Field>,
    /// Required fields, each with the releases that require it.
    pub(super) required: Vec<(&'static str, Mask)>,
    /// Whether unknown fields are kept.
    pub(super) is_open: bool,
}

/// A field of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// The releases that have it, of those that have the mapping.
    pub(super) mask: Mask,
    pub(super) node: NodeId,
}

impl Object {
    /// The entries of one field.
    pub(super) fn entries(&self, name: &str) -> &[Field] {
        let start = self.fields.partition_point(|field| field.name < name);
        let rest = self.fields.get(start..).unwrap_or_default();
        let count = rest.iter().take_while(|field| field.name == name).count();
        rest.get(..count).unwrap_or_default()
    }
}

/// A kind with the definitions of all releases.
#[derive(Debug)]
pub(super) struct KindSchema {
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    /// The releases that have the kind.
    pub(super) mask: Mask,
    pub(super) root: NodeId,
    /// The names of the operator's releases, oldest first.
    pub(super) releases: &'static [&'static str],
}

impl KindSchema {
    /// The releases to judge by: the given one, or all. A kind that the given release does not have
    /// is judged by all.
    pub(super) fn asked(&self, operator: Option<OperatorVersion>) -> Mask {
        let Some(version) = operator else { return self.mask };
        let releases = self.releases.iter().map(|name| OperatorVersion::parse(name));
        let mut asked = None;
        for (index, release) in releases.enumerate() {
            let Some(release) = release else { return self.mask };
            if asked.is_none() || release <= version {
                asked = Some(1 << index);
            }
            // What comes after the newest release is like the main branch.
            if release == OperatorVersion::Main && self.is_after_releases(version) {
                asked = Some(1 << index);
            }
        }
        match asked.unwrap_or_default() & self.mask {
            0 => self.mask,
            asked => asked,
        }
    }

    fn is_after_releases(&self, version: OperatorVersion) -> bool {
        let mut releases = self.releases.iter().filter_map(|name| OperatorVersion::parse(name));
        releases.all(|release| release == OperatorVersion::Main || release < version)
    }
}

/// All kinds and nodes.
#[derive(Debug, Default)]
pub(super) struct Table {
    kinds: Vec<KindSchema>,
    nodes: Vec<Node>,
}

impl Table {
    pub(super) fn get() -> &'static Self {
        &TABLE
    }

    pub(super) fn kind(&self, kind: &GroupVersionKind) -> Option<&KindSchema> {
        let GroupVersionKind { group, version, kind } = kind;
        self.kinds
            .iter()
            .find(|row| row.kind == kind && row.group == group && row.version == version)
    }

    /// The node; anything for an index that is not in the table, which a test excludes.
    pub(super) fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(usize::from(id)).unwrap_or(&Node::Any)
    }

    /// Skips what cannot be read; a test verifies that there is nothing.
    fn parse(text: &'static str) -> Self {
        let mut reader = Reader::default();
        let mut operators: HashMap<&str, &'static [&'static str]> = HashMap::new();
        let mut kinds = Vec::new();
        let lines = text.lines().filter(|line| !is_of_header(line));
        reader.nodes.resize(lines.clone().count(), Node::Any);
        for line in text.lines().filter(|line| is_of_header(line)) {
            let mut cells = line.split('\t').skip(1);
            if line.starts_with("operator\t") {
                let name = cells.next().unwrap_or_default();
                operators.insert(name, Vec::leak(cells.collect()));
            } else {
                kinds.extend(kind(cells, &operators));
            }
        }
        for (index, line) in lines.enumerate() {
            let node = reader.line(line).unwrap_or(Node::Any);
            if let Some(place) = reader.nodes.get_mut(index) {
                *place = node;
            }
        }
        Self { kinds, nodes: reader.nodes }
    }
}

fn is_of_header(line: &str) -> bool {
    line.starts_with("operator\t") || line.starts_with("kind\t")
}

/// `operator group version kind releases root`.
fn kind(
    mut cells: impl Iterator<Item = &'static str>,
    operators: &HashMap<&str, &'static [&'static str]>,
) -> Option<KindSchema> {
    let releases = operators.get(cells.next()?)?;
    Some(KindSchema {
        releases,
        group: cells.next()?,
        version: cells.next()?,
        kind: cells.next()?,
        mask: mask(cells.next()?)?,
        root: cells.next()?.parse().ok()?,
    })
}

fn mask(text: &str) -> Option<Mask> {
    Mask::from_str_radix(text, 16).ok()
}

/// Reads nodes; those that a reference describes itself are added after the lines.
#[derive(Default)]
struct Reader {
    nodes: Vec<Node>,
    known: HashMap<&'static str, NodeId>,
}

impl Reader {
    fn line(&mut self, line: &'static str) -> Option<Node> {
        let mut cells = line.split('\t');
        let is_open = match cells.next()? {
            "enum" => {
                let words = cells.map(|cell| masked(cell).unwrap_or((cell, 0)));
                return Some(Node::Enum(words.collect()));
            }
            word => word == "open",
        };
        let mut object = Object { is_open, ..Object::default() };
        for cell in cells {
            self.field(cell, &mut object)?;
        }
        Some(Node::Object(object))
    }

    /// `name:reference`, then `@` and the releases that have the field if not all have it, then `!`
    /// and the releases that require it if not all that have it do.
    fn field(&mut self, cell: &'static str, object: &mut Object) -> Option<()> {
        let (name, rest) = cell.split_once(':')?;
        let (rest, required) = match rest.split_once('!') {
            Some((rest, "")) => (rest, Mask::MAX),
            Some((rest, releases)) => (rest, mask(releases)?),
            None => (rest, 0),
        };
        let (reference, releases) = masked(rest)?;
        object.fields.push(Field { name, mask: releases, node: self.reference(reference)? });
        if required != 0 {
            object.required.push((name, required & releases));
        }
        Some(())
    }

    fn reference(&mut self, text: &'static str) -> Option<NodeId> {
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            return text.parse().ok();
        }
        if let Some(id) = self.known.get(text) {
            return Some(*id);
        }
        let (letter, rest) = text.split_at_checked(1)?;
        let node = match letter {
            "x" => Node::Any,
            "o" => Node::AnyMapping,
            "s" => Node::Text,
            "b" => Node::Boolean,
            "q" => Node::IntegerOrText,
            "i" => Node::Integer(range(rest)?),
            "n" => Node::Number(range(rest)?),
            "l" => Node::List(self.reference(rest)?),
            "m" => Node::Map(self.reference(rest)?),
            _ => return None,
        };
        let id = NodeId::try_from(self.nodes.len()).ok()?;
        self.nodes.push(node);
        self.known.insert(text, id);
        Some(id)
    }
}

/// `text@releases`, or the text alone for all releases.
fn masked(cell: &'static str) -> Option<(&'static str, Mask)> {
    match cell.split_once('@') {
        Some((text, releases)) => Some((text, mask(releases)?)),
        None => Some((cell, Mask::MAX)),
    }
}

/// `[low..high]` or nothing.
fn range(text: &'static str) -> Option<Range> {
    if text.is_empty() {
        return Some(Range::default());
    }
    let words = text.strip_prefix('[')?.strip_suffix(']')?;
    let (low, high) = words.split_once("..")?;
    Some(Range { low: low.parse().ok(), high: high.parse().ok(), words })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_read_in_sorted_order() {
        let text = include_str!("fields.tsv");
        let table = Table::get();
        let (header, lines): (Vec<_>, Vec<_>) = text.lines().partition(|line| is_of_header(line));
        assert_eq!(
            table.kinds.len(),
            header.iter().filter(|line| line.starts_with("kind")).count()
        );
        for (line, node) in lines.iter().zip(&table.nodes) {
            let cells = line.split('\t').count() - 1;
            match node {
                Node::Enum(words) => assert_eq!(words.len(), cells, "{line}"),
                Node::Object(object) => {
                    assert_eq!(object.fields.len(), cells, "{line}");
                    assert!(object.fields.is_sorted_by_key(|field| field.name), "{line}");
                }
                other => panic!("{line}: {other:?}"),
            }
        }
        let most = u16::try_from(table.nodes.len()).unwrap();
        for node in &table.nodes {
            let below: Vec<NodeId> = match node {
                Node::List(id) | Node::Map(id) => vec![*id],
                Node::Object(object) => object.fields.iter().map(|field| field.node).collect(),
                _ => Vec::new(),
            };
            assert!(below.iter().all(|id| *id < most), "{node:?}");
        }
    }

    #[test]
    fn unreadable_tables_have_no_kinds() {
        let table = Table::parse("kind\tapache\tg\tv\tK\tx\t0\nobject\tname\nenum\ta@z\n");
        assert!(table.kinds.is_empty());
        assert_eq!(table.node(0), &Node::Any);
        assert_eq!(table.node(99), &Node::Any);
    }

    #[test]
    fn a_release_is_judged_by_the_newest_one_before_it() {
        let kind = GroupVersionKind::parse("flink.apache.org/v1beta1", "FlinkDeployment");
        let kind = Table::get().kind(&kind).unwrap();
        let asked = |text| {
            let mask = kind.asked(OperatorVersion::parse(text));
            kind.releases.get(mask.trailing_zeros() as usize).copied().unwrap()
        };
        assert_eq!(
            ["1.7", "1.8", "1.10.0", "1.15", "1.99", "main"].map(asked),
            ["1.8", "1.8", "1.10", "1.15", "main", "main"]
        );
        assert_eq!(kind.asked(None), kind.mask);
    }
}
