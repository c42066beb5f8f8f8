"""Files of results: their format, checking, loading and saving.

result.schema.json describes the format.
"""

import json
import os

from bench_tools.failure import Failure

FORMAT = "appcache-bench"
VERSION = 1

_SCHEMA = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "result.schema.json"
)

_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}


def schema():
    with open(_SCHEMA, encoding="utf-8") as file:
        return json.load(file)


def _is_of(value, name):
    if name in ("number", "integer"):
        kinds = (int,) if name == "integer" else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool)
    return isinstance(value, _TYPES[name])


def _check(value, rule, root, where):
    """Checks what the schema uses of JSON Schema: $ref, type, const, enum,
    minimum, required, properties, additionalProperties, items, minItems."""
    if "$ref" in rule:
        rule = root["$defs"][rule["$ref"].rsplit("/", 1)[1]]
    if "type" in rule:
        names = rule["type"]
        names = [names] if isinstance(names, str) else names
        if not any(_is_of(value, name) for name in names):
            raise Failure(f"{where}: expected {' or '.join(names)}")
    if "const" in rule and value != rule["const"]:
        raise Failure(f"{where}: expected {json.dumps(rule['const'])}")
    if "enum" in rule and value not in rule["enum"]:
        raise Failure(f"{where}: expected one of {rule['enum']}")
    if "minimum" in rule and _is_of(value, "number"):
        if not value >= rule["minimum"]:  # NaN is not, either.
            raise Failure(f"{where}: expected at least {rule['minimum']}")
    if isinstance(value, dict):
        for name in rule.get("required", ()):
            if name not in value:
                raise Failure(f'{where}: "{name}" is missing')
        others = rule.get("additionalProperties", {})
        for name, item in value.items():
            inner = rule.get("properties", {}).get(name, others)
            if inner is False:
                raise Failure(f'{where}: unknown field "{name}"')
            _check(item, inner, root, f"{where}.{name}")
    if isinstance(value, list):
        if len(value) < rule.get("minItems", 0):
            raise Failure(f"{where}: expected {rule['minItems']} items or more")
        for i, item in enumerate(value):
            _check(item, rule.get("items", {}), root, f"{where}[{i}]")


def check(result, where="result"):
    """Failure with the path of the first field that is wrong."""
    if not isinstance(result, dict) or result.get("format") != FORMAT:
        raise Failure(
            f"{where} is no result of tools/bench or tools/bench-compare:"
            f' expected "format": "{FORMAT}"'
        )
    if result.get("version") != VERSION:
        raise Failure(
            f"{where} has version {result.get('version')} of the format;"
            f" this program reads version {VERSION}"
        )
    root = schema()
    _check(result, root, root, where)


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
    except OSError as error:
        raise Failure(
            f"cannot open {path}: {error.strerror};"
            " expected a result.json of tools/bench"
        ) from error
    except ValueError as error:
        raise Failure(
            f"{path} is not JSON ({error}); expected a result.json of tools/bench"
        ) from error
    check(result, path)
    if not (
        result["samples"]
        or result["latency"]
        or result["curves"]
        or result.get("comparison")
    ):
        raise Failure(f"{path} has no measurements; run tools/bench again")
    return result


def save(result, path):
    """Writes the file as a whole or not at all."""
    check(result)
    temporary = f"{path}.tmp"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(result, file, allow_nan=False, separators=(",", ":"))
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
