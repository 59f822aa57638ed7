//! How what a request has made is deleted again, so that rows which are kept on purpose are not taken for a leak.

use crate::shape::Shape;
use crate::template::{Body, Part, Template, Text};
use crate::value::{Escape, Value};

/// `DELETE` of a path that ends with what the answer calls the thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// `DELETE /items/{id}`.
    pub endpoint: String,
    /// The path up to what the thing is called.
    pub before: String,
    /// The rest of path and query.
    pub after: String,
    /// Headers of the request.
    pub headers: Vec<(String, Text)>,
    /// Members of an answer in JSON that may say what it is called, the likeliest first.
    pub names: Vec<String>,
}

impl Undo {
    /// The request for each of these, percent-encoded, in any order.
    pub fn template(&self, made: &[String]) -> Template {
        let one = Value::new(Shape::words(made.iter().map(String::as_str)), Escape::Plain);
        let literal = |text: &str| Part::Literal(text.as_bytes().to_vec());
        Template {
            method: "DELETE".to_owned(),
            target: Text(vec![literal(&self.before), Part::Value(one), literal(&self.after)]),
            headers: self.headers.clone(),
            body: Body::None,
        }
    }
}

/// How far it was done for one vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// `DELETE /items/{id}`.
    pub by: String,
    /// Requests that were answered with success.
    pub made: u64,
    /// What was deleted again.
    pub deleted: u64,
}

impl Undone {
    /// Whether nearly nothing stays: of a hundred, one may be lost.
    pub const fn is_whole(&self) -> bool {
        self.made > 0 && self.deleted >= self.made - self.made / 100
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_that_was_made_is_deleted_once() {
        let undo = Undo {
            endpoint: "DELETE /items/{id}/".to_owned(),
            before: "/items/".to_owned(),
            after: "/?soft=0".to_owned(),
            headers: Vec::new(),
            names: Vec::new(),
        };
        let made: Vec<String> = (0..7).map(|id| format!("a{id}")).collect();
        let template = undo.template(&made);
        let targets: BTreeSet<_> = (0..7).map(|n| template.render(3, n).target).collect();
        let expected = made.iter().map(|id| format!("/items/{id}/?soft=0").into_bytes());
        assert_eq!(targets, expected.collect());
    }

    #[test]
    fn what_was_lost_is_no_more_than_one_of_a_hundred() {
        let undone = |made, deleted| Undone { by: String::new(), made, deleted };
        assert!(undone(100, 99).is_whole() && !undone(100, 98).is_whole());
        assert!(undone(10, 10).is_whole() && !undone(10, 9).is_whole() && !undone(0, 0).is_whole());
    }
}
