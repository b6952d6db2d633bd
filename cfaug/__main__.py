"""``python -m cfaug``."""

import os
import sys

if __name__ == "__main__" and sys.path[0] == os.getcwd():
    # A file or folder there that is called as a module would take its place. Own modules are found
    # there all the same, see `cfaug.cli.own_modules`.
    del sys.path[0]

from cfaug.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
