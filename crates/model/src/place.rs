//! What a service runs on: the language runtime, and the platform around it.

use std::fmt;

/// The language runtime of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Runtime {
    /// Node.js (V8).
    Node,
    /// CPython.
    Python,
    /// A Go binary.
    Go,
    /// A Java virtual machine.
    Jvm,
    /// Ruby (MRI).
    Ruby,
    /// .NET (CoreCLR).
    DotNet,
    /// PHP, command line or FPM.
    Php,
    /// C, C++, Rust: no managed heap was recognised in an ordinary executable.
    Native,
    /// Nothing is known of it.
    Unknown,
}

impl Runtime {
    /// A stable lower-case word, as `--runtime` takes it and as documents have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Python => "python",
            Self::Go => "go",
            Self::Jvm => "jvm",
            Self::Ruby => "ruby",
            Self::DotNet => "dotnet",
            Self::Php => "php",
            Self::Native => "native",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Node => "Node.js",
            Self::Python => "Python",
            Self::Go => "Go",
            Self::Jvm => "Java (JVM)",
            Self::Ruby => "Ruby",
            Self::DotNet => ".NET",
            Self::Php => "PHP",
            Self::Native => "native code",
            Self::Unknown => "unknown runtime",
        })
    }
}

/// Where a service is deployed; remedies differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Platform {
    /// A DigitalOcean Droplet, or any other virtual machine.
    Droplet,
    /// DigitalOcean App Platform.
    AppPlatform,
    /// DigitalOcean Functions.
    Functions,
    /// Kubernetes, managed or not.
    Kubernetes,
}

impl Platform {
    /// All of them, in the order in which pages list them.
    pub const ALL: [Self; 4] = [Self::Droplet, Self::AppPlatform, Self::Functions, Self::Kubernetes];
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Droplet => "DigitalOcean Droplet",
            Self::AppPlatform => "DigitalOcean App Platform",
            Self::Functions => "DigitalOcean Functions",
            Self::Kubernetes => "Kubernetes",
        })
    }
}
