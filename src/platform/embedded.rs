//! The platforms that the program brings along. To add one, put its file into `platforms/` and its name here.

macro_rules! embedded {
    ($($id:literal),+ $(,)?) => {
        &[$(($id, include_str!(concat!("../../platforms/", $id, ".toml")))),+]
    };
}

/// Ids and texts.
pub(super) const EMBEDDED: &[(&str, &str)] = embedded!["debian-12"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_brought_along() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("platforms");
        let mut files: Vec<String> = fs_err::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".toml").map(str::to_owned))
            .collect();
        files.sort();
        let mut listed: Vec<&str> = EMBEDDED.iter().map(|(id, _)| *id).collect();
        listed.sort_unstable();
        assert_eq!(files, listed, "platforms/ and EMBEDDED differ");
    }
}
