"""An audit as one page of HTML without a script: the text's lines, and beside each the verdicts that begin on it.

The text stands as it was written; in a verdict formulas are set.
"""

import html
import re
from collections.abc import Iterator

from symcnn.audit.audit import AuditedEquation
from symcnn.audit.told import Told
from symcnn.colours import css
from symcnn.formula import Flow, MathML
from symcnn.proof import vocabulary
from symcnn.text import Catalogue

#: What is listed above the text, with links to its lines.
_LISTED = ("wrong", "right_but", "given", "not_decided")

#: Stands for a formula that is set after everything around it was escaped.
_MARK = re.compile("\ue000(\\d+)\ue001")


def page(told: Told, text: Catalogue) -> str:
    """The page in the language of the catalogue."""
    return _AuditPage(told, text).html()


class _AuditPage:
    def __init__(self, told: Told, text: Catalogue) -> None:
        self._told, self._text = told, text
        self._flow = Flow(MathML(text.decimal))

    def html(self) -> str:
        by_line: dict[int, list[str]] = {}
        for finding, claim in self._claims():
            by_line.setdefault(finding.line, []).append(self._verdict(finding, claim))
        rows = "\n".join(
            f'<tr id="L{n}"><td class="n">{n}</td><td class="t">{html.escape(line)}</td>'
            f'<td class="v">{"".join(by_line.get(n, []))}</td></tr>'
            for n, line in enumerate(self._told.audit.text.split("\n"), 1)
        )
        lines = filter(None, (self._told.notice(), *self._told.totals()))
        totals = "".join(f"<p>{html.escape(line)}</p>\n" for line in lines)
        title = html.escape(self._told.title)
        totals += self._proposal()
        return _PAGE.format(
            lang=self._text.lang, title=title, colours=css(), totals=totals, links=self._links(), rows=rows
        )

    def _claims(self) -> Iterator[tuple[AuditedEquation, vocabulary.Finding]]:
        return zip(self._told.audit.findings, self._told.claims, strict=True)

    def _proposal(self) -> str:
        found = self._told.proposal()
        return f"<p>{html.escape(found[0])}</p>\n<pre>{html.escape(found[1])}</pre>\n" if found else ""

    def _links(self) -> str:
        """Where to look: the lines of each verdict that asks for it."""
        found = []
        for key in _LISTED:
            asking = (f for f, claim in self._claims() if claim.key == key and f.verdict != "true")
            lines = dict.fromkeys(finding.line for finding in asking)
            links = " ".join(f'<a href="#L{n}">{n}</a>' for n in lines)
            word = html.escape(self._text(f"verdict.{key}"))
            found += [f'<p class="{key}"><b>{word}</b> {links}</p>\n'] if links else []
        return "".join(found)

    def _verdict(self, finding: AuditedEquation, claim: vocabulary.Finding) -> str:
        first, *rest = self._lines(finding)
        more = "".join(f"<div>{line}</div>" for line in rest)
        word = html.escape(self._text(f"verdict.{claim.key}"))
        return f'<div class="{claim.key}"><b>{word}</b> {first}{more}</div>'

    def _lines(self, finding: AuditedEquation) -> list[str]:
        """The reason, each sentence with its formulas set."""
        set_formulas: list[str] = []

        def mark(latex: str) -> str:
            node = finding.formulas.get(latex)
            set_formulas.append(f"<code>{html.escape(latex)}</code>" if node is None else self._flow.inline(node))
            return f"\ue000{len(set_formulas) - 1}\ue001"

        def put(found: re.Match[str]) -> str:
            number = int(found[1])
            return set_formulas[number] if number < len(set_formulas) else ""

        lines = self._told.why(finding, mark)
        return [_MARK.sub(put, html.escape(line)) for line in lines]


_PAGE = """<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{colours}
:root {{ color-scheme: light dark; --right: #166b2f; --wrong: #cf222e; --but: #855900; --given: #7443cc; }}
@media screen and (prefers-color-scheme: dark) {{
  :root {{ --right: #3fb950; --wrong: #ff7b72; --but: #d29922; --given: #d2a8ff; }}
}}
body {{ color: var(--ink); background: var(--paper); font: 16px/1.55 system-ui, sans-serif; }}
body {{ margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }}
h1 {{ font-size: 1.6rem; }}
p {{ margin: .3rem 0; }}
a {{ color: var(--filter); }}
table {{ border-collapse: collapse; width: 100%; table-layout: fixed; margin-top: 1.5rem; }}
td {{ vertical-align: top; padding: .15rem .5rem; overflow-wrap: anywhere; }}
tr:has(.wrong) {{ background: color-mix(in srgb, var(--wrong) 9%, transparent); }}
tr:has(.right_but) {{ background: color-mix(in srgb, var(--but) 9%, transparent); }}
tr:target {{ outline: 2px solid; }}
.n {{ width: 3rem; text-align: right; color: var(--muted); }}
.t, code, pre {{ font-family: ui-monospace, monospace; font-size: .85rem; }}
.t {{ white-space: pre-wrap; }}
.v > div + div {{ margin-top: .4rem; }}
math {{ font-size: 1.1em; }}
.right b {{ color: var(--right); }}
.wrong b {{ color: var(--wrong); }}
.right_but b {{ color: var(--but); }}
.given b {{ color: var(--given); }}
.not_decided b {{ color: var(--muted); }}
@media (max-width: 45rem) {{
  table, tbody, tr, td {{ display: block; }}
  tr {{ display: flow-root; min-height: 1.5rem; }}
  .n {{ float: left; width: 2rem; padding: .15rem .3rem 0 0; }}
  .t {{ padding-left: 2.6rem; }}
  .v {{ padding-left: 2.6rem; }}
}}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{totals}{links}<table aria-label="{title}">
{rows}
</table>
</main>
</body>
</html>
"""
