"""Says on what a figure was measured."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import av
import cv2
import numpy as np
import onnxruntime

RESULTS = Path(__file__).parent / "results"


def describe() -> dict[str, object]:
    """Return the machine, the versions of what does the work, the project's commit, and the date."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "av": av.__version__,
        "ffmpeg": ".".join(map(str, av.library_versions["libavcodec"])),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "onnxruntime": onnxruntime.__version__,
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _commit() -> str:
    root = Path(__file__).parent
    shown = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, text=True)
    return shown.stdout.strip()


def command(name: str) -> str:
    """Return the command that this benchmark was run with, folders named as whoever runs it again would."""
    words = [f"python -m benchmarks.{name}"]
    for before, word in zip(sys.argv, sys.argv[1:], strict=False):
        words.append("DIR" if before in ("--work", "--out", "--data") else word)
    return " ".join(words)
