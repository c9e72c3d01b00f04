"""The JSON schemas of the package."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

import jsonschema


@cache
def validator(name: str) -> jsonschema.Draft7Validator:
    """The validator of schemas/<name>.json."""
    text = resources.files("canopsis").joinpath("schemas", f"{name}.json").read_text("utf-8")
    return jsonschema.Draft7Validator(
        json.loads(text), format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER
    )


def fault(name: str, document: object) -> str | None:
    """What is wrong with a document, in one line; None if nothing is."""
    error = jsonschema.exceptions.best_match(validator(name).iter_errors(document))
    return f"{error.json_path}: {error.message}" if error else None
