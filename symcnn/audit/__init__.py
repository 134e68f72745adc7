"""Audit: anyone's written derivation, held against the mathematics of a network."""

from symcnn.audit.audit import Audit, Finding, audit, audit_text

__all__ = ["Audit", "Finding", "audit", "audit_text"]
