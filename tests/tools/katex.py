"""KaTeX, a strict renderer of TeX's mathematics, in Chromium; what VS Code shows formulas with.

npm pack katex@0.16.22 && tar xzf katex-0.16.22.tgz package/dist/katex.min.js
KATEX=package/dist/katex.min.js python -m pytest tests/report
"""

import hashlib
import json
import os
import re
import subprocess
from html import unescape
from pathlib import Path

import pytest

KATEX = os.environ.get("KATEX", "")
SHA256 = "e8d885505949f3a5f4abdd5dd0d53696bd1371ad26ffbf4f310dcd77c8cdae89"

needs_katex = pytest.mark.skipif(not KATEX, reason="no KaTeX: tests/tools/katex.py says how to get it")

PAGE = """<!doctype html><meta charset="utf-8"><script>{script}</script><pre id="found"></pre><script>
const found = [];
for (const [formula, displayMode] of {formulas}) {{
  try {{ katex.renderToString(formula, {{displayMode, strict: "error", throwOnError: true}}); }}
  catch (error) {{ found.push([formula, error.message]); }}
}}
document.getElementById("found").textContent = JSON.stringify([{count}, found]);
</script>
"""


def refused(displays, inline, folder, chromium):
    """Each formula that KaTeX refuses, strictly, with its message."""
    script = Path(KATEX).read_text("utf-8")
    assert hashlib.sha256(script.encode("utf-8")).hexdigest() == SHA256, "another KaTeX than the one that was tried"
    formulas = [[f, True] for f in displays] + [[f, False] for f in inline]
    page = folder / "formulas.html"
    listed = json.dumps(formulas).replace("<", "\\u003c")
    page.write_text(PAGE.format(script=script.replace("</", "<\\/"), formulas=listed, count=len(formulas)), "utf-8")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}",
               "--dump-dom", page.as_uri()]  # fmt: skip
    done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    shown = re.search(r'<pre id="found">(.*?)</pre>', done.stdout.decode("utf-8"), re.DOTALL)
    count, found = json.loads(unescape(shown.group(1)))
    assert count == len(formulas)
    return found
