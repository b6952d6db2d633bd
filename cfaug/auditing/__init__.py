"""How confounded attributes are, and how much of it partly deconfounded batches keep."""

from cfaug.auditing.attribute_audit import Audit, PairAudit, SetAudit, audit_attributes
from cfaug.auditing.remaining_confounding import Remainder, remainders
from datamodules.process.measures import cnf, cramers_v, normalized_mutual_information

__all__ = [
    "Audit",
    "PairAudit",
    "Remainder",
    "SetAudit",
    "audit_attributes",
    "cnf",
    "cramers_v",
    "normalized_mutual_information",
    "remainders",
]
