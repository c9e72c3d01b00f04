//! What a Dockerfile of the project's own never prints of its image's table: it would be missing in the image, and nobody
//! would say so.

use std::ops::Range;

use serde_json::{Map, Value, json};

use crate::{
    plan::{
        dockerfile::Template,
        maker::{Maker, PlanError},
    },
    recipe::Image,
    util::toml::Issue,
};

/// Keys of an image, the values of templates that they become, and what to write.
const KEYS: [(&str, &[&str], &str); 10] = [
    ("packages", &["packages"], "{{> install packages=packages}}"),
    ("users", &["users"], "{{#each users}}RUN {{json this.groupadd}}, then RUN {{json this.useradd}}{{/each}}"),
    ("contents", &["contents"], "COPY rootfs/ /"),
    ("python", &["python"], "what `python-app.hbs` prints of {{python}}"),
    ("env", &["env"], "{{#each env}}ENV {{@key}}={{quoted this}}{{/each}}"),
    ("expose", &["expose", "ports"], "{{#each expose}}EXPOSE {{this}}{{/each}}"),
    ("workdir", &["workdir"], "WORKDIR {{workdir}}"),
    ("user", &["user"], "USER {{user}}"),
    ("entrypoint", &["entrypoint"], "ENTRYPOINT {{json entrypoint}}"),
    ("cmd", &["cmd"], "CMD {{json cmd}}"),
];

/// In how many parts a table is looked at: each is one more time that the template is rendered.
const MOST_PARTS: usize = 32;

impl Maker<'_> {
    /// The keys of an image that its own Dockerfile does not print. `dockerfile` is that with these `values`.
    pub(crate) fn unused(&self, image: &Image, values: &Value, dockerfile: &str) -> Result<Vec<Issue>, PlanError> {
        let Some(path) = &image.dockerfile else { return Ok(Vec::new()) };
        let template = Template::Project(path);
        let says = |key: &str| match key {
            // Files of the context can be used without any value.
            "contents" => dockerfile.contains("rootfs"),
            "python" => dockerfile.contains("app"),
            _ => false,
        };
        let mut unused = Vec::new();
        for (key, names, write) in KEYS {
            let Some(place) = image.places.get(key).filter(|_| !says(key)) else { continue };
            let mut is_printed = false;
            for other in names.iter().flat_map(|name| variants(values, name)) {
                is_printed = match self.context.templates.render(&template, self.platform.manager, &other) {
                    Ok(text) => text != dockerfile,
                    Err(error) if error.is_of_time() => return Err(error.into()),
                    // A template that does not take another value minds this one.
                    Err(_) => true,
                };
                if is_printed {
                    break;
                }
            }
            if !is_printed {
                let message =
                    format!("`{key}` of the image `{}` is not used: {} never prints it", image.name, path.display());
                unused.push(Issue::new(place, message).help(format!("write `{write}` there, or leave the key out")));
            }
        }
        Ok(unused)
    }
}

/// The same values with another one of this name: nothing, and more.
fn variants<'a>(values: &'a Value, name: &'a str) -> impl Iterator<Item = Value> + 'a {
    others(&values[name]).into_iter().map(move |value| {
        let mut changed = values.clone();
        changed[name] = value;
        changed
    })
}

fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => {
            let more = items.iter().chain(items.first()).cloned().collect();
            vec![json!([]), Value::Array(more)]
        }
        Value::Object(fields) => {
            let mut more = fields.clone();
            more.insert("FACTORY".to_owned(), json!("1"));
            // All fields at once, which nearly always says it; then part by part, so that a switch shows that depends on another one.
            let all = fields.len().max(1);
            let whole = [all].into_iter().filter(|_| all > 1);
            let sizes = whole.chain([all.div_ceil(MOST_PARTS)]);
            let parts = sizes.flat_map(|size| (0..all).step_by(size).map(move |from| from..from + size));
            [Value::Object(more)].into_iter().chain(parts.map(|part| turned(fields, &part))).collect()
        }
        value => vec![other(value)],
    }
}

/// A table in which these fields, by their places, have other values.
fn turned(fields: &Map<String, Value>, part: &Range<usize>) -> Value {
    let field = |(at, (name, value)): (usize, (&String, &Value))| {
        (name.clone(), if part.contains(&at) { other(value) } else { value.clone() })
    };
    fields.iter().enumerate().map(field).collect()
}

fn other(value: &Value) -> Value {
    match value {
        Value::Bool(flag) => (!flag).into(),
        Value::String(text) => format!("{text}x").into(),
        Value::Array(items) if items.is_empty() => json!([0]),
        Value::Array(_) => json!([]),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_changed_as_a_whole_and_then_in_a_few_parts() {
        let table = |count: usize| (0..count).map(|at| (at.to_string(), json!(false))).collect::<Value>();
        let turned = |value: &Value| value.as_object().unwrap().values().filter(|value| **value == true).count();
        let counts = |count: usize| others(&table(count)).iter().map(turned).collect::<Vec<_>>();
        assert_eq!(counts(0), [0, 0]);
        assert_eq!(counts(1), [0, 1]);
        assert_eq!(counts(3), [0, 3, 1, 1, 1]);
        let many = counts(1000);
        assert_eq!(many.len(), 2 + 1000_usize.div_ceil(32));
        assert_eq!(many[2..].iter().sum::<usize>(), 1000);
    }
}
