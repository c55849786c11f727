"""`python -m tallybook.cli`"""

from tallybook.cli.main import main

main()
