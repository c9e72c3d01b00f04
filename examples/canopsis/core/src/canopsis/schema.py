"""The JSON schemas of the package."""

import json
import pkgutil

import jsonschema

_validators = {}


def validator(name):
    """The validator (jsonschema.Draft7Validator) of schemas/<name>.json."""
    if name not in _validators:
        content = pkgutil.get_data("canopsis", "schemas/%s.json" % name)
        _validators[name] = jsonschema.Draft7Validator(
            json.loads(content.decode("utf-8")), format_checker=jsonschema.FormatChecker()
        )
    return _validators[name]


def fault(name, document):
    """What is wrong with a document, in one line (str); None if nothing is."""
    error = jsonschema.exceptions.best_match(validator(name).iter_errors(document))
    return "%s: %s" % (_path(error), error.message) if error else None


def _path(error):
    path = "$"
    for part in error.absolute_path:
        path += "[%d]" % part if isinstance(part, int) else ".%s" % part
    return path
