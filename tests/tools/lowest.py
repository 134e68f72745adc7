"""The lowest versions that pyproject.toml allows of what symcnn needs at run time, as requirements for pip.

python -m pip install $(python -m tests.tools.lowest) .
"""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement


def lowest(requirement: str) -> str:
    """numpy>=1.26,<3 → numpy==1.26"""
    parsed = Requirement(requirement)
    [bound] = [s.version for s in parsed.specifier if s.operator == ">="]
    return f"{parsed.name}=={bound}"


def main() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    print(*map(lowest, project["dependencies"]), sep="\n")


if __name__ == "__main__":
    main()
