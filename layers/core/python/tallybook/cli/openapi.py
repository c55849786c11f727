"""`tallybook openapi`: the reference of the HTTP API."""

import typer

from tallybook.openapi.document import document_text

app = typer.Typer(add_completion=False)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the HTTP API, generated from the code."""
    typer.echo(document_text().encode(), nl=False)
