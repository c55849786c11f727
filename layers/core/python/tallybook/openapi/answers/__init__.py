"""The JSON of each answer, as models whose schemas are published.

The presenters in `wire/` write these objects; the tests compare every answer with the schemas. A field without a
default is in every answer.
"""
