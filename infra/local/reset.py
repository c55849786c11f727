"""`make reset`: remove everything the local bundle stored; refused while it runs."""

import shutil
import sys

from infra.local.state_dir import CannotStart, StateDir, exclusive


def main() -> None:
    state_dir = StateDir.from_environment()
    if not state_dir.folder.exists():
        return print("There is no local state")
    try:
        with exclusive(state_dir):
            for entry in state_dir.folder.iterdir():
                if entry.is_dir():
                    shutil.rmtree(entry)
                elif entry != state_dir.lock:
                    entry.unlink()
    except CannotStart as error:
        sys.exit(str(error))
    print(f"Removed the local state in {state_dir.folder}")
    return None


if __name__ == "__main__":
    main()
