//! Repositories for tests: real ones, made with git, beside the project.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::project::Project;

/// A bare repository and the checkout that its commits are made in.
pub struct Repository {
    work: PathBuf,
    bare: PathBuf,
}

impl Repository {
    /// `<name>.git` beside the project, with one commit of these files on the branch `main`.
    pub fn new(project: &Project, name: &str, files: &[(&str, &str)]) -> Self {
        let (work, bare) = (project.beside(&format!("work-{name}")), project.beside(&format!("{name}.git")));
        for (folder, more) in [(&work, None), (&bare, Some("--bare"))] {
            fs::create_dir(folder).unwrap();
            git(folder, &[&["init", "--quiet", "--initial-branch=main"], more.as_slice()].concat());
        }
        git(&work, &["remote", "add", "origin", bare.to_str().unwrap()]);
        let repository = Self { work, bare };
        repository.commit(files);
        repository
    }

    /// Where it is.
    pub fn bare(&self) -> &Path {
        &self.bare
    }

    /// One more commit on the branch that is checked out; gives its hash.
    pub fn commit(&self, files: &[(&str, &str)]) -> String {
        for (path, text) in files {
            let path = self.work.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "more"]);
        self.push();
        self.head()
    }

    /// The commit that is checked out.
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Another repository as a submodule, by an address as a repository writes it.
    pub fn submodule(&self, path: &str, address: &str) -> String {
        self.git(&["submodule", "--quiet", "add", "--", address, path]);
        self.commit(&[])
    }

    /// Git in the checkout.
    pub fn git(&self, words: &[&str]) -> String {
        git(&self.work, words)
    }

    /// A path in the checkout.
    pub fn path(&self, path: &str) -> PathBuf {
        self.work.join(path)
    }

    /// Gives the bare repository everything that there is.
    pub fn push(&self) {
        self.git(&["push", "--quiet", "--force", "origin", "--all"]);
        self.git(&["push", "--quiet", "--force", "origin", "--tags"]);
    }
}

/// Git without anybody's configuration, with one author.
pub fn git(folder: &Path, words: &[&str]) -> String {
    let mut command = Command::new("git");
    for name in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{name}_NAME"), "Anna").env(format!("GIT_{name}_EMAIL"), "anna@example.org");
    }
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.args(["-c", "protocol.file.allow=always", "-C"]).arg(folder).args(words);
    let output = command.output().unwrap();
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {words:?}: {talk}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Adds a source to the project's recipe, before everything else that comes in lists.
pub fn add_source(project: &Project, name: &str, address: &str, more: &str) {
    let table = format!("[[source]]\nname = \"{name}\"\ngit = \"{address}\"\n{more}\n[[user]]\n");
    project.edit("factory.toml", "[[user]]\n", &table);
}

/// Takes a path of a source into the image `core`.
pub fn use_in_image(project: &Project, src: &str, dst: &str) {
    let entry = format!("contents = [{{ src = \"{src}\", dst = \"{dst}\" }}, {{ src = \"etc\", dst");
    project.edit("factory.toml", "contents = [{ src = \"etc\", dst", &entry);
}

/// The files of the one checkout of a source.
pub fn checked_out(project: &Project, name: &str) -> Vec<String> {
    let found = checkouts(project, name);
    assert_eq!(found.len(), 1, "{found:?}");
    project.files(&format!(".factory/sources/{}/files", found[0]))
}

/// Fails when something half made is left, in a project whose daemon was not asked yet.
pub fn assert_nothing_half(project: &Project) {
    let left: Vec<String> = project.files("").into_iter().filter(|file| file.contains(".tmp")).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    let store = fs::read_dir(project.path(".factory/sources")).into_iter().flatten().flatten();
    let hidden: Vec<_> =
        store.map(|entry| entry.file_name()).filter(|name| name.to_string_lossy().starts_with('.')).collect();
    assert!(hidden.is_empty(), "left behind: {hidden:?}");
}

/// The folders of the checkouts of a source.
pub fn checkouts(project: &Project, name: &str) -> Vec<String> {
    let entries = fs::read_dir(project.path(".factory/sources")).into_iter().flatten().flatten();
    let start = format!("{name}-");
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    let mut found: Vec<String> = names.filter(|folder| folder.starts_with(&start)).collect();
    found.sort();
    found
}
