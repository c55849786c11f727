"""`make reset`: forget everything the local bundle stored; refused while it runs."""

import shutil
import sys

from infra.local.state_dir import Place, Refused, only_one


def main() -> None:
    place = Place.of_environment()
    if not place.folder.exists():
        return print("There is no local state")
    try:
        with only_one(place):
            for entry in place.folder.iterdir():
                if entry.is_dir():
                    shutil.rmtree(entry)
                elif entry != place.lock:
                    entry.unlink()
    except Refused as refused:
        sys.exit(str(refused))
    print(f"Removed the local state in {place.folder}")
    return None


if __name__ == "__main__":
    main()
