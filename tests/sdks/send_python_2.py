"""Sends each event of standard input with version 2 of CloudEvents' Python SDK, and prints the answers.

Arguments: URL, key, mode.
"""

import json
import sys
from datetime import datetime

import urllib3
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

url, key, mode = sys.argv[1:]
for event in json.load(sys.stdin):
    data = event.pop("data")
    if mode == "base64":
        data = json.dumps(data).encode()
    to_message = to_binary_event if mode == "binary" else to_structured_event
    message = to_message(CloudEvent({**event, "time": datetime.fromisoformat(event["time"])}, data))
    headers = {**message.headers, "X-API-Key": key}
    print(urllib3.request("POST", url, body=message.body, headers=headers, retries=False).data.decode())
