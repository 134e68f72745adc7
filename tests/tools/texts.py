"""Short texts audited."""

import symcnn
from symcnn.audit import audit_text, mapping_from


def audited(derivation, *displays, mapping=""):
    text = "\n\n".join(f"$${display}$$" for display in displays)
    return audit_text(text, derivation, mapping_from(mapping, "test"), symcnn.article.images()).findings


def verdicts(derivation, *displays, mapping=""):
    return [f.verdict for f in audited(derivation, *displays, mapping=mapping)]
