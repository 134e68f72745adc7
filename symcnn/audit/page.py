"""An audit as one page of HTML without a script: the text's lines, and beside each the verdicts that begin on it.

The text stands as it was written; in a verdict formulas are set.
"""

import html
import re

from symcnn.audit.audit import AuditedEquation
from symcnn.audit.told import Told
from symcnn.formula import Flow, MathML
from symcnn.text import Catalogue

#: What is listed above the text, with links to its lines.
_LISTED = ("false", "remark", "assumption", "unread")

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
        by_line: dict[int, list[AuditedEquation]] = {}
        for finding in self._told.audit.findings:
            by_line.setdefault(finding.line, []).append(finding)
        rows = "\n".join(
            f'<tr id="L{n}"><td class="n">{n}</td><td class="t">{html.escape(line)}</td>'
            f'<td class="v">{"".join(map(self._verdict, by_line.get(n, [])))}</td></tr>'
            for n, line in enumerate(self._told.audit.text.split("\n"), 1)
        )
        lines = filter(None, (self._told.notice(), *self._told.totals()))
        totals = "".join(f"<p>{html.escape(line)}</p>\n" for line in lines)
        title = html.escape(self._told.title)
        totals += self._proposal()
        return _PAGE.format(lang=self._text.lang, title=title, totals=totals, links=self._links(), rows=rows)

    def _proposal(self) -> str:
        found = self._told.proposal()
        return f"<p>{html.escape(found[0])}</p>\n<pre>{html.escape(found[1])}</pre>\n" if found else ""

    def _links(self) -> str:
        """Where to look: the lines of each verdict that asks for it."""
        found = []
        for verdict in _LISTED:
            lines = dict.fromkeys(f.line for f in self._told.audit.findings if f.verdict == verdict)
            links = " ".join(f'<a href="#L{n}">{n}</a>' for n in lines)
            word = html.escape(self._text(f"audit.word.{verdict}"))
            found += [f'<p class="{verdict}"><b>{word}</b> {links}</p>\n'] if links else []
        return "".join(found)

    def _verdict(self, finding: AuditedEquation) -> str:
        word, *lines = self._told.word(finding), *self._lines(finding)
        first, *rest = lines
        more = "".join(f"<div>{line}</div>" for line in rest)
        return f'<div class="{finding.verdict}"><b>{html.escape(word)}</b> {first}{more}</div>'

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
:root {{
  color-scheme: light dark;
  --true: #1a7f37; --false: #cf222e; --remark: #9a6700; --unread: #6e7781; --assumption: #8250df;
}}
@media (prefers-color-scheme: dark) {{
  :root {{
    --true: #3fb950; --false: #ff7b72; --remark: #d29922; --unread: #9198a1; --assumption: #d2a8ff;
  }}
}}
body {{ font: 16px/1.55 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }}
h1 {{ font-size: 1.6rem; }}
p {{ margin: .3rem 0; }}
table {{ border-collapse: collapse; width: 100%; table-layout: fixed; margin-top: 1.5rem; }}
td {{ vertical-align: top; padding: .15rem .5rem; overflow-wrap: anywhere; }}
tr:has(.false) {{ background: color-mix(in srgb, var(--false) 9%, transparent); }}
tr:has(.remark) {{ background: color-mix(in srgb, var(--remark) 9%, transparent); }}
tr:target {{ outline: 2px solid; }}
.n {{ width: 3rem; text-align: right; color: GrayText; }}
.t, code, pre {{ font-family: ui-monospace, monospace; font-size: .85rem; }}
.t {{ white-space: pre-wrap; }}
.v > div + div {{ margin-top: .4rem; }}
math {{ font-size: 1.1em; }}
.true b {{ color: var(--true); }}
.false b {{ color: var(--false); }}
.remark b {{ color: var(--remark); }}
.assumption b {{ color: var(--assumption); }}
.unread b {{ color: var(--unread); }}
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
<h1>{title}</h1>
{totals}{links}<table>
{rows}
</table>
</body>
</html>
"""
