"""Route the pages that explain the types of problems."""

import json
from base64 import b64encode
from hashlib import sha256
from html import escape
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from contact_search.api.accept import choose_media_type
from contact_search.api.headers import read_header
from contact_search.api.page_response import JSON
from contact_search.api.problem import NOT_FOUND, RefusedError
from contact_search.api.problem_types import PROBLEM_TYPES, ProblemType
from contact_search.api.route_table import PROBLEMS

HTML = "text/html"
_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; }
h1 + p { margin-top: 0; }
h2 { font-size: 1rem; margin-bottom: 0; }
h2 + p { margin-top: 0.25rem; }
ul { columns: 14rem; padding-left: 1.2rem; }
"""

router = APIGatewayRouter()


@router.route(PROBLEMS.rule, list(PROBLEMS.methods))
def get_problem_type(type: str) -> Response[str]:  # noqa: A002 - the path parameter's name in the contract
    """Explain a type of problem, to people as HTML and to programs as JSON."""
    media_type = choose_media_type(read_header(router.current_event, "accept"), JSON, HTML)
    if type not in PROBLEM_TYPES:
        raise RefusedError(NOT_FOUND)
    headers = {"Cache-Control": "public, max-age=300", "Vary": "Accept, Accept-Encoding, Origin"}
    if media_type == JSON:
        return Response(HTTPStatus.OK, JSON, _to_json(type, PROBLEM_TYPES[type]), headers)
    digest = b64encode(sha256(_STYLE.encode()).digest()).decode()
    headers["Content-Security-Policy"] = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'"
    return Response(HTTPStatus.OK, f"{HTML}; charset=utf-8", _to_html(type, PROBLEM_TYPES[type]), headers)


def _to_json(name: str, problem_type: ProblemType) -> str:
    status, title, meaning, remedy = problem_type
    members = {"type": f"/problems/{name}", "title": title, "status": status, "meaning": meaning, "remedy": remedy}
    return json.dumps(members, separators=(",", ":"))


def _to_html(name: str, problem_type: ProblemType) -> str:
    others = "\n".join(f'<li><a href="{other}">{other}</a></li>' for other in sorted(PROBLEM_TYPES) if other != name)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{escape(problem_type.title)}</title>
<link rel="icon" href="data:,">
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(problem_type.title)}</h1>
<p><code>/problems/{name}</code>, status {problem_type.status.value}</p>
<h2>What it means</h2>
<p>{escape(problem_type.meaning)}</p>
<h2>What to do</h2>
<p>{escape(problem_type.remedy)}</p>
<h2>Other problems</h2>
<ul>
{others}
</ul>
</main>
</body>
</html>
"""
