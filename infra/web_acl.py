"""The firewall (AWS WAF) in front of the API. What it blocks API Gateway answers as a problem: WAF_FILTERED.

Source of the names: AWS WAF developer guide, "AWS Managed Rules rule groups list".
"""

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

# Search text may look like HTML, SQL or a path, be long, and come from programs without a User-Agent. So the rules
# that look into it only count; there is no rule group for SQL at all.
_COUNTED = {
    "AWSManagedRulesCommonRuleSet": (
        *("SizeRestrictions_QUERYSTRING", "SizeRestrictions_BODY", "SizeRestrictions_URIPATH"),
        *("CrossSiteScripting_QUERYARGUMENTS", "CrossSiteScripting_BODY"),
        *("GenericLFI_QUERYARGUMENTS", "GenericLFI_BODY", "GenericRFI_QUERYARGUMENTS", "GenericRFI_BODY"),
        *("EC2MetaDataSSRF_QUERYARGUMENTS", "EC2MetaDataSSRF_BODY"),
        *("RestrictedExtensions_QUERYARGUMENTS", "NoUserAgent_HEADER"),
    ),
    "AWSManagedRulesKnownBadInputsRuleSet": (
        *("Log4JRCE_QUERYSTRING", "Log4JRCE_BODY"),
        *("JavaDeserializationRCE_QUERYSTRING", "JavaDeserializationRCE_BODY"),
        *("ReactJSRCE_BODY",),
    ),
    "AWSManagedRulesAmazonIpReputationList": (),
}
# API Gateway takes no longer request line than this, and the longest GET of the service is shorter. A body of over
# 1 MiB is the function's to refuse. WAF sees no more than the beginning of one, so their length is read off the header.
LONGEST_QUERY = 10_240
_TEN_MILLION_OR_MORE = r"^\d{8,}$"


class WebAcl(wafv2.CfnWebACL):
    """AWS's managed rules, sizes, and how often one address may ask."""

    def __init__(self, scope: Construct, name: str, *, api: apigateway.RestApi, requests_per_address: int) -> None:
        """`requests_per_address` are in 5 minutes."""
        rate = wafv2.CfnWebACL.RateBasedStatementProperty(
            limit=requests_per_address, aggregate_key_type="IP", evaluation_window_sec=300
        )
        statements = [
            ("RatePerAddress", wafv2.CfnWebACL.StatementProperty(rate_based_statement=rate)),
            ("LongQuery", _long_query()),
            ("LargeBody", _large_body()),
        ]
        rules = [_rule(name, priority, statement) for priority, (name, statement) in enumerate(statements)]
        rules += [_managed(group, len(rules) + number) for number, group in enumerate(_COUNTED)]
        super().__init__(
            scope,
            name,
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visible(name),
            rules=rules,
        )
        wafv2.CfnWebACLAssociation(
            scope, f"{name}Association", resource_arn=api.deployment_stage.stage_arn, web_acl_arn=self.attr_arn
        )


def _rule(name: str, priority: int, statement: wafv2.CfnWebACL.StatementProperty) -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        statement=statement,
        action=wafv2.CfnWebACL.RuleActionProperty(block={}),
        visibility_config=_visible(name),
    )


def _managed(group: str, priority: int) -> wafv2.CfnWebACL.RuleProperty:
    count = wafv2.CfnWebACL.RuleActionProperty(count={})
    managed = wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
        vendor_name="AWS",
        name=group,
        rule_action_overrides=[
            wafv2.CfnWebACL.RuleActionOverrideProperty(name=name, action_to_use=count) for name in _COUNTED[group]
        ],
    )
    return wafv2.CfnWebACL.RuleProperty(
        name=group,
        priority=priority,
        statement=wafv2.CfnWebACL.StatementProperty(managed_rule_group_statement=managed),
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        visibility_config=_visible(group),
    )


def _long_query() -> wafv2.CfnWebACL.StatementProperty:
    return wafv2.CfnWebACL.StatementProperty(
        size_constraint_statement=wafv2.CfnWebACL.SizeConstraintStatementProperty(
            field_to_match=wafv2.CfnWebACL.FieldToMatchProperty(query_string={}),
            comparison_operator="GT",
            size=LONGEST_QUERY,
            text_transformations=[_as_it_is()],
        )
    )


def _large_body() -> wafv2.CfnWebACL.StatementProperty:
    return wafv2.CfnWebACL.StatementProperty(
        regex_match_statement=wafv2.CfnWebACL.RegexMatchStatementProperty(
            field_to_match=wafv2.CfnWebACL.FieldToMatchProperty(single_header={"Name": "content-length"}),
            regex_string=_TEN_MILLION_OR_MORE,
            text_transformations=[_as_it_is()],
        )
    )


def _as_it_is() -> wafv2.CfnWebACL.TextTransformationProperty:
    return wafv2.CfnWebACL.TextTransformationProperty(priority=0, type="NONE")


def _visible(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    """In metrics, but not by samples: these would show search text and credentials."""
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
