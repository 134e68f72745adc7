"""Audit: anyone's written derivation, held against the mathematics of a network."""

from symcnn.audit.audit import Audit, AuditedEquation, audit, audit_text
from symcnn.audit.mapping import Mapping, mapping_from
from symcnn.audit.told import Told

__all__ = ["Audit", "AuditedEquation", "Mapping", "Told", "audit", "audit_text", "mapping_from"]
