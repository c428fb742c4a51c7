import os
import pty
import subprocess
import sys

from export.convert import environment

HELD = """
import os
from export.quiet import native_stderr_held, shown_stderr
with native_stderr_held(), native_stderr_held():
    os.write(2, b"noise")
    with shown_stderr() as stderr:
        print(f"a terminal: {stderr.isatty()}", file=stderr)
os.write(2, b"and again")
"""


def test_the_users_standard_error_is_at_hand_while_it_is_held():
    terminal, end = pty.openpty()
    subprocess.run([sys.executable, "-c", HELD], stderr=end, check=True, env=environment())
    os.close(end)
    shown = os.read(terminal, 1000)
    os.close(terminal)
    assert shown == b"a terminal: True\r\nand again"
