"""Write the interactive documentation: Swagger UI in one page, so that it works offline."""

import json
from datetime import date
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from contact_search.api.openapi import document
from contact_search.api.route_table import CONTACT, CONTACTS


@lru_cache(maxsize=1)
def page(today: date) -> str:
    """Return the HTML page. The examples are of this day."""
    files = _swagger_ui_files()
    script = (files / "swagger-ui-bundle.js").read_text(encoding="utf-8")
    style = (files / "swagger-ui.css").read_text(encoding="utf-8")
    specification = json.dumps(_with_one_example(document(today))).replace("</", "<\\/")  # nothing may end the script
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Contact search</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<div id="documentation"></div>
<script>{script}</script>
<script>
const specification = {specification};
// The API is where this page is: behind a stage or a base path, if it has one.
const server = window.location.href.split(/[?#]/)[0].replace(/\\/docs\\/*$/, "");
specification.servers = [{{url: server}}];
SwaggerUIBundle({{
  spec: specification,
  dom_id: "#documentation",
  deepLinking: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
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


def _with_one_example(specification: dict[str, Any]) -> dict[str, Any]:
    """Move all examples but one of parameters to the descriptions: Swagger UI would send every example."""
    paths = dict(specification["paths"])
    for path in (CONTACTS.path, CONTACT.path):
        operation = paths[path]["get"]
        parameters = [
            parameter if parameter["name"] == "last" or parameter["in"] == "path" else _describe_example(parameter)
            for parameter in operation["parameters"]
        ]
        paths[path] = {"get": operation | {"parameters": parameters}}
    return specification | {"paths": paths}


def _describe_example(parameter: dict[str, Any]) -> dict[str, Any]:
    example = parameter["example"]
    if isinstance(example, list):
        example = example[0]
    text = json.dumps(example) if isinstance(example, dict) else str(example)
    described = parameter | {"description": f"{parameter['description']} Example: `{text}`"}
    del described["example"]
    return described
