"""ScaleBox's paths of quotas."""

from typing import get_args

from tallybook.domain.quotas import RequestStatus
from tallybook.openapi.answers import quotas as answers
from tallybook.openapi.operations.operation import Area, Operation

_ALLOCATIONS, _REQUESTS = "/v1/user-management/quota-allocations", "/v1/user-management/quota-requests"
_OWN = "/v1/usage/quota-requests"
_LIMIT = {429: ("too_many_requests",)}

_STATUS = {
    "name": "status",
    "in": "query",
    "description": "Only requests of this status.",
    "schema": {"type": "string", "enum": list(get_args(RequestStatus.__value__))},
}
_INACTIVE = {
    "name": "include_inactive",
    "in": "query",
    "description": "Also list allocations that were revoked.",
    "schema": {"type": "boolean", "default": False},
}

QUOTAS = Area(
    "Quotas",
    "What each user may use in a billing period: allocations, requests for other ones, and usage.",
    {
        ("GET", _ALLOCATIONS): Operation(
            "listAllocations",
            "Users' allocations, newest first",
            "root",
            answers.AllocationList,
            example="quota_allocations",
            query=(_INACTIVE,),
        ),
        ("POST", _ALLOCATIONS): Operation(
            "createAllocation",
            "Give a user an allocation",
            "root",
            answers.AllocationData,
            status=201,
            example="quota_allocation",
            refusals={
                400: ("quota_exceeds_plan", "allocation_exists"),
                404: ("not_found",),
                409: ("too_many_allocations",),
                **_LIMIT,
            },
        ),
        ("PUT", f"{_ALLOCATIONS}/{{allocation_id}}"): Operation(
            "changeAllocation",
            "Change its limits",
            "root",
            answers.AllocationData,
            example="quota_allocation",
            refusals={400: ("quota_exceeds_plan", "allocation_not_active"), **_LIMIT},
        ),
        ("DELETE", f"{_ALLOCATIONS}/{{allocation_id}}"): Operation(
            "deleteAllocation", "Delete it from the list", "root", refusals=_LIMIT
        ),
        ("POST", f"{_ALLOCATIONS}/{{allocation_id}}/revoke"): Operation(
            "revokeAllocation",
            "End it, but keep it in the list",
            "root",
            answers.AllocationData,
            example="quota_allocation",
            refusals={400: ("allocation_not_active",), **_LIMIT},
        ),
        ("GET", f"{_ALLOCATIONS}/{{allocation_id}}/usage"): Operation(
            "getAllocationUsage", "What its user has used", "root", answers.QuotaUsage, example="quota_usage"
        ),
        ("GET", "/v1/usage/quota"): Operation(
            "getQuotaUsage", "What the caller has used", "user", answers.QuotaUsage, example="quota_usage"
        ),
        ("GET", _OWN): Operation(
            "listOwnQuotaRequests",
            "The caller's requests, newest first",
            "user",
            answers.QuotaRequestList,
            example="quota_requests",
            query=(_STATUS,),
        ),
        ("POST", _OWN): Operation(
            "fileQuotaRequest",
            "Request another allocation",
            "user",
            answers.QuotaRequestData,
            status=201,
            example="quota_request",
            refusals={400: ("no_quota_field", "request_pending"), 409: ("too_many_pending",), **_LIMIT},
        ),
        ("PUT", f"{_OWN}/{{request_id}}"): Operation(
            "changeQuotaRequest",
            "Change the request",
            "user",
            answers.QuotaRequestData,
            example="quota_request",
            refusals={400: ("no_quota_field", "request_decided"), **_LIMIT},
        ),
        ("DELETE", f"{_OWN}/{{request_id}}"): Operation(
            "withdrawQuotaRequest", "Withdraw it", "user", refusals={400: ("request_decided",), **_LIMIT}
        ),
        ("GET", _REQUESTS): Operation(
            "listQuotaRequests",
            "The account's requests, newest first",
            "root",
            answers.QuotaRequestList,
            example="quota_requests",
            query=(_STATUS,),
        ),
        ("POST", f"{_REQUESTS}/{{request_id}}/review"): Operation(
            "reviewQuotaRequest",
            "Approve or deny a request",
            "root",
            answers.QuotaRequestData,
            example="quota_request",
            refusals={400: ("request_decided", "quota_exceeds_plan"), 409: ("too_many_allocations",), **_LIMIT},
        ),
    },
)
