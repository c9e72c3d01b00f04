//! The parts of a recipe that kinds of work bring, one line each. What a part is made of is in its folder of `work/`: its `recipe` has
//! the type, its `read` implements [`Part`](super::read::part::Part) for it.

/// The parts: the key of their tables, which is also the folder in `work/`, and the field of [`Recipe`](super::Recipe) with its type.
macro_rules! parts {
    ($then:ident) => {
        $then! {
            /// `[[image]]`, parents before children.
            image => images: Image,
            /// `[[package]]`, in the recipe's order but a package after those in its `without`.
            package => packages: Package,
            /// `[[wapt]]`, where this platform is the one that makes them.
            wapt => wapts: Wapt,
            /// `[[module]]`, on Windows.
            module => modules: Module,
        }
    };
}
pub(crate) use parts;

/// Where placeholders are filled in, for people.
pub(crate) const FILLED_IN: &str = "placeholders are for relations, `ref` and the attributes of [[wapt]]";
