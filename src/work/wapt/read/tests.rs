//! Every kind of mistake in `[[wapt]]`, as people see it: 80 columns, no colour.

use crate::recipe::read::tests::errors::{MINIMAL, error_of, errors, example_with};

errors! {
    wapt_attributes: MINIMAL.to_owned()
        + "[[wapt]]\npackage = \"Tis Hello\"\nversion = \"1.0b\"\narchitecture = [\"x64\", \"amd64\"]\nsection = \"games\"\n"
        + "maturity = \"PROD,DEV\"\nlocale = [\"fr_FR\"]\ntarget_os = \"windows(10)\"\ndepends = [\"tis-x (>=1.0)\", \"tis-y(<>1)\"]\n"
        + "audit_schedule = \"daily\"\nvalid_from = \"tomorrow\"\nmin_os_version = \">=10\"\nhomepage = \"example.org\"\n"
        + "package_uuid = \"x\"\nname = \"\"\ndescription = \"a\\u2028b\"\nlicnce = \"MIT\"\n";
    wapt_attributes_together: MINIMAL.to_owned()
        + "[[wapt]]\npackage = \"tis-a\"\ndepends = [\"tis-a(>=1.0-0)\"]\nvalid_from = \"2026-02-01T00:00:00\"\n"
        + "valid_until = \"2026-01-01T00:00:00\"\nmin_os_version = \"10\"\nmax_os_version = \"6.1\"\nlicense = \"a\"\nlicence = \"b\"\n"
        + "[[wapt]]\npackage = \"tis-a\"\n[[wapt]]\nplatform = \"rocky-9\"\n";
    wapt_contents: MINIMAL.to_owned()
        + "[[wapt]]\npackage = \"tis-a\"\ndir = \"etc\"\nsetup = \"nope.py\"\nfrom = \"nowhere\"\n"
        + "contents = [{ src = \"../x\" }, { src = \"missing\" }, { package = \"shop\" }, { dst = \"y\" }]\n"
        + "[[wapt]]\npackage = \"tis-b\"\nfile_name = \"1.7\"\n"
        + "contents = [{ src = \"/out/x\" }, { src = \"etc\", dst = \"/abs\" }, { src = \"etc\", package = \"b\" }]\n";
    unknown_placeholders: example_with(&[
        ("description = \"Canopsis: engines and web server\"", "description = \"Canopsis {{vresion}}\""),
        ("\"canopsis-core (= {{version}})\"", "\"canopsis-core (= {{vresion}})\""),
        ("copyright = \"2015", "copyright = \"{{version}} 2015"),
    ]) + "[[source]]\nname = \"bricks\"\ngit = \"../bricks\"\nref = \"{{brnach}}\"\n"
        + "[[wapt]]\npackage = \"tis-x\"\nversion = \"{{vresion}}-{{release}}\"\nname = \"X {{tag}}\"\ndepends = [\"tis-y(={{ version }})\"]\n";
}
