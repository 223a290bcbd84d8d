"""The stack: the search function behind a REST API."""

import aws_cdk as cdk
from constructs import Construct

from infra.cursor_key import CursorKey
from infra.rest_api import ContactSearchApi
from infra.search_function import SearchFunction
from infra.transient_table import TransientTable


class ContactSearchStack(cdk.Stack):
    """Contacts of one Amazon Connect instance (context `connect_instance_arn`) over HTTP."""

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        instance_arn = self.node.get_context("connect_instance_arn")
        key = CursorKey(self, "CursorKey")
        table = TransientTable(self, "TransientTable")
        function = SearchFunction(
            self, "SearchFunction", instance_arn=instance_arn, cursor_key=key, transient_table=table
        )
        ContactSearchApi(self, "Api", search=function)
