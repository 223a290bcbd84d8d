"""Test everything."""

import os
import sys

# The suite starts some hundred processes that import the same modules. With PYTHONDONTWRITEBYTECODE each of them would
# compile the modules anew, which takes longer than all tests.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
