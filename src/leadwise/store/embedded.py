"""The embedded PostgreSQL: started by the first process that needs it, stopped by the last one that leaves.

Two lock files in the data folder keep order. Whoever starts, joins or leaves holds `postgresql.lock` meanwhile. Every
user shares `postgresql.users` for as long as it uses the server; who can take that one alone is the last, and stops
the server. The operating system drops the locks of a killed process, so no list of process ids can grow stale. A server
that outlives its killed users is joined by the next one.
"""

import time
import weakref
from pathlib import Path

from sqlalchemy import URL

from leadwise.store.account import Account, find_account, find_programs, new_system_folder
from leadwise.store.cluster import DATABASE, PORT, START_SECONDS, SUPERUSER, Answer, Cluster
from leadwise.store.errors import DiskFullError, FolderForbiddenError, ServerStartError
from leadwise.store.locks import FileLock, alone

NO_SPACE = 28  # ENOSPC
ASK_AGAIN_SECONDS = 0.05


class EmbeddedServer:
    """This process's use of the embedded PostgreSQL in `data_folder / "postgresql"`.

    Started by root, the cluster lies in `/var/lib/leadwise` and `postgresql` is a link, unless PostgreSQL's account can
    enter the data folder.

    Raises:
        FolderForbiddenError: if the data folder cannot be made or written.
        DiskFullError: if there is no room.
        ServerStartError: if the server does not start.
        ClusterVersionError: if the folder holds data of another PostgreSQL.
        AccountError: for root, if the account that PostgreSQL runs as cannot be made.
    """

    def __init__(self, data_folder: Path) -> None:
        try:
            self._join(data_folder.absolute())
        except PermissionError as error:
            raise FolderForbiddenError(data_folder, str(error.strerror)) from error
        except (FileExistsError, NotADirectoryError) as error:
            raise FolderForbiddenError(data_folder, "it is not a folder") from error
        except OSError as error:
            if error.errno == NO_SPACE:
                raise DiskFullError(str(data_folder)) from error
            raise FolderForbiddenError(data_folder, str(error)) from error

    def _join(self, data_folder: Path) -> None:
        data_folder.mkdir(parents=True, exist_ok=True)
        account = find_account()
        self._gate = data_folder / "postgresql.lock"
        with alone(self._gate):
            self.cluster = Cluster(_cluster_folder(data_folder, account), find_programs(account), account)
            self.cluster.create()
            users = FileLock(data_folder / "postgresql.users")
            users.share()
            # Also leaves at the end of a process that forgets to close.
            self._leave = weakref.finalize(self, _leave, self.cluster, self._gate, users)
            _ensure_running(self.cluster)

    def ensure_running(self) -> None:
        """Start the server again if it was killed; costs a lock and a connection where it runs."""
        with alone(self._gate):
            _ensure_running(self.cluster)

    def url(self, database: str = DATABASE) -> URL:
        """Where to connect; the socket lets in only the user that runs the server, and root."""
        socket_folder = self.cluster.find_socket_folder()
        query = {} if socket_folder is None else {"host": socket_folder}
        return URL.create("postgresql+psycopg", username=SUPERUSER, port=PORT, database=database, query=query)

    def close(self) -> None:
        """Leave; the last one stops the server. Further calls do nothing."""
        self._leave()


def _leave(cluster: Cluster, gate: Path, users: FileLock) -> None:
    if not gate.parent.exists():  # the data folder was deleted meanwhile
        users.close()
        return
    with alone(gate):
        users.close()
        others = FileLock(gate.with_name("postgresql.users"))
        if others.try_take():
            cluster.stop()
        others.close()


def _ensure_running(cluster: Cluster) -> None:
    deadline = time.monotonic() + START_SECONDS
    while (answer := cluster.ask()) is not Answer.READY:
        if answer is Answer.NONE:
            cluster.start()
        elif time.monotonic() > deadline:
            raise ServerStartError(cluster.folder, f"it is still starting or stopping after {START_SECONDS} seconds")
        time.sleep(ASK_AGAIN_SECONDS)


def _cluster_folder(data_folder: Path, account: Account | None) -> Path:
    folder = data_folder / "postgresql"
    is_link = folder.is_symlink()
    if is_link and folder.readlink().parent.exists():
        return folder.readlink()
    if account is None or folder.is_dir() or account.can_enter(data_folder):
        return folder
    if is_link:  # what it led to was deleted
        folder.unlink()
    home = new_system_folder("data-")
    home.chmod(0o711)
    folder.symlink_to(home / folder.name)
    return folder.readlink()
