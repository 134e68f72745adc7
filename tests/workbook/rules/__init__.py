"""What Excel enforces and no validator tells: the rules, run over a finished workbook; none of it is symcnn's own code.

A rule is a function of the package that yields what it finds as (where, what).
"""

from tests.workbook.rules import charts, contents, features, formulas, names, parts, styles
from tests.workbook.rules.package import Package

RULES = {rule.__name__: rule for module in (parts, names, contents, formulas, features, styles, charts)
         for rule in module.RULES}  # fmt: skip


def findings(path):
    """Everything that a workbook violates: ``rule: where: what``."""
    package = Package(path)
    unread = [f"readable: {where}: {what}" for where, what in parts.readable(package)]
    if unread:  # the other rules read
        return unread
    return [f"{name}: {where}: {what}" for name, rule in RULES.items() for where, what in rule(package)]
