"""The stack: the search function behind a REST API, who may use it, and how it is watched."""

import aws_cdk as cdk
from constructs import Construct

from infra.alarms import Alarms, Watched
from infra.api import ContactSearchApi
from infra.dashboard import Dashboard
from infra.exports import ExportBucket, ExportStateMachine
from infra.firewall import Firewall
from infra.functions import AuthorizerFunction, ExportFunction, SearchFunction
from infra.heartbeat import Heartbeat
from infra.logs import LogGroups
from infra.metrics import Metrics
from infra.rollout import Rollout
from infra.settings import Settings, stack_name
from infra.storage import Storage


class ContactSearchStack(cdk.Stack):
    """Serve the contacts of one Amazon Connect instance over HTTP. Each stage has a stack, where its instance is."""

    def __init__(self, scope: Construct, stage: str, settings: Settings) -> None:
        super().__init__(
            scope,
            stack_name(stage),
            env=cdk.Environment(account=settings.instance.account, region=settings.instance.region),
            termination_protection=settings.termination_protection,
        )
        log_groups = LogGroups(self, "Logs", retention_days=settings.log_retention_days)
        storage = Storage(
            self, "Storage", cursor_keys=settings.cursor_keys, durable_table_name=settings.durable_table_name
        )
        export_bucket = ExportBucket(self, "ExportBucket", export_days=settings.export_days)
        export = ExportFunction(
            self,
            "ExportFunction",
            settings=settings,
            storage=storage,
            export_bucket=export_bucket,
            log_groups=log_groups,
        )
        state_machine = ExportStateMachine(
            self, "ExportStateMachine", stage=stage, worker=export.live, log_groups=log_groups
        )
        search = SearchFunction(
            self,
            "SearchFunction",
            settings=settings,
            storage=storage,
            export_bucket=export_bucket,
            export_state_machine_arn=state_machine.state_machine_arn,
            log_groups=log_groups,
        )
        authorizer = AuthorizerFunction(
            self, "AuthorizerFunction", settings=settings, storage=storage, log_groups=log_groups
        )
        api = ContactSearchApi(
            self,
            "Api",
            stage=stage,
            search=search.live,
            authorizer=authorizer.live,
            settings=settings,
            log_groups=log_groups,
        )
        watched = Watched(
            api=api,
            search=search,
            authorizer=authorizer,
            export=export,
            state_machine=state_machine,
            metrics=Metrics(
                self,
                "Metrics",
                stage=stage,
                search_logs=search.logs,
                authorizer_logs=authorizer.logs,
                export_logs=export.logs,
                access_logs=api.logs,
            ),
            firewall=self._firewall(api, settings, log_groups),
            heartbeat=self._heartbeat(api, settings, log_groups),
        )
        alarms = Alarms(self, "Alarms", watched=watched, settings=settings)
        Rollout(self, "Rollout", alias=search.live, alarms=alarms.search_rollback, pace=settings.rollout)
        Rollout(
            self,
            "AuthorizerRollout",
            alias=authorizer.live,
            alarms=alarms.authorizer_rollback,
            pace=settings.rollout,
        )
        dashboard = Dashboard(self, "Dashboard", watched=watched, quota_rate=settings.quota_rate)
        for key, value in settings.tags.items():
            cdk.Tags.of(self).add(key, value)
        outputs = {
            "Address": api.address,
            "ApiId": api.rest_api_id,
            "AlarmTopicArn": alarms.topic.topic_arn,
            "DashboardName": dashboard.dashboard_name,
            "ExportBucketName": export_bucket.bucket_name,
            "ExportStateMachineArn": state_machine.state_machine_arn,
            # scripts/clients finds the table and the plans by these.
            "DurableTableName": storage.durable_table.table_name,
            **{f"{name.title()}UsagePlanId": plan_id for name, plan_id in api.usage_plan_ids.items()},
        }
        if watched.firewall:
            outputs["WebAclArn"] = watched.firewall.acl.attr_arn
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)

    def _firewall(self, api: ContactSearchApi, settings: Settings, log_groups: LogGroups) -> Firewall | None:
        if settings.requests_per_address is None:
            return None
        return Firewall(
            self,
            "Firewall",
            api=api,
            settings=settings,
            requests_per_address=settings.requests_per_address,
            log_groups=log_groups,
        )

    def _heartbeat(self, api: ContactSearchApi, settings: Settings, log_groups: LogGroups) -> Heartbeat | None:
        if not settings.watches_heartbeat:
            return None
        return Heartbeat(self, "Heartbeat", address=api.address, log_groups=log_groups)
