"""The firewall (AWS WAF) in front of the API. API Gateway answers what it blocks with the problem of WAF_FILTERED.

Source of the rules' names: AWS WAF developer guide, "AWS Managed Rules rule groups list". A rule that a group does not
have makes the deployment fail, so tests/infra/test_stack.py compares COUNTED_RULES with a copy of that list.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.logs import LogGroups
from infra.settings import Settings

# Search text may look like HTML, SQL or a path, be long, and come from programs without a User-Agent. So the rules
# that inspect it only count, and there is no rule group for SQL at all.
COUNTED_RULES = {
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
# API Gateway takes no longer request line than this, and the service's longest GET is shorter.
LONGEST_QUERY = 10_240
# The function refuses a body of over 1 MiB. WAF sees no more than the beginning of a body, so this reads the header.
_TEN_MILLION_OR_MORE = r"^\d{8,}$"

_Statement = wafv2.CfnWebACL.StatementProperty
_Action = wafv2.CfnWebACL.RuleActionProperty
_BLOCK = _Action(block={})
_Networks = Sequence[IPv4Network | IPv6Network]


class _Rule(NamedTuple):
    """A rule of the web ACL. One without an action is a rule group, whose own rules have theirs."""

    name: str
    statement: _Statement
    action: _Action | None = None

    def at(self, priority: int) -> wafv2.CfnWebACL.RuleProperty:
        none = wafv2.CfnWebACL.OverrideActionProperty(none={})
        return wafv2.CfnWebACL.RuleProperty(
            name=self.name,
            priority=priority,
            statement=self.statement,
            action=self.action,
            override_action=none if self.action is None else None,
            visibility_config=_visibility(self.name),
        )


class Firewall(Construct):
    """Block floods, oversized requests, listed addresses, and what AWS's managed rules know."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: apigateway.RestApi,
        settings: Settings,
        requests_per_address: int,
        log_groups: LogGroups,
    ) -> None:
        """Make the web ACL and put it in front of the API.

        Args:
            requests_per_address: Requests that one address may send in 5 minutes.
        """
        super().__init__(scope, construct_id)
        self._name = cdk.Stack.of(self).stack_name
        rules = [
            *self._address_rules("Blocked", settings.blocked_addresses, _BLOCK),
            # Allowing ends the evaluation: these addresses are exempt from all rules below.
            *self._address_rules("Allowed", settings.allowed_addresses, _Action(allow={})),
            _Rule("RatePerAddress", _rate_statement(requests_per_address), _BLOCK),
            _Rule("LongQuery", _long_query_statement(), _BLOCK),
            _Rule("LargeBody", _large_body_statement(), _BLOCK),
            *(_Rule(group, _managed_statement(group, counted)) for group, counted in COUNTED_RULES.items()),
        ]
        self.acl = wafv2.CfnWebACL(
            self,
            "WebAcl",
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visibility(self._name),
            rules=[rule.at(priority) for priority, rule in enumerate(rules)],
        )
        wafv2.CfnWebACLAssociation(
            self, "Association", resource_arn=api.deployment_stage.stage_arn, web_acl_arn=self.acl.attr_arn
        )
        self._log_blocks(log_groups)

    def blocked_requests(self) -> cloudwatch.Metric:
        """Return the count of blocked requests, by all rules together."""
        return self._metric("ALL")

    def blocked_requests_by_rule(self) -> list[cloudwatch.Metric]:
        names = ["BlockedAddresses", "RatePerAddress", "LongQuery", "LargeBody", *COUNTED_RULES]
        return [self._metric(name) for name in names]

    def _metric(self, rule: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/WAFV2",
            metric_name="BlockedRequests",
            statistic="Sum",
            dimensions_map={"WebACL": self._name, "Region": cdk.Stack.of(self).region, "Rule": rule},
            label=rule,
        )

    def _address_rules(self, name: str, networks: _Networks, action: _Action) -> list[_Rule]:
        """Make a rule for the addresses, if there are any. An IP set holds addresses of one version."""
        statements = []
        for version in (4, 6):
            if addresses := [str(network) for network in networks if network.version == version]:
                ip_set = wafv2.CfnIPSet(
                    self, f"{name}V{version}", ip_address_version=f"IPV{version}", scope="REGIONAL", addresses=addresses
                )
                statements.append(
                    _Statement(
                        ip_set_reference_statement=wafv2.CfnWebACL.IPSetReferenceStatementProperty(arn=ip_set.attr_arn)
                    )
                )
        if not statements:
            return []
        either = _Statement(or_statement=wafv2.CfnWebACL.OrStatementProperty(statements=statements))
        return [_Rule(f"{name}Addresses", statements[0] if len(statements) == 1 else either, action)]

    def _log_blocks(self, log_groups: LogGroups) -> None:
        """Log the requests that are blocked, without what may hold search text or credentials.

        WAF never logs bodies. It wants log groups whose names begin with aws-waf-logs-.
        """
        stack = cdk.Stack.of(self)
        # The group outlives the stack, so a later stack of the same name needs another one.
        unique = cdk.Fn.select(2, cdk.Fn.split("/", stack.stack_id))
        group = log_groups.add("Firewall", f"aws-waf-logs-{self._name}-{unique}")
        arn = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=group.log_group_name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        keep_blocks = {
            "DefaultBehavior": "DROP",
            "Filters": [
                {
                    "Behavior": "KEEP",
                    "Requirement": "MEETS_ANY",
                    "Conditions": [{"ActionCondition": {"Action": "BLOCK"}}],
                }
            ],
        }
        redacted: list[wafv2.CfnLoggingConfiguration.FieldToMatchProperty] = [
            wafv2.CfnLoggingConfiguration.FieldToMatchProperty(query_string={}),
            wafv2.CfnLoggingConfiguration.FieldToMatchProperty(uri_path={}),
            *(
                wafv2.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": name})
                for name in ("authorization", "x-api-key", "cookie")
            ),
        ]
        wafv2.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self.acl.attr_arn,
            log_destination_configs=[arn],
            redacted_fields=redacted,
            logging_filter=keep_blocks,
        )


