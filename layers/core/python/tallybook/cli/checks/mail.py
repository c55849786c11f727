"""Sending mail: the account's rights at SES, the domain, and where bounces are reported."""

from tallybook.cli.aws import stack_resources
from tallybook.cli.checks import Finding, Findings, Problem, Site, summed_up

_NEARLY_USED = 0.8
_REPORTED = {"BOUNCE", "COMPLAINT"}


def check_sending(site: Site) -> Findings:
    account = site.client("sesv2").get_account()
    problems = []
    if not account["SendingEnabled"]:
        problems.append(Problem("AWS stopped the account's sending", "answer AWS's case in the SES console"))
    if account.get("EnforcementStatus", "HEALTHY") != "HEALTHY":
        status = account["EnforcementStatus"]
        problems.append(Problem(f"the account is under {status}", "lower bounces and complaints", "warning"))
    if not account["ProductionAccessEnabled"]:
        to_do = "request production access in the SES console"
        problems.append(Problem("SES is in its sandbox: only verified addresses get mail", to_do, "warning"))
    quota = account.get("SendQuota", {})
    most, sent = quota.get("Max24HourSend", 0), quota.get("SentLast24Hours", 0)
    if 0 < most <= sent / _NEARLY_USED:
        problems.append(Problem(f"{sent:.0f} of {most:.0f} mails of 24 hours are sent", "raise the quota", "warning"))
    yield summed_up("mail account", problems, fine=f"sends; {sent:.0f} of {most:.0f} mails in 24 hours")


def check_domain(site: Site) -> Findings:
    for identity in stack_resources("SES::EmailIdentity"):
        check = f"mail domain {identity.id}"
        if site.emulated:
            yield Finding(check, "not checked", "the emulated cloud asks no DNS")
            continue
        found = site.client("sesv2").get_email_identity(EmailIdentity=identity.id)
        dkim = found.get("DkimAttributes", {}).get("Status", "NOT_STARTED")
        problems = []
        if not found.get("VerifiedForSendingStatus"):
            problems.append(Problem("it is not verified, so that no mail is sent", _RECORDS))
        if dkim != "SUCCESS":
            problems.append(Problem(f"DKIM is {dkim}", _RECORDS))
        yield summed_up(check, problems, fine="verified, with DKIM")


def check_feedback(site: Site) -> Findings:
    for found in stack_resources("SES::ConfigurationSet"):
        sesv2 = site.client("sesv2")
        answer = sesv2.get_configuration_set_event_destinations(ConfigurationSetName=found.id)
        reported = {
            type
            for destination in answer.get("EventDestinations", ())
            if destination["Enabled"] and "SnsDestination" in destination
            for type in destination["MatchingEventTypes"]
        }
        problems = []
        if missing := sorted(_REPORTED - reported):
            text = f"{' and '.join(missing)} are not reported, so that dead addresses get mail"
            problems.append(Problem(text, "deploy the stage again"))
        options = sesv2.get_configuration_set(ConfigurationSetName=found.id).get("SendingOptions", {})
        if options.get("SendingEnabled") is False:
            problems.append(Problem("its sending is paused", "resume it in the SES console"))
        yield summed_up(f"mail set {found.id}", problems, fine="bounces and complaints are reported")


_RECORDS = "put the DKIM records of the stack's outputs into the domain's DNS"
