//! Which Python a module has: the one that the environment asks for, else the recipe's own.

use crate::{
    names::PythonVersion,
    plan::maker::PlanError,
    source::variables::Variables,
    work::module::recipe::{Module, Runtime},
};

/// The first two numbers of the version: `3.12`.
pub const PY_VER: &str = "PY_VER";
/// The third one: `9`.
pub const PY_SUBVER: &str = "PY_SUBVER";

/// The version that is asked for, and its runtime.
pub(super) fn chosen<'m>(module: &'m Module, from: &Variables) -> Result<(PythonVersion, &'m Runtime), PlanError> {
    let (first, last) = (from.shown(PY_VER), from.shown(PY_SUBVER));
    let found = match (first.as_deref(), last.as_deref()) {
        (None, None) => of_recipe(module),
        (Some(first), Some(last)) => {
            of_numbers(module, &format!("{first}.{last}"), &format!("{PY_VER}={first} {PY_SUBVER}={last}"))
        }
        (Some(first), None) => of_one(module, first),
        (None, Some(last)) => {
            Err(format!("{PY_SUBVER}={last} is the third number of a version, and nothing says the first two"))
        }
    };
    found.map_err(|message| PlanError::Unfit {
        of: format!("[[module]] `{}`", module.name),
        key: "runtimes".to_owned(),
        message,
        help: "`PY_VER=3.12 PY_SUBVER=9 factory build` chooses a version that is in `runtimes`; `python` of [[module]] says which one \
               it is otherwise",
    })
}

type Found<'m> = Result<(PythonVersion, &'m Runtime), String>;

fn of_recipe(module: &Module) -> Found<'_> {
    let alone = module.runtimes.len() == 1;
    let version = module.python.or_else(|| module.runtimes.keys().next().copied().filter(|_| alone));
    version
        .and_then(|version| Some((version, module.runtimes.get(&version)?)))
        .ok_or_else(|| format!("it has several, and nothing says which one: {}", known(module)))
}

fn of_numbers<'m>(module: &'m Module, text: &str, asked: &str) -> Found<'m> {
    let version = PythonVersion::new(text);
    let version = version.ok_or_else(|| format!("{} is no version of three numbers", asked.escape_debug()))?;
    let runtime = module.runtimes.get(&version);
    runtime
        .map(|runtime| (version, runtime))
        .ok_or_else(|| format!("{asked} asks for Python {version}, and it has {}", known(module)))
}

/// A whole version in one variable, or the first two numbers of the only one that begins so.
fn of_one<'m>(module: &'m Module, text: &str) -> Found<'m> {
    let asked = format!("{PY_VER}={text}");
    if PythonVersion::new(text).is_some() {
        return of_numbers(module, text, &asked);
    }
    let mut fitting = module.runtimes.iter().filter(|(version, _)| version.short() == text);
    match (fitting.next(), fitting.next()) {
        (Some((version, runtime)), None) => Ok((*version, runtime)),
        (None, _) => {
            Err(format!("{} asks for a Python that it does not have: it has {}", asked.escape_debug(), known(module)))
        }
        _ => Err(format!("{asked} fits several, and {PY_SUBVER} does not say which one: {}", known(module))),
    }
}

fn known(module: &Module) -> String {
    let known: Vec<String> = module.runtimes.keys().map(ToString::to_string).collect();
    known.join(", ")
}
