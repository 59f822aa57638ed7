//! What the fuzz targets have in common: a text is read, and whatever can be planned of it is rendered. An error is a
//! good answer, a panic or a hang is not.

use std::collections::BTreeMap;

use drip_plan::{Base, Home, Source, choose, plan, read};

/// The name tells the format where the text alone does not.
pub fn describe(name: &str, bytes: &[u8]) {
    let source = Source { name, bytes, base: Base::File, home: Home::Loopback(None), fetched: BTreeMap::new() };
    let Ok(description) = read(&source) else { return };
    let patterns = choose(&["all".into()]).expect("all is a pattern");
    for vector in plan(&description.endpoints, &patterns, true).vectors.iter().take(50) {
        vector.template.render(1, u64::MAX);
    }
}
