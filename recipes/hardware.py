"""What machine a figure was measured on, in words."""

import os
import platform
from pathlib import Path

import keras
import psutil


def describe():
    """Returns e.g. "2 cores, Intel(R) Xeon(R) Processor @ 2.50GHz, 24 GB" or, with one, the GPU's name too."""
    gpus = [device for device in keras.distribution.list_devices() if not device.startswith("cpu")]
    parts = [f"{os.cpu_count()} cores", processor(), f"{round(psutil.virtual_memory().total / 1e9)} GB"]
    return ", ".join([*parts, *([f"{len(gpus)} accelerator(s): {', '.join(gpus)}"] if gpus else [])])


def processor():
    """Returns the processor's name as the system states it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
