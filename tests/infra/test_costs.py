"""The costs in docs/operations.md: its units are those of the template, and its sums are right."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from aws_cdk.assertions import Template

from tests.infra.resources import only, properties

ROOT = Path(__file__).parent.parent.parent
PRECISION = Decimal("0.01")


class Row(NamedTuple):
    """A row of a table of costs."""

    name: str
    units: Decimal
    price: Decimal
    cost: Decimal


def tables() -> list[list[Row]]:
    """Return the first two tables: of a million searches, and of a month. Their last rows are sums."""
    [section] = re.findall(
        r"^## What it costs\n(.*?)(?=^## |\Z)", (ROOT / "docs/operations.md").read_text(), re.DOTALL | re.MULTILINE
    )
    blocks = [block for block in section.split("\n\n") if block.startswith("|")]
    return [list(_rows(block)) for block in blocks[:2]]


def _rows(block: str) -> Iterator[Row]:
    for line in block.splitlines()[2:]:
        name, units, price, cost = (cell.strip(" *") for cell in line.strip("|").split("|"))
        name = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", name)
        yield Row(name, _number(units), _number(price), Decimal(cost))


def _number(text: str) -> Decimal:
    """Read the number at the start, such as 18,000 or `1 million`. A price `a million` is that of one."""
    found = re.match(r"[\d.,]+", text)
    number = Decimal(found[0].replace(",", "")) if found else Decimal(0)
    if re.match(r"[\d.,]+ million", text):
        return number * 1_000_000
    return number / 1_000_000 if text.endswith("a million") else number


@pytest.mark.parametrize("table", tables(), ids=["a_million_searches", "a_month"])
def test_the_sums_are_right(table: list[Row]) -> None:
    *rows, total = table
    for row in rows:
        assert (row.units * row.price).quantize(PRECISION) == row.cost, row.name
    assert sum(row.cost for row in rows) == total.cost


def test_the_units_of_a_month_are_in_the_template(template: Template) -> None:
    _, a_month = tables()
    functions = properties(template, "AWS::Lambda::Function")
    alarms = properties(template, "AWS::CloudWatch::Alarm")
    filters = properties(template, "AWS::Logs::MetricFilter")
    counted = {
        "WAF web ACL": len(properties(template, "AWS::WAFv2::WebACL")),
        "WAF rules": len(only(template, "AWS::WAFv2::WebACL")["Rules"]),
        "SnapStart's snapshots, in GB": sum(
            function["MemorySize"] / 1024 for function in functions if "SnapStart" in function
        ),
        "KMS keys": len(properties(template, "AWS::KMS::Key")),
        "CloudWatch dashboards": len(properties(template, "AWS::CloudWatch::Dashboard")),
        # CloudWatch charges for each metric of an alarm's expression.
        "metrics in alarms": sum(
            sum("MetricStat" in metric for metric in alarm["Metrics"]) if "Metrics" in alarm else 1 for alarm in alarms
        ),
        # One with a dimension is as many metrics as the dimension has values.
        "metrics of our own": sum("Dimensions" not in one["MetricTransformations"][0] for one in filters),
    }
    assert {row.name: row.units for row in a_month[:-1]} == counted
