"""Public texts, where somebody has copies: every accusation and every approval is one of ``public_texts.toml``."""

import tomllib
from pathlib import Path

import symcnn
from symcnn.article import printed
from symcnn.audit import audit
from symcnn.errors import InputError

MANIFEST = Path(__file__).with_name("public_texts.toml")


def texts() -> list[dict[str, object]]:
    """The manifest's entries."""
    found: list[dict[str, object]] = tomllib.loads(MANIFEST.read_text("utf-8"))["text"]
    return found


def faults(entry: dict[str, object], path: Path) -> list[str]:
    """What is said of a text and is not in the manifest, or the other way round."""
    try:
        result = audit(
            path, symcnn.article.network(), data=symcnn.article.images(), given=printed.tables(), assumed=True
        )
    except InputError as error:
        refused = str(entry.get("refused", "\0"))
        return [] if refused in str(error) else [f"{path}: {error}"]
    found = []
    for verdict in ("false", "true"):
        lines = sorted({f.line for f in result.findings if f.verdict == verdict})
        if lines != entry.get(verdict):
            found.append(f"{path}: {verdict} on lines {lines}; expected {entry.get(verdict)}")
    return found


def check(folder: Path) -> int:
    """Audit what is there; the number of texts with a fault."""
    wrong = read = 0
    for entry in texts():
        path = folder / str(entry["repository"]) / str(entry["path"])
        if not path.is_file():
            continue
        read += 1
        told = faults(entry, path)
        wrong += bool(told)
        for line in told:
            print(line, flush=True)
    print(f"{read} of {len(texts())} texts, {wrong} with a verdict that is not the right one")
    return wrong if read else 1
