"""``python -m symcnn.train`` is ``symcnn train``."""

import sys

from symcnn.cli import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]])
