//! The closed word lists of the wire form.
//!
//! Each word is written once, here; the nouns of the model may be renamed without a document changing. Lists that
//! will grow (patterns, kinds of doubt) are plain text in documents, so that an older reader can still read them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An enum whose variants are words.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[expect(missing_docs, reason = "the word says it")]
        pub enum $name { $(#[serde(rename = $word)] $variant),+ }

        impl $name {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

/// The same, where the model has an enum of the same variants.
macro_rules! mirror {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        words! { $(#[$meta])* $name { $($variant = $word),+ } }

        impl From<drip_model::$name> for $name {
            fn from(noun: drip_model::$name) -> Self {
                match noun { $(drip_model::$name::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for drip_model::$name {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}

words! {
    /// The seven verdicts, worst first.
    Verdict {
        Crashed = "crashed",
        Leaking = "leaking",
        Unbounded = "unbounded",
        GrowingWithTime = "growing-with-time",
        Unclear = "unclear",
        Settling = "settling",
        Steady = "steady",
    }
}

words! {
    /// What a signal did over the judged part of a run.
    Growth {
        Grows = "grows",
        Bounded = "bounded",
        Flat = "flat",
        Undecided = "undecided",
    }
}

mirror! {
    /// How far a run came.
    Status {
        Completed = "completed",
        Partial = "partial",
        Failed = "failed",
    }
}

mirror! {
    /// Where a grade comes from.
    GradeBasis {
        Memory = "memory",
        Symptoms = "symptoms",
    }
}

mirror! {
    /// What a number is a reading of; better ones first.
    Signal {
        LiveHeap = "live_heap",
        HeapAfterGc = "heap_after_gc",
        AnonAfterGc = "anon_after_gc",
        Anon = "anon",
        Cgroup = "cgroup",
        Pss = "pss",
        Rss = "rss",
        Platform = "platform",
        Descriptors = "descriptors",
        Sockets = "sockets",
        Threads = "threads",
        Goroutines = "goroutines",
        Children = "children",
        Symptoms = "symptoms",
    }
}

impl Signal {
    /// Whether it is read after a collection.
    pub fn is_floor(self) -> bool {
        drip_model::Signal::from(self).is_floor()
    }
}

mirror! {
    /// What a signal counts.
    Unit {
        Bytes = "bytes",
        Count = "count",
    }
}

mirror! {
    /// What happened just before a reading.
    Stage {
        Baseline = "baseline",
        WarmUp = "warm-up",
        Dose = "dose",
        Idle = "idle",
        Confirm = "confirm",
        Slow = "slow",
        Lives = "lives",
        Load = "load",
    }
}

mirror! {
    /// What a finding costs, least first.
    Severity {
        Note = "note",
        Low = "low",
        Medium = "medium",
        High = "high",
        Critical = "critical",
    }
}

mirror! {
    /// How sure a finding is, least first.
    Confidence {
        Tentative = "tentative",
        Firm = "firm",
        Certain = "certain",
    }
}

mirror! {
    /// What is exhausted.
    Category {
        Memory = "memory",
        Handles = "handles",
        Availability = "availability",
        Limits = "limits",
        Exposure = "exposure",
    }
}

mirror! {
    /// The language runtime of a service.
    Runtime {
        Node = "node",
        Python = "python",
        Go = "go",
        Jvm = "jvm",
        Ruby = "ruby",
        DotNet = "dotnet",
        Php = "php",
        Native = "native",
        Unknown = "unknown",
    }
}

impl From<&drip_model::Verdict> for Verdict {
    fn from(verdict: &drip_model::Verdict) -> Self {
        match verdict {
            drip_model::Verdict::Crashed(_) => Self::Crashed,
            drip_model::Verdict::Leaking => Self::Leaking,
            drip_model::Verdict::Unbounded { .. } => Self::Unbounded,
            drip_model::Verdict::GrowingWithTime { .. } => Self::GrowingWithTime,
            drip_model::Verdict::Unclear => Self::Unclear,
            drip_model::Verdict::Settling { .. } => Self::Settling,
            drip_model::Verdict::Steady => Self::Steady,
        }
    }
}

impl From<&drip_model::Growth> for Growth {
    fn from(growth: &drip_model::Growth) -> Self {
        match growth {
            drip_model::Growth::Grows => Self::Grows,
            drip_model::Growth::Bounded { .. } => Self::Bounded,
            drip_model::Growth::Flat => Self::Flat,
            drip_model::Growth::Undecided => Self::Undecided,
        }
    }
}

/// In words, as the model has them.
impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        drip_model::Signal::from(*self).fmt(f)
    }
}

/// In words, as the model has them.
impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        drip_model::Runtime::from(*self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_that_the_rest_of_the_program_prints() {
        macro_rules! check {
            ($($name:ident),+) => {
                $(for word in $name::ALL {
                    assert_eq!(word.name(), drip_model::$name::from(*word).name());
                    assert_eq!(serde_json::to_value(word).unwrap(), word.name());
                })+
            };
        }
        check!(Status, GradeBasis, Signal, Stage, Severity, Confidence, Category, Runtime);
        let verdicts: Vec<_> = Verdict::ALL.iter().map(|verdict| verdict.name()).collect();
        assert_eq!(verdicts, drip_model::Verdict::NAMES);
    }
}
