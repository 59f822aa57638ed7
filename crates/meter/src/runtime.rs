//! The language runtime of a process.

use drip_model::Runtime;
use drip_proc::Kind;

/// What runs in a process.
pub fn runtime_of(pid: u32) -> Runtime {
    match drip_proc::kind(pid) {
        Kind::Node => Runtime::Node,
        Kind::Python => Runtime::Python,
        Kind::Go => Runtime::Go,
        Kind::Jvm => Runtime::Jvm,
        Kind::Ruby => Runtime::Ruby,
        Kind::DotNet => Runtime::DotNet,
        Kind::Php => Runtime::Php,
        Kind::Native => Runtime::Native,
        Kind::Unknown => Runtime::Unknown,
    }
}
