"""The interactive documentation: Swagger UI, all in one page, so that it works without any other server."""

import json
from importlib.resources import files
from typing import Any

from rest.openapi import document

_ASSETS = files("aws_lambda_powertools.event_handler.openapi.swagger_ui")


def page() -> str:
    """The HTML page."""
    script = (_ASSETS / "swagger-ui-bundle.min.js").read_text(encoding="utf-8")
    style = (_ASSETS / "swagger-ui.min.css").read_text(encoding="utf-8")
    specification = json.dumps(_to_try_out()).replace("</", "<\\/")  # nothing in it may end the script
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
SwaggerUIBundle({{dom_id: "#documentation", deepLinking: true, tryItOutEnabled: true, spec: {specification}}});
</script>
</body>
</html>
"""


def _to_try_out() -> dict[str, Any]:
    """The document for Swagger UI, which fills in every example: all but one move to the descriptions."""
    specification = document()
    get = specification["paths"]["/v1/contacts"]["get"]
    parameters = [one if one["name"] == "last" else _without_example(one) for one in get["parameters"]]
    paths = specification["paths"] | {"/v1/contacts": {"get": get | {"parameters": parameters}}}
    return specification | {"paths": paths}


def _without_example(parameter: dict[str, Any]) -> dict[str, Any]:
    example = parameter["example"][0] if isinstance(parameter["example"], list) else parameter["example"]
    described = parameter | {"description": f"{parameter['description']} Example: `{example}`"}
    del described["example"]
    return described
