"""Sending mail with SES: one address, TLS only, with notifications of bounces and complaints."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_ses as ses
from constructs import Construct

from infra.function import Function
from infra.stage import Stage
from infra.topics import Topic


class Mail(Construct):
    """Bounces and complaints go to the topic `feedback`; links in mails begin with `page_url`."""

    def __init__(self, scope: Construct, stage: Stage, *, feedback: Topic, page_url: str) -> None:
        super().__init__(scope, "Mail")
        self._stage = stage
        self._page_url = page_url
        self._set = ses.ConfigurationSet(
            self,
            "Set",
            configuration_set_name=f"tallybook-{stage.name}",
            tls_policy=ses.ConfigurationSetTlsPolicy.REQUIRE,
            reputation_metrics=True,
        )
        self._identity = ses.EmailIdentity(
            self, "Identity", identity=ses.Identity.domain(stage.mail_domain), configuration_set=self._set
        )
        self._report_to(feedback)

    def grant(self, function: Function) -> None:
        recipients = [self._address_of("identity", "*")] if self._stage.ses_sandbox else []
        function.allow(
            ["ses:SendEmail"],
            self._identity.email_identity_arn,
            self._address_of("configuration-set", self._set.configuration_set_name),
            *recipients,
            only={"ses:FromAddress": self._stage.mail_address},
        )
        function.add_environment(
            MAIL_FROM=self._stage.mail_from,
            MAIL_CONFIGURATION_SET=self._set.configuration_set_name,
            PAGE_URL=self._page_url,
            BRAND=self._stage.brand,
        )

    @property
    def outputs(self) -> dict[str, str]:
        """The records that DNS needs before SES sends: each with its name, CNAME and its value."""
        if self._stage.name == "local":  # the emulated SES has no tokens
            return {}
        records = enumerate(self._identity.dkim_records, 1)
        return {f"DkimRecord{number}": f"{record.name} CNAME {record.value}" for number, record in records}

    def _address_of(self, resource: str, name: str) -> str:
        return Stack.of(self).format_arn(
            service="ses", resource=resource, resource_name=name, arn_format=ArnFormat.SLASH_RESOURCE_NAME
        )

    def _report_to(self, feedback: Topic) -> None:
        self._set.add_event_destination(
            "Feedback",
            destination=ses.EventDestination.sns_topic(feedback.topic),
            events=[ses.EmailSendingEvent.BOUNCE, ses.EmailSendingEvent.COMPLAINT],
        )
