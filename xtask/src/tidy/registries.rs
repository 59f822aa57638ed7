//! What is added as one file is also one line of its list: a page in `drip_catalog::PAGES`, a floor in
//! `drip_meter::FLOORS`.

use super::Breach;
use super::source::Source;

const PAGES: &str = "crates/catalog/src/page/";
const FLOORS: &str = "crates/meter/src/floor/";
const FLOOR_LIST: &str = "crates/meter/src/floor/mod.rs";

pub(super) fn check(sources: &[Source]) -> Vec<Breach> {
    let ids: Vec<&str> = drip_catalog::PAGES.iter().map(|page| page.id).collect();
    let mut breaches = pages(sources, &ids);
    breaches.extend(floors(sources));
    breaches
}

fn pages(sources: &[Source], ids: &[&str]) -> Vec<Breach> {
    let listed = |name: &str| ids.contains(&name.to_ascii_uppercase().as_str());
    let missing = inside(sources, PAGES).filter(|(_, name)| !listed(name));
    let what = "no page of this id is in PAGES of crates/catalog/src/page.rs: add its line, or name the file after its id";
    missing.map(|(source, _)| Breach::new(&source.path, 1, what)).collect()
}

/// A file that defines no `SOURCE` is what floors are made of, as the inspector is.
fn floors(sources: &[Source]) -> Vec<Breach> {
    let list = sources.iter().find(|source| source.path == FLOOR_LIST).map_or("", |source| &source.code);
    let unlisted = |name: &str| !list.contains(&listed_as(name));
    let floors = inside(sources, FLOORS).filter(|(source, _)| source.code.contains("static SOURCE:"));
    floors
        .filter(|(_, name)| unlisted(name))
        .map(|(source, name)| {
            let what =
                format!("{} is not in FLOORS of {FLOOR_LIST}: nobody will attach to it", listed_as(name));
            Breach::new(&source.path, 1, what)
        })
        .collect()
}

/// `go/pprof` is listed as `&go::pprof::SOURCE`.
fn listed_as(name: &str) -> String {
    format!("&{}::SOURCE", name.replace('/', "::"))
}

/// The files of a folder, each with its name.
fn inside<'a>(sources: &'a [Source], folder: &'a str) -> impl Iterator<Item = (&'a Source, &'a str)> {
    sources
        .iter()
        .filter_map(move |source| Some((source, source.path.strip_prefix(folder)?.strip_suffix(".rs")?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_no_list_is_found() {
        let sources = [
            Source::new("crates/catalog/src/page/drip001.rs", ""),
            Source::new("crates/catalog/src/page/drip002.rs", ""),
            Source::new(FLOOR_LIST, "static FLOORS: &[&FloorSource] = &[&node::SOURCE, &go::pprof::SOURCE];"),
            Source::new("crates/meter/src/floor/inspector.rs", ""),
            Source::new("crates/meter/src/floor/node.rs", "pub static SOURCE: FloorSource"),
            Source::new("crates/meter/src/floor/go/pprof.rs", "pub static SOURCE: FloorSource"),
            Source::new("crates/meter/src/floor/go/overlay.rs", "pub static SOURCE: FloorSource"),
        ];
        let files: Vec<_> = check(&sources).into_iter().map(|breach| breach.file).collect();
        assert_eq!(files, ["crates/catalog/src/page/drip002.rs", "crates/meter/src/floor/go/overlay.rs"]);
    }
}
