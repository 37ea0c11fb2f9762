"""./run bench compare [--chd] [OPTIONS]"""

import sys

from bench.compare import chd, operations


def main(arguments: list[str]) -> int:
    side = chd if "--chd" in arguments else operations
    return side.run(side.parse([word for word in arguments if word != "--chd"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
