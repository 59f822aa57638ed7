//! From a JSON schema to values that fit it: the usual one, and the set of those that fit as well.

mod bounds;
mod form;
mod known;
mod merge;
mod regex;
mod write;

pub(crate) use form::{Form, form};
pub(crate) use known::{ipv4, like, number, unique_text};
pub(crate) use write::{BOUNDARY, Style, json, multipart, parameter, plain, urlencoded};
