//! [`Told`]: paths of our containers in what programs say there, as the user knows them.

use std::borrow::Cow;

/// What the beginnings of paths in a container are called by the user.
#[derive(Debug, Clone, Default)]
pub struct Told(Vec<(String, String)>);

impl Told {
    /// Of these pairs: how a path begins in the container, and how the user's begins. The first pair that fits is taken.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// A line with the user's paths.
    pub fn line<'l>(&self, line: &'l str) -> Cow<'l, str> {
        let mut line = Cow::Borrowed(line);
        for (there, here) in &self.0 {
            for scheme in ["file://", ""] {
                let there = format!("{scheme}{there}");
                if line.contains(&there) {
                    line = Cow::Owned(line.replace(&there, here));
                }
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_the_user_s() {
        let pairs = [("/factory/in/", ""), ("/factory/ready/", ""), ("/factory/build/own", "./libs/own")];
        let told = Told::new(pairs.map(|(there, here)| (there.to_owned(), here.to_owned())));
        for (said, shown) in [
            (
                "Collecting flask==3 (from -r /factory/in/web/requirements.txt (line 3))",
                "Collecting flask==3 (from -r web/requirements.txt (line 3))",
            ),
            ("Processing /factory/ready/x-1-py3-none-any.whl", "Processing x-1-py3-none-any.whl"),
            ("x @ file:///factory/ready/x-1-py3-none-any.whl", "x @ x-1-py3-none-any.whl"),
            ("error: in /factory/build/own/setup.py", "error: in ./libs/own/setup.py"),
            ("Collecting six", "Collecting six"),
        ] {
            assert_eq!(told.line(said), shown);
        }
    }
}
