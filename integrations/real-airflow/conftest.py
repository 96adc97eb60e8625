"""Where the tests find how a real barogram is run: beside Airflow's provider, which does so too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "airflow-provider" / "tests"))
