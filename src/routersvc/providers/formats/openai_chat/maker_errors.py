"""The error codes of vendors that serve the models they make.

Sources: the vendors' error references. Codes in lower case, as they are compared; numbers mean
something at their own vendor only.
"""

from __future__ import annotations

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.providers.errors.vendor_errors import VendorErrors

MOONSHOT = VendorErrors(
    codes={
        FailureClass.QUOTA_EXHAUSTED: frozenset({"exceeded_current_quota_error"}),
        FailureClass.AUTHENTICATION: frozenset(
            {"incorrect_api_key_error", "invalid_authentication_error"}
        ),
        FailureClass.RATE_LIMITED: frozenset({"rate_limit_reached_error"}),
    },
    broad_codes={
        FailureClass.MODEL_NOT_FOUND: frozenset({"resource_not_found_error"}),
        FailureClass.PERMISSION: frozenset({"permission_denied_error"}),
    },
    decisive_codes=frozenset(
        {
            "exceeded_current_quota_error",
            "incorrect_api_key_error",
            "invalid_authentication_error",
        }
    ),
)

ZAI = VendorErrors(
    codes={
        # 1309: the plan has expired; 1310: its limit of a week or a month is used up.
        FailureClass.QUOTA_EXHAUSTED: frozenset({"1113", "1309", "1310"}),
        FailureClass.CONTENT_FILTERED: frozenset({"1300", "1301"}),
        FailureClass.CONTEXT_LENGTH: frozenset({"1261"}),
        # 1221 and 1222: the API of a model is gone; 1311: the plan lacks the model.
        FailureClass.MODEL_NOT_FOUND: frozenset({"1211", "1221", "1222", "1311"}),
        FailureClass.AUTHENTICATION: frozenset({"1000", "1001", "1002", "1003", "1004"}),
        FailureClass.PERMISSION: frozenset({"1110", "1111", "1112", "1120", "1121", "1220"}),
        FailureClass.CAPABILITY_MISMATCH: frozenset({"1212"}),
        # 1304: calls of one model a day; 1308: its limit of a few hours; 1313: fair use.
        FailureClass.RATE_LIMITED: frozenset({"1302", "1303", "1304", "1305", "1308", "1313"}),
        FailureClass.OVERLOADED: frozenset({"1312"}),
        FailureClass.SERVER_ERROR: frozenset({"1230", "1234"}),
    },
)

ALIBABA = VendorErrors(
    codes={
        FailureClass.QUOTA_EXHAUSTED: frozenset({"arrearage"}),
        FailureClass.CONTENT_FILTERED: frozenset(
            {"data_inspection_failed", "datainspectionfailed"}
        ),
        # The free tier is one model's: the key serves the others.
        FailureClass.MODEL_NOT_FOUND: frozenset(
            {"accessdenied.unpurchased", "allocationquota.freetieronly"}
        ),
        FailureClass.RATE_LIMITED: frozenset({"throttling"}),
    },
    decisive_codes=frozenset({"allocationquota.freetieronly", "arrearage"}),
)

MINIMAX = VendorErrors(
    codes={
        FailureClass.QUOTA_EXHAUSTED: frozenset({"1008", "1028", "1030"}),
        FailureClass.CONTENT_FILTERED: frozenset({"1026", "1027"}),
        # The plan lacks the model.
        FailureClass.MODEL_NOT_FOUND: frozenset({"2061"}),
        FailureClass.AUTHENTICATION: frozenset({"1004", "2049"}),
        # 1039: tokens a minute; 1041: connections; 2045: growth; 2056: a plan's limit of hours.
        FailureClass.RATE_LIMITED: frozenset({"1002", "1039", "1041", "2045", "2056"}),
        FailureClass.INVALID_REQUEST: frozenset({"1042"}),
        FailureClass.SERVER_ERROR: frozenset({"1000", "1001", "1013", "1024", "1033"}),
    },
    decisive_codes=frozenset({"1004", "1008", "2049"}),
)

VOLCENGINE = VendorErrors(
    codes={
        FailureClass.QUOTA_EXHAUSTED: frozenset(
            {"accountoverdueerror", "invalidsubscription", "operationdenied.serviceoverdue"}
        ),
        FailureClass.CONTENT_FILTERED: frozenset(
            {
                "inputimagesensitivecontentdetected",
                "inputtextsensitivecontentdetected",
                "outputtextsensitivecontentdetected",
                "sensitivecontentdetected",
            }
        ),
        FailureClass.CONTEXT_LENGTH: frozenset({"outofcontexterror"}),
        # `QuotaExceeded` is the free quota of one model.
        FailureClass.MODEL_NOT_FOUND: frozenset(
            {
                "invalidendpoint.closedendpoint",
                "invalidendpoint.notfound",
                "invalidendpointormodel",
                "modelnotopen",
                "operationdenied.servicenotopen",
                "quotaexceeded",
                "unsupportedmodel",
            }
        ),
        FailureClass.RATE_LIMITED: frozenset({"ratelimitexceeded", "setlimitexceeded"}),
        FailureClass.OVERLOADED: frozenset({"modelloadingerror", "serveroverloaded"}),
    },
    decisive_codes=frozenset({"accountoverdueerror", "modelnotopen"}),
)
