//! What a Dockerfile of the project's own never prints of its image's table: it would be missing in the image, and nobody
//! would say so.

use serde_json::{Value, json};

use crate::{
    plan::{dockerfile::Template, maker::Maker},
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

impl Maker<'_> {
    /// The keys of an image that its own Dockerfile does not print. `dockerfile` is that with these `values`.
    pub(crate) fn unused(&self, image: &Image, values: &Value, dockerfile: &str) -> Vec<Issue> {
        let Some(path) = &image.dockerfile else { return Vec::new() };
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
            let is_printed = names.iter().flat_map(|name| variants(values, name)).any(|other| {
                let rendered = self.context.templates.render(&template, self.platform.manager, &other);
                // A template that does not take another value minds this one.
                rendered.map_or(true, |text| text != dockerfile)
            });
            if !is_printed {
                let message =
                    format!("`{key}` of the image `{}` is not used: {} never prints it", image.name, path.display());
                unused.push(Issue::new(place, message).help(format!("write `{write}` there, or leave the key out")));
            }
        }
        unused
    }
}

/// The same values with another one of this name: nothing, and more.
fn variants(values: &Value, name: &str) -> Vec<Value> {
    let with = |value: Value| {
        let mut changed = values.clone();
        changed[name] = value;
        changed
    };
    match &values[name] {
        Value::Array(items) => {
            let more = items.iter().chain(items.first()).cloned().collect();
            vec![with(json!([])), with(Value::Array(more))]
        }
        Value::Object(fields) => {
            // Switches of a table: turned one by one, so that everything that depends on one shows.
            let turned = |name: &String, value: &Value| {
                let mut fields = fields.clone();
                fields.insert(name.clone(), other(value));
                with(Value::Object(fields))
            };
            let one_by_one = fields.iter().map(|(name, value)| turned(name, value));
            let mut more = fields.clone();
            more.insert("FACTORY".to_owned(), json!("1"));
            one_by_one.chain([with(Value::Object(more))]).collect()
        }
        value => vec![with(other(value))],
    }
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
