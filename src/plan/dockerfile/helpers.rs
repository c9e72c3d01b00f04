//! What templates may call beside what Handlebars brings along. A helper in a helper doubles what it escapes: each has the bound
//! that the whole text has.

use std::io;

use handlebars::{
    Context, Handlebars, Helper, HelperDef, PathAndJson, RenderContext, RenderError, RenderErrorReason, ScopedJson,
};
use serde_json::Value;

use super::bounds::Text;

/// `json`: a value as JSON.
pub struct Json;

/// `quoted`: a value of a Dockerfile's `ENV`.
pub struct Quoted;

impl HelperDef for Json {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let value = asked(helper, "json", "value")?;
        let mut text = Text::default();
        serde_json::to_writer(&mut text, value).map_err(io::Error::from)?;
        given(text)
    }
}

impl HelperDef for Quoted {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let value = asked(helper, "quoted", "text")?.as_str();
        let mismatch = || RenderErrorReason::ParamTypeMismatchForName("quoted", "text".to_owned(), "str".to_owned());
        let mut text = Text::default();
        quote(value.ok_or_else(mismatch)?, &mut text)?;
        given(text)
    }
}

/// What a helper is given; what is not there is an error.
fn asked<'a>(helper: &'a Helper<'_>, name: &'static str, of: &str) -> Result<&'a Value, RenderError> {
    let value = helper.param(0).filter(|value| !value.is_value_missing()).map(PathAndJson::value);
    Ok(value.ok_or_else(|| RenderErrorReason::ParamNotFoundForName(name, of.to_owned()))?)
}

fn given<'rc>(text: Text) -> Result<ScopedJson<'rc>, RenderError> {
    Ok(ScopedJson::Derived(Value::String(text.whole()?)))
}

/// A value of a Dockerfile's `ENV`, in double quotes: backslash, quote and dollar are escaped, so that nothing in it is
/// expanded (Dockerfile reference, "Environment replacement").
fn quote(text: &str, to: &mut impl io::Write) -> io::Result<()> {
    to.write_all(b"\"")?;
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\\', '$']) {
        let (before, from) = rest.split_at(at);
        write!(to, "{before}\\{}", &from[..1])?;
        rest = &from[1..];
    }
    write!(to, "{rest}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(template: &str) -> Result<String, RenderError> {
        let mut engine = Handlebars::new();
        engine.set_strict_mode(true);
        engine.register_escape_fn(handlebars::no_escape);
        engine.register_helper("json", Box::new(Json));
        engine.register_helper("quoted", Box::new(Quoted));
        engine.render_template(template, &serde_json::json!({ "a": "x\"$y", "n": 1, "all": [1, "é"] }))
    }

    #[test]
    fn values_are_quoted_for_env() {
        let mut text = Vec::new();
        quote(r#"é "b" $HOME \"#, &mut text).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), r#""é \"b\" \$HOME \\""#);
    }

    #[test]
    fn values_are_given_as_json_and_what_is_missing_is_said() {
        assert_eq!(rendered("{{json all}} {{json a}} {{quoted a}}").unwrap(), r#"[1,"é"] "x\"$y" "x\"\$y""#);
        let said = |template: &str| rendered(template).unwrap_err().to_string();
        assert!(said("{{json nothing}}").contains("not found"), "{}", said("{{json nothing}}"));
        assert!(said("{{quoted n}}").contains("str"), "{}", said("{{quoted n}}"));
    }

    #[test]
    fn a_helper_in_a_helper_does_not_grow_without_end() {
        for helper in ["json", "quoted"] {
            let nested = format!("{{{{{} \"\\\"\"{}}}}}", format!("{helper} (").repeat(40) + helper, ")".repeat(40));
            let error = rendered(&nested).unwrap_err();
            let said = format!("{error} {:?}", error.reason());
            assert!(said.contains("4 MiB"), "{said}");
        }
    }
}
