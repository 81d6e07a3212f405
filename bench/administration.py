"""How long the pages of the administration take on a large host, on PostgreSQL."""

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.hosts import ROOT, environment
from deploy.postgres import PrivatePostgres

RUN = (
    "import django, runpy, sys; django.setup();"
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


def main(rounds: int) -> None:
    """Fill a database, measure, and print the results."""
    with tempfile.TemporaryDirectory() as folder, PrivatePostgres() as postgres:
        (Path(folder) / "static").mkdir()
        variables = environment(postgres.url()) | {"HTTPS": "false", "VAR": folder}
        print("100,000 mailboxes, a million events …", flush=True)
        for module in (["bench.adminrows"], ["bench.adminpages", str(rounds)]):
            command = [sys.executable, "-c", RUN, *module]
            subprocess.run(command, cwd=ROOT, env=variables, check=True)
