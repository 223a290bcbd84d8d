"""The interactive documentation: Swagger UI, all in one page, so that it works without any other server."""

import json
from importlib.resources import files

from rest.openapi import document

_ASSETS = files("aws_lambda_powertools.event_handler.openapi.swagger_ui")


def page() -> str:
    """The HTML page."""
    script = (_ASSETS / "swagger-ui-bundle.min.js").read_text(encoding="utf-8")
    style = (_ASSETS / "swagger-ui.min.css").read_text(encoding="utf-8")
    specification = json.dumps(document()).replace("</", "<\\/")  # nothing in it may end the script
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
