import sys
from pathlib import Path

# The generator of the findings is no part of the installed packages.
sys.path.insert(0, str(Path(__file__).parents[2]))
