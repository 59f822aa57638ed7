//! A description, found: a file, a URL, or one that the target publishes itself. Documents that it refers to are
//! brought from its own folder or its own origin, and from nowhere else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use drip_model::Origin;
use drip_plan::{
    Base, DESCRIPTION_BYTES_MAX, Description, Home, Source, USUAL_PLACES, address, read, too_large,
};
use drip_session::{Describes, Endpoint, Reach, Trust, ways};

use crate::ask::Wrong;
use crate::requests::{self, Target};

/// Documents of one description.
const DOCUMENTS_MAX: usize = 100;

/// A word that is this much like another one may have been meant as that.
const LIKENESS_MIN: f64 = 0.8;

/// What asks for a description that the service publishes itself.
pub(crate) const AUTO: &str = "auto";

/// How a service is found to publish one that nobody asked for.
pub(crate) const DESCRIBES: Describes = Describes { places: &USUAL_PLACES, endpoints: endpoints_of };

/// Those that need no other document.
fn endpoints_of(path: &str, bytes: &[u8]) -> usize {
    let (base, home) = (Base::File, Home::Loopback(None));
    let source = Source { name: path, bytes, base, home, fetched: BTreeMap::new() };
    read(&source).map_or(0, |found| found.endpoints.len())
}

/// Reads what `--spec` names; `auto` of a service that runs already.
pub(crate) fn description(words: &str, service: &Target, home: &Home) -> Result<Description, Wrong> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &service.origin {
        Some(origin) if words == AUTO => {
            runtime.block_on(published(origin, &service.reach, &service.trust, home))
        }
        _ => runtime.block_on(named(words, service, home)),
    }
}

/// A file, or what a URL has.
async fn named(words: &str, service: &Target, home: &Home) -> Result<Description, Wrong> {
    let fault = |why: String| Wrong(format!("--spec {words}: {why}"));
    if words.contains("://") {
        let target = address(words)?;
        // The service's own socket has nobody else's description.
        let is_its_own = service.origin.as_ref() == Some(&target.origin);
        let unix_socket = service.reach.unix_socket.clone().filter(|_| is_its_own);
        let reach = Reach { unix_socket, ..service.reach.clone() };
        let site = Site::new(target.origin, &reach, &service.trust).await.map_err(fault)?;
        let bytes = site.fetch(&target.path).await.map_err(fault)?;
        return whole(words, &bytes, &target.path, &Place::Url(site), home).await;
    }
    let file = Path::new(words);
    let size = std::fs::metadata(file).map_err(|error| fault(no_file(words, &error)))?.len();
    if size > DESCRIPTION_BYTES_MAX as u64 {
        return Err(fault(too_large(size)));
    }
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    let bytes = requests::bytes("--spec", file, DESCRIPTION_BYTES_MAX as u64)?;
    whole(words, &bytes, "", &Place::Folder(folder), home).await
}

/// Why there is no file, and what a word that looks like it would do.
fn no_file(words: &str, error: &std::io::Error) -> String {
    if strsim::jaro_winkler(words, AUTO) >= LIKENESS_MIN {
        return format!("{error}; did you mean {AUTO}, a description that the service publishes itself?");
    }
    error.to_string()
}

/// The first description at the usual places of a service.
pub(crate) async fn published(
    target: &Origin,
    reach: &Reach,
    trust: &Trust,
    home: &Home,
) -> Result<Description, Wrong> {
    let fault = |why: String| Wrong(format!("--spec {AUTO}: {why}"));
    let place = Place::Url(Site::new(target.clone(), reach, trust).await.map_err(fault)?);
    for path in USUAL_PLACES {
        if let Some(found) = at(target, path, &place, home).await {
            return Ok(found);
        }
    }
    Err(fault(format!("{target} publishes no description at {}", USUAL_PLACES.join(", "))))
}

/// What a place has, where that describes an endpoint at least.
async fn at(target: &Origin, path: &str, place: &Place, home: &Home) -> Option<Description> {
    let bytes = place.bring(path).await.ok()?;
    let found = whole(&format!("{target}{path}"), &bytes, path, place, home).await.ok()?;
    (!found.endpoints.is_empty()).then_some(found)
}

/// A description with all that it refers to.
async fn whole(
    words: &str,
    bytes: &[u8],
    path: &str,
    place: &Place,
    home: &Home,
) -> Result<Description, Wrong> {
    let mut source =
        Source { name: words, bytes, base: place.base(path), home: home.clone(), fetched: BTreeMap::new() };
    loop {
        let found = read(&source)?;
        let missing: Vec<&String> =
            found.wanted.iter().filter(|name| !source.fetched.contains_key(*name)).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        if source.fetched.len() + missing.len() > DOCUMENTS_MAX {
            return Err(Wrong(format!("--spec {words}: it refers to more than {DOCUMENTS_MAX} documents")));
        }
        for name in missing {
            // One that cannot be had leaves what refers to it skipped, with the reason.
            let text = place.bring(name).await.ok().and_then(|bytes| String::from_utf8(bytes).ok());
            source.fetched.insert(name.clone(), text.unwrap_or_default());
        }
    }
}

/// Where documents come from.
enum Place {
    Folder(PathBuf),
    Url(Site),
}

impl Place {
    fn base(&self, path: &str) -> Base {
        match self {
            Self::Folder(_) => Base::File,
            Self::Url(site) => Base::Url { origin: site.origin.clone(), path: path.to_owned() },
        }
    }

    async fn bring(&self, name: &str) -> Result<Vec<u8>, String> {
        match self {
            Self::Folder(folder) => within(folder, name),
            Self::Url(site) => site.fetch(name).await,
        }
    }
}

/// A file of a folder; a link that leads out of it is not followed.
fn within(folder: &Path, name: &str) -> Result<Vec<u8>, String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let told = |error: std::io::Error| error.to_string();
    let (root, file) =
        (folder.canonicalize().map_err(told)?, folder.join(name).canonicalize().map_err(told)?);
    if !file.starts_with(&root) {
        return Err("it lies outside the description's folder".to_owned());
    }
    let bytes = requests::bytes("--spec", &file, DESCRIPTION_BYTES_MAX as u64);
    bytes.map_err(|Wrong(why)| why)
}

/// An origin, resolved once.
#[derive(Clone)]
struct Site {
    origin: Origin,
    endpoint: Endpoint,
    trust: Trust,
}

impl Site {
    /// A socket or an address that stands for the service stands for its description too.
    async fn new(origin: Origin, reach: &Reach, trust: &Trust) -> Result<Self, String> {
        let ways = ways(reach, &origin).await.map_err(|trouble| trouble.to_string())?;
        let endpoint = ways.into_iter().next().ok_or("the host has no address")?;
        match endpoint {
            Endpoint::Tcp(address) if drip_session::is_metadata(address.ip()) => {
                Err("a metadata address; it is never requested".to_owned())
            }
            endpoint => Ok(Self { origin, endpoint, trust: trust.clone() }),
        }
    }

    async fn fetch(&self, path: &str) -> Result<Vec<u8>, String> {
        let path = if path.is_empty() { "/" } else { path };
        let Self { origin, endpoint, trust } = self;
        let fetched = drip_drive::fetch(origin, endpoint.clone(), trust, path, DESCRIPTION_BYTES_MAX);
        fetched.await.map_err(|error| error.to_string())
    }
}
