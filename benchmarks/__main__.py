"""``python -m benchmarks``: everything, one after the other; what each writes is in benchmarks/results."""

import subprocess
import sys

if __name__ == "__main__":
    codes = [
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *sys.argv[1:]]).returncode
        for name in ("accuracy", "cost", "prosieben", "join")
    ]
    sys.exit(max(codes))
