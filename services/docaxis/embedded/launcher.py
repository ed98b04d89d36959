"""Run one command that must not outlive the process that asked for it. A program of its own, standard library only.

    python -I -S launcher.py PARENT STOP_SIGNAL BOUND USER DIRECTORY -- COMMAND...

It prints the command's process id, then waits for one of three ends. The command ends: it ends with the same code.
SIGTERM or SIGINT: it sends STOP_SIGNAL, waits BOUND seconds, kills. The parent is gone, however it died: the same.
Should this process itself be killed, Linux kills the command (PR_SET_PDEATHSIG). That call belongs here and not into
the parent: it acts after a fork, which is only safe in a process with one thread, and it follows the forking thread.
"""

import contextlib
import ctypes
import os
import pwd
import select
import signal
import sys
import time

TICK_SECONDS = 0.5
"""How often the parent is looked for; everything else wakes at once."""
PR_SET_PDEATHSIG = 1  # linux/prctl.h
SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)


def become(user: str) -> None:
    """Drop root for good."""
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ.update(USER=user, LOGNAME=user, HOME=entry.pw_dir)


def run_child(user: str, directory: str, command: list[str]) -> int:
    """Fork and execute the command in a session of its own, out of reach of the terminal's Ctrl-C.

    Returns when it has been executed: from then on the signals sent to it are its own business. 0 if it was not.
    """
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded before the fork, used after it
    launcher = os.getpid()
    executed, failed = os.pipe()  # closed by exec, so the end of it says that exec has happened
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    child = os.fork()
    if child == 0:
        try:
            prepare_child(user, directory, launcher, libc)
            os.execvp(command[0], command)  # noqa: S606 - the whole purpose of this program
        except OSError as error:
            os.write(2, f"{command[0]}: {error}\n".encode())
            os.write(failed, b"!")
        finally:
            os._exit(127)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    os.close(failed)
    return 0 if os.read(executed, 1) else child


def prepare_child(user: str, directory: str, launcher: int, libc: ctypes.CDLL | None) -> None:
    """Between fork and exec."""
    os.setsid()
    os.dup2(2, 1)  # the pipe to the parent is the launcher's alone
    os.chdir(directory)  # before root is dropped: its new user need not be able to walk the path to it
    if user:
        become(user)
    if libc:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # after setuid, which would clear it
    if os.getppid() != launcher:
        os._exit(127)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def ended(child: int) -> int | None:
    """Give the exit code once the child has ended, as a shell would say it."""
    pid, status = os.waitpid(child, os.WNOHANG)
    if not pid:
        return None
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def watch(child: int, parent: int, wake: int, stop_signal: int, bound: float) -> int:
    """Wait for the first of the three ends and carry it out."""
    deadline = None
    while (code := ended(child)) is None:
        asked = signal.SIGTERM in PENDING or signal.SIGINT in PENDING
        if deadline is None and (asked or os.getppid() != parent):
            os.kill(child, stop_signal)
            deadline = time.monotonic() + bound
        if deadline is not None and time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
        if select.select([wake], [], [], TICK_SECONDS)[0]:
            os.read(wake, 64)
    return code


PENDING: set[int] = set()


def main(arguments: list[str]) -> int:
    """Carry out the command line above."""
    parent, stop_signal, bound, user, directory, _, *command = arguments
    wake, woken = os.pipe()
    for end in (wake, woken):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    for number in SIGNALS:
        signal.signal(number, lambda received, _: PENDING.add(received))
    child = run_child(user, directory, command)
    if not child:
        return 127
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
    return watch(child, int(parent), wake, int(stop_signal), float(bound))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
