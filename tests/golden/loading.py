"""An app on tables that have the golden items of a set."""

from tests.golden.items import TABLES, read_credentials, read_rows
from tests.golden.story import END
from tests.support.app import App


def load(app: App, name: str) -> dict[str, str]:
    """Put the items into the app's tables, which must be empty, and set its clock to the story's end.

    Return the credentials, by who has them.
    """
    for table in TABLES:
        for row in read_rows(name, table):
            app.client.put_item(TableName=app.names[table], Item=row)
    app.clock.moment = END
    app.forget_caches()
    return read_credentials(name)
