"""Sends each event of standard input with version 1 of CloudEvents' Python SDK, and prints the answers.

Arguments: URL, key, mode.
"""

import json
import sys

import urllib3
from cloudevents.conversion import to_binary, to_structured
from cloudevents.http import CloudEvent

url, key, mode = sys.argv[1:]
for event in json.load(sys.stdin):
    data = event.pop("data")
    if mode == "base64":
        data = json.dumps(data).encode()
    to_message = to_binary if mode == "binary" else to_structured
    headers, body = to_message(CloudEvent(event, data))
    answer = urllib3.request("POST", url, body=body, headers={**headers, "X-API-Key": key}, retries=False)
    print(answer.data.decode())
