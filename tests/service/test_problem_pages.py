"""What a type of problem means, asked for by the type that a problem names."""

import json
from pathlib import Path

from tests.conftest import Api


def test_the_type_of_a_problem_leads_to_its_explanation(api: Api) -> None:
    problem = api.get(last="x").json
    anybody = api.as_client(None)
    explained = anybody.send("GET", problem["type"])
    assert (explained.status, explained.json["title"]) == (200, problem["title"])
    assert explained.json["status"] == problem["status"]
    page = anybody.send("GET", problem["type"], headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert explained.json["remedy"].split(":")[0] in page.text.replace("&#x27;", "'")
    assert anybody.send("HEAD", problem["type"]).status == 200
    assert anybody.send("GET", "/problems/validation", headers={"accept": "image/png"}).status == 406


def test_an_unknown_type_or_a_folder_of_types_is_a_404(api: Api) -> None:
    for path in ("/problems/unknown", "/problems/a%2Fb", "/problems", "/problems/", "/problems/validation/x"):
        answer = api.as_client(None).send("GET", path)
        assert (answer.status, answer.json["type"]) == (404, "/problems/not-found"), path


def test_the_sample_in_the_guide_is_what_is_answered(api: Api) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guide.md").read_text()
    [sample] = [line for line in guide.splitlines() if line.startswith('{"type": "/problems/throttled"')]
    assert json.loads(sample) == api.send("GET", "/problems/throttled").json
