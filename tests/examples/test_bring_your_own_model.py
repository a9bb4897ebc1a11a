import os
import re
import subprocess
import sys

import pytest

from tests.support.paths import ROOT


@pytest.mark.slow
def test_example_runs_and_translates_rightly(tmp_path):
    command = [sys.executable, str(ROOT / "examples" / "bring_your_own_model.py"), str(tmp_path)]
    result = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    share = re.search(r"become a bar of their kind: ([\d.]+)", result.stdout)
    assert float(share[1]) > 0.9
    assert (tmp_path / "export" / "translator" / "1" / "saved_model.pb").is_file()
