"""Where the bundle runs: groups.py is the table, stack.py the stack, local/ the same stack on this computer."""
