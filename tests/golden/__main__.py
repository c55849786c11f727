"""Write the newest set of golden items: `python -m tests.golden`."""

import json

import tests.environment  # noqa: F401 first, before anything reads a variable
from tests.golden.items import NEWEST, TABLES, path, rows_of, write_rows


def main() -> None:
    from moto import mock_aws

    from tallybook.runtime import dynamodb
    from tests.golden.present import act_story
    from tests.support.app import App
    from tests.support.cloud import create_tables, make_context
    from tests.support.moto_patches import patch_moto

    with mock_aws():
        client = dynamodb()
        patch_moto(client)
        create_tables(client)
        app = App(make_context(client), client)
        credentials = act_story(app)
        path(NEWEST, "").mkdir(exist_ok=True)
        for table in TABLES:
            write_rows(NEWEST, table, rows_of(app.stored(table)))
    path(NEWEST, "credentials.json").write_text(json.dumps(credentials, indent=1) + "\n")


if __name__ == "__main__":
    main()
