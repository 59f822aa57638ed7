//! What a class histogram says in sum. Names of classes are looked at here and kept nowhere.

/// The object that frees the memory of a direct buffer: one for each that was allocated, none for its slices.
const DIRECT_BUFFER: &str = "java.nio.DirectByteBuffer$Deallocator";
const CLASS: &str = "java.lang.Class";
/// Names of classes whose objects wait for a thread of the JVM after a collection: `java.lang.ref.Finalizer`,
/// `jdk.internal.ref.CleanerImpl$PhantomCleanableRef`, `java.lang.ref.PhantomReference` and what people
/// derive. A match too many costs a further round, nothing else.
const REFERENCES: [&str; 3] = ["Finaliz", "Clean", "Ref"];

/// Live objects in sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Histogram {
    /// Bytes of all objects.
    pub(super) bytes: u64,
    /// How many objects.
    pub(super) objects: u64,
    /// Loaded classes.
    pub(super) classes: u64,
    /// Direct byte buffers that hold memory outside of the heap.
    pub(super) direct_buffers: u64,
    /// Objects that wait for a finalizer, a cleaner or a queue.
    pub(super) references: u64,
}

impl Histogram {
    /// `None` where there is no line of totals.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (_, objects, bytes) = totals(text)?;
        let mut histogram = Self { bytes, objects, ..Self::default() };
        for (name, count) in text.lines().filter_map(class) {
            histogram.count(name, count);
        }
        Some(histogram)
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.objects += other.objects;
        self.classes += other.classes;
        self.direct_buffers += other.direct_buffers;
        self.references += other.references;
    }

    fn count(&mut self, name: &str, count: u64) {
        match name {
            CLASS => self.classes = count,
            DIRECT_BUFFER => self.direct_buffers = count,
            _ => {}
        }
        if REFERENCES.iter().any(|part| name.contains(part)) {
            self.references += count;
        }
    }
}

/// `Total 8123 444248`
fn totals(text: &str) -> Option<(&str, u64, u64)> {
    let mut words = text.lines().next_back()?.split_whitespace();
    let head = words.next().filter(|word| *word == "Total")?;
    Some((head, words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// `   1:          1386          90256  [B (java.base@11.0.13)`
fn class(line: &str) -> Option<(&str, u64)> {
    let mut words = line.split_whitespace();
    words.next().filter(|rank| rank.ends_with(':'))?;
    let count = words.next()?.parse().ok()?;
    words.next()?;
    Some((words.next()?, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = " num     #instances         #bytes  class name (module)
-------------------------------------------------------
   1:          1386          90256  [B (java.base@11.0.13)
   2:           523          63712  java.lang.Class (java.base@11.0.13)
   3:            80           5120  java.lang.ref.Finalizer (java.base@11.0.13)
  12:           130           8320  java.nio.DirectByteBuffer (java.base@11.0.13)
  17:           100           3200  java.nio.DirectByteBuffer$Deallocator (java.base@11.0.13)
  18:            20            960  jdk.internal.ref.CleanerImpl$PhantomCleanableRef (java.base@11.0.13)
Total          8123         444248
";

    #[test]
    fn a_histogram_is_reduced_to_a_few_sums() {
        let expected =
            Histogram { bytes: 444_248, objects: 8123, classes: 523, direct_buffers: 100, references: 100 };
        assert_eq!(Histogram::parse(TEXT), Some(expected));
    }

    #[test]
    fn what_was_cut_off_or_is_something_else_is_refused() {
        let cut = TEXT.split_once("Total").unwrap().0;
        for text in ["", cut, "Total", "Total 1", "Total a b", "java.lang.IllegalArgumentException"] {
            assert_eq!(Histogram::parse(text), None, "{text:?}");
        }
    }
}
