"""The TenSEAL release whose interface this is."""

__version__ = "0.3.16"
