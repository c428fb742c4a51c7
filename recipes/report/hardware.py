"""What machine a figure was measured on, in words."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import keras
import psutil


def describe():
    """Returns e.g. "2 cores, Intel(R) Xeon(R) Processor @ 2.50GHz, 24 GB" or, with one, the GPU's name too."""
    parts = [f"{os.cpu_count()} cores", processor(), f"{round(psutil.virtual_memory().total / 1e9)} GB"]
    return ", ".join([*parts, *accelerators()])


def accelerators():
    """Lists the names of what Keras computes on beside the processor, as NVIDIA's driver or else Keras gives them."""
    devices = [device for device in keras.distribution.list_devices() if not device.startswith("cpu")]
    if devices and shutil.which("nvidia-smi"):
        query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        return subprocess.run(query, capture_output=True, text=True).stdout.splitlines() or devices
    return devices


def processor():
    """Returns the processor's name as the system states it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
