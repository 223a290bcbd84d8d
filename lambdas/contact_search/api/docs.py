"""Write the interactive documentation: Swagger UI in one page, so that it works offline."""

import json
from datetime import date
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from contact_search.api.openapi import document
from contact_search.api.route_table import CONTACTS
from contact_search.search.query_parameters import PARAMETER_GROUPS


@lru_cache(maxsize=1)
def page(today: date) -> str:
    """Return the HTML page. The examples are of this day."""
    files = _swagger_ui_files()
    script = (files / "swagger-ui-bundle.js").read_text(encoding="utf-8")
    style = (files / "swagger-ui.css").read_text(encoding="utf-8")
    specification = json.dumps(_without_values(document(today))).replace("</", "<\\/")  # nothing may end the script
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Contact search</title>
<link rel="icon" href="data:,">
<style>{style}
.swagger-ui .parameter-group th {{ padding: 1.5em 0 0; font-size: 1rem; text-align: left; }}</style>
</head>
<body>
<div id="documentation"></div>
<script>{script}</script>
<script>
const specification = {specification};
// The API is where this page is: behind a stage or a base path, if it has one.
const server = window.location.href.split(/[?#]/)[0].replace(/\\/docs\\/*$/, "");
specification.servers = [{{url: server}}];
const withHeadings = ({{React}}) => (Row) => (row) => {{
  const heading = row.rawParam.get("x-heading");
  const cell = React.createElement("th", {{colSpan: 2, scope: "rowgroup"}}, heading);
  const first = heading && React.createElement("tr", {{className: "parameter-group"}}, cell);
  return React.createElement(React.Fragment, null, first, React.createElement(Row, row));
}};
SwaggerUIBundle({{
  spec: specification,
  dom_id: "#documentation",
  deepLinking: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  plugins: [(system) => ({{wrapComponents: {{parameterRow: withHeadings(system)}}}})],
}});
</script>
</body>
</html>
"""


def _swagger_ui_files() -> Path:
    """Find the files without importing the package: its code is a Flask blueprint, and Flask is not deployed."""
    spec = find_spec("flask_swagger_ui")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("flask-swagger-ui is not installed")
    return Path(spec.submodule_search_locations[0]) / "dist"


def _without_values(specification: dict[str, Any]) -> dict[str, Any]:
    """Describe examples and defaults in words: Swagger UI would fill them in, and send all of them."""
    paths = {
        path: {method: _without_values_in(operation) for method, operation in item.items()}
        for path, item in specification["paths"].items()
    }
    contacts = paths[CONTACTS.path]["get"]
    contacts["parameters"] = _grouped(contacts["parameters"])
    return specification | {"paths": paths}


def _without_values_in(operation: dict[str, Any]) -> dict[str, Any]:
    if "parameters" not in operation:
        return operation
    return operation | {"parameters": list(map(_describe_values, operation["parameters"]))}


def _describe_values(parameter: dict[str, Any]) -> dict[str, Any]:
    if parameter["required"]:
        return parameter
    schema, example = dict(parameter["schema"]), parameter["example"]
    default = schema.pop("default", None)
    if isinstance(example, list):
        example = example[0]
    text = json.dumps(example) if isinstance(example, dict) else str(example)
    description = f"{parameter['description']} Example: `{text}`"
    if default is not None:
        description += f" Default: `{default if isinstance(default, str) else json.dumps(default)}`"
    described = parameter | {"description": description, "schema": schema}
    del described["example"]
    if schema.get("type") == "object":
        described["examples"] = {}  # Swagger UI would make one up
    return described


def _grouped(parameters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort the parameters by group. The first of each group has the heading."""
    by_heading: dict[str, list[dict[str, Any]]] = {heading: [] for heading in (*PARAMETER_GROUPS, "Headers")}
    for parameter in parameters:
        by_heading["Headers" if parameter["in"] == "header" else _heading(parameter["name"])].append(parameter)
    return [
        parameter | ({"x-heading": heading} if number == 0 else {})
        for heading, members in by_heading.items()
        for number, parameter in enumerate(members)
    ]


def _heading(name: str) -> str:
    headings = [heading for heading, members in PARAMETER_GROUPS.items() if name.partition(".")[0] in members]
    if not headings:
        raise LookupError(f"PARAMETER_GROUPS in query_parameters.py has no heading for the parameter {name}")
    return headings[0]
