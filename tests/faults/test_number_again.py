"""PostgreSQL crashes at a COMMIT and gives the transaction's number to another one."""
import os
import re
import signal
import threading
import time
from pathlib import Path

from hurt import Hurt
from proxy import UP, Cut, Fault
from world import Caller


class CrashAtCommit(Fault):
    """COMMIT is not let through: PostgreSQL dies, and cannot be reached until the proxy accepts."""

    def __init__(self, postmaster):
        super().__init__(times=1, way=UP)
        self.postmaster = postmaster

    async def apply(self, link, kind, piece):
        if not link.talk.commits(kind, piece) or not self.strikes():
            return piece
        os.kill(self.postmaster, signal.SIGQUIT)
        link.proxy.server.close()
        link.proxy.server = None
        raise Cut()


def crash_in_an_upload(stack, caller, name):
    """The upload's status, while the numbers that the crash has lost are used by others."""
    told = []
    with stack.database.harm(CrashAtCommit(stack.pid("postgres"))) as fault:
        client = threading.Thread(
            target=lambda: told.append(caller.upload("0", name, b"content")[0]))
        client.start()
        while not fault.struck and client.is_alive():
            time.sleep(0.001)
    def use_numbers():
        for _ in range(20):
            stack.sql("SELECT pg_current_xact_id()")
        stack.database.accept()

    stack.restart_postgres(use_numbers)
    client.join(60)
    return told[0]


def test_number_used_again():
    """An upload that the crash has undone is never acknowledged for another transaction's commit."""
    stack = Hurt(FILEAPI_DATABASE_TIMEOUT="30")
    try:
        caller = Caller(stack, stack.token("alice"))
        assert caller.upload("0", "first.bin", b"first")[0] == 200
        for attempt in range(10):
            name = f"crash{attempt}.bin"
            assert crash_in_an_upload(stack, caller, name) == 503
            assert stack.sql(f"SELECT count(*) FROM asset WHERE basename = '{name}'") == "0"
            log = Path(stack.folder, "logs/fileapi.log").read_text()
            for number in re.findall(r"outcome of transaction (\d+) unknown", log):
                # So it was another one that has it now.
                assert stack.sql(f"SELECT pg_xact_status('{number}')") == "committed"
                return
        raise AssertionError("in 10 crashes no number was lost")
    finally:
        stack.close()