def _rate_statement(limit: int) -> _Statement:
    rate = wafv2.CfnWebACL.RateBasedStatementProperty(limit=limit, aggregate_key_type="IP", evaluation_window_sec=300)
    return _Statement(rate_based_statement=rate)


def _long_query_statement() -> _Statement:
    return _Statement(
        size_constraint_statement=wafv2.CfnWebACL.SizeConstraintStatementProperty(
            field_to_match=wafv2.CfnWebACL.FieldToMatchProperty(query_string={}),
            comparison_operator="GT",
            size=LONGEST_QUERY,
            text_transformations=[_no_transformation()],
        )
    )


def _large_body_statement() -> _Statement:
    return _Statement(
        regex_match_statement=wafv2.CfnWebACL.RegexMatchStatementProperty(
            field_to_match=wafv2.CfnWebACL.FieldToMatchProperty(single_header={"Name": "content-length"}),
            regex_string=_TEN_MILLION_OR_MORE,
            text_transformations=[_no_transformation()],
        )
    )


def _managed_statement(group: str, counted: Sequence[str]) -> _Statement:
    count = _Action(count={})
    return _Statement(
        managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
            vendor_name="AWS",
            name=group,
            rule_action_overrides=[
                wafv2.CfnWebACL.RuleActionOverrideProperty(name=rule, action_to_use=count) for rule in counted
            ],
        )
    )


def _no_transformation() -> wafv2.CfnWebACL.TextTransformationProperty:
    return wafv2.CfnWebACL.TextTransformationProperty(priority=0, type="NONE")


def _visibility(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    """Show rules in metrics but not by samples, which would hold search text and credentials."""
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
