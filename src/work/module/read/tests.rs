//! Every kind of mistake in `[[module]]`, as people see it: 80 columns, no colour.

use crate::recipe::read::tests::errors::{MINIMAL, error_of, errors};

/// A recipe for Windows.
fn windows(modules: &str) -> String {
    MINIMAL.replace("platforms = [\"debian-12\"]", "platforms = [\"windows-amd64\"]") + modules
}

errors! {
    module_keys: windows("[[module]]\nname = \"Python 3\"\nrequirements = \"nope.txt\"\nfolder = \"/opt/python\"\npython = \"3.12\"\n\
        strip = [\"Lib\\\\x\", \"/abs\", \"../up\"]\ncontents = [{ src = \"missing\" }, { dst = \"x\" }]\nruntime_dlls = \"nowhere\"\n\
        arch = \"x86\"\n[module.runtimes.\"3.12\"]\nkind = \"zip\"\n");
    module_without_keys: windows("[[module]]\n[[module]]\nname = \"a2\"\n[[module]]\nname = \"a2\"\nrequirements = \"Pipfile\"\n\
        folder = 'C:'\n[module.runtimes]\n");
    module_runtimes: windows("[[module]]\nname = \"a2\"\nrequirements = \"requirements.txt\"\nfolder = 'C:\\x\\y\\'\npython = \"3.12.9\"\n\
        [module.runtimes.\"3.13.1\"]\nkind = \"nuget\"\nurl = \"https://x.example.org/p.nupkg\"\n\
        [module.runtimes.\"3.13.2\"]\nkind = \"nuget\"\n\
        [module.runtimes.\"3.13.3\"]\nkind = \"nuget\"\nurl = \"http://x.example.org/p.nupkg\"\nsha256 = \"00\"\n\
        [module.runtimes.\"3.13.4\"]\nkind = \"nuget\"\nurl = \"https://x.example.org/p.nupkg\"\nfile = \"p.nupkg\"\n\
        [module.overrides.windows-arm64]\nname = \"other\"\n[module.overrides.windwos]\nstrip = []\n");
    module_version: windows("[[module]]\nname = \"a2\"\nrequirements = \"LICENSE\"\nfolder = 'C:\\x'\npython = \"3.12.9\"\n\
        [module.runtimes.\"3.13.1\"]\nkind = \"nuget\"\nfile = \"LICENSE\"\n");
}
