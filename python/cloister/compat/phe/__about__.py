"""What python-paillier's modules say of themselves, said of these."""

__title__ = "phe"
__summary__ = "python-paillier's interface on Cloister's engine"
__uri__ = "https://pypi.org/project/cloister/"
__version__ = "1.5.0"  # of the interface
__author__ = "Cloister"
__email__ = ""
__license__ = "see LICENSE"
__copyright__ = "Cloister's authors"

__all__ = ["__author__", "__copyright__", "__email__", "__license__", "__summary__", "__title__", "__uri__", "__version__"]
