"""The events with which AWS calls functions without HTTP paths, as documented by AWS, and such calls."""

import json
from typing import Any

from tallybook.store.requests import to_dynamodb
from tests.support.app import App
from tests.support.call import LambdaContext

Event = dict[str, Any]


def stream_record(item: dict[str, Any], *, kind: str = "INSERT") -> Event:
    """A stream's record of one item. Source: DynamoDB Streams, "Record" and "StreamRecord"."""
    image = to_dynamodb(item)
    keys = {name: image[name] for name in ("pk", "sk")}
    return {
        "eventID": "7de3041dd709b024af6f29e4fa13d34c",
        "eventName": kind,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1776688496.0,
            "Keys": keys,
            **({} if kind == "REMOVE" else {"NewImage": image}),
            "SequenceNumber": "4421584500000000017450439091",
            "SizeBytes": 26,
            "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/core/stream/2026-04-20T12:34:56.000",
    }


def stream_all_items(app: App, *more: Event) -> dict[str, int]:
    """Call the outbox function with a stream record for each item of `core`, and with `more`."""
    from outbox.app import handler

    return handler({"Records": [*(stream_record(item) for item in app.stored("core")), *more]}, LambdaContext())


def sqs_event(*bodies: str, received: int = 1) -> Event:
    """A batch of queue messages, each with its index as its id. Source: Lambda, "Using Lambda with Amazon SQS"."""
    return {
        "Records": [
            {
                "messageId": str(index),
                "receiptHandle": f"handle-{index}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(received)},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:queue",
                "awsRegion": "eu-west-1",
            }
            for index, body in enumerate(bodies)
        ]
    }


def bounce(*addresses: str, kind: str = "Permanent", item: str | None = None, to: tuple[str, ...] = ()) -> Event:
    """A bounce of the mail of this outbox item, which was written to the same addresses, or `to` others.

    Source: SES, "Bounce object" of an event that SES publishes to SNS.
    """
    return {
        "eventType": "Bounce",
        "bounce": {
            "feedbackId": "010701c2f4-0",
            "bounceType": kind,
            "bounceSubType": "General" if kind == "Permanent" else "MailboxFull",
            "bouncedRecipients": [
                {"emailAddress": address, "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1"}
                for address in addresses
            ],
            "timestamp": "2026-04-20T12:34:56.114Z",
            "reportingMTA": "dsn; mta.example.com",
        },
        "mail": _mail(*(to or addresses), item=item),
    }


def complaint(*addresses: str, item: str | None = None, to: tuple[str, ...] = ()) -> Event:
    return {
        "eventType": "Complaint",
        "complaint": {
            "feedbackId": "010701c2f4-1",
            "complainedRecipients": [{"emailAddress": address} for address in addresses],
            "timestamp": "2026-04-20T12:34:56.114Z",
            "complaintFeedbackType": "abuse",
        },
        "mail": _mail(*(to or addresses), item=item),
    }


def notify(*events: Event | str) -> dict[str, int]:
    """Call `mail_feedback` with a notification for each event. Source: Lambda, "Using AWS Lambda with Amazon SNS"."""
    from mail_feedback.app import handler

    return handler({"Records": [_sns_record(event) for event in events]}, LambdaContext())


def _sns_record(event: Event | str) -> Event:
    topic = "arn:aws:sns:eu-west-1:123456789012:mail_feedback"
    return {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": f"{topic}:21be56ed-a058-49f5-8c98-aedd2564c486",
        "Sns": {
            "Type": "Notification",
            "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
            "TopicArn": topic,
            "Subject": "Amazon SES Email Event Notification",
            "Message": event if isinstance(event, str) else json.dumps(event),
            "Timestamp": "2026-04-20T12:34:56.114Z",
            "SignatureVersion": "1",
            "Signature": "tcc6faL2yUC6dgZdmrwh1Y4cGa/ebXEkAi6RibDsvpi+tE/1+82j",
            "SigningCertUrl": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService.pem",
            "UnsubscribeUrl": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
            "MessageAttributes": {},
        },
    }


def _mail(*addresses: str, item: str | None) -> Event:
    """The mail of an event; each of its tags has a list of values. Source: SES, "Mail object"."""
    tags = {"letter": ["welcome"], "ses:from-domain": ["example.com"]}
    return {
        "timestamp": "2026-04-20T12:34:50.000Z",
        "source": "Tallybook <hello@example.com>",
        "sourceArn": "arn:aws:ses:eu-west-1:123456789012:identity/example.com",
        "sendingAccountId": "123456789012",
        "messageId": "message-1",
        "destination": list(addresses),
        "headersTruncated": False,
        "headers": [{"name": "To", "value": ", ".join(addresses)}],
        "commonHeaders": {"to": list(addresses), "subject": "Welcome"},
        "tags": tags | ({"item": [item]} if item else {}),
    }
