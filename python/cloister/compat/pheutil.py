"""``python -m cloister.compat.pheutil``: python-paillier's command line on Cloister's engine."""

import sys

from cloister.compat.phe.command_line import main

if __name__ == "__main__":
    sys.exit(main())
