"""``python -m cfaug``."""

import sys

from cfaug.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
